#include "federation/discovery.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "net/addresses.hpp"
#include "schema/json.hpp"
#include "schema/refusal.hpp"

namespace runde::federation {

using schema::ServerName;

namespace {

constexpr std::uint16_t default_port = 8448;
constexpr std::int64_t minute = 60'000, hour = 60 * minute;

/// Addresses are connected to and certified without the brackets that names write them with.
std::string bare(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return std::string(host);
}

bool is_address(std::string_view host) { return net::Address::parse(bare(host)).has_value(); }

Place place_of(const ServerName& server, std::uint16_t port) {
    return {bare(server.host()), port, server.str(), bare(server.host())};
}

std::optional<std::int64_t> max_age(const net::Headers& headers) {
    const auto header = headers.find("Cache-Control");
    if (!header) return std::nullopt;
    std::string text(*header);
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (text.find("no-store") != text.npos || text.find("no-cache") != text.npos) return 0;
    const auto at = text.find("max-age=");
    if (at == text.npos) return std::nullopt;
    std::int64_t seconds = 0;
    const auto* digits = text.data() + at + 8;
    const auto [end, error] = std::from_chars(digits, text.data() + text.size(), seconds);
    if (error == std::errc::result_out_of_range) return 48 * hour;
    if (error != std::errc() || seconds < 0) return std::nullopt;
    return std::min<std::int64_t>(seconds, 1'000'000) * 1000;
}

std::optional<ServerName> delegated_in(const net::ClientResponse& answer) {
    if (answer.status != 200) return std::nullopt;
    try {
        const auto body = schema::parse_json(answer.body);
        if (!body.is_object()) return std::nullopt;
        const auto name = schema::string_at(body.get_object(), "m.server");
        return name ? ServerName::parse(*name) : std::nullopt;
    } catch (const schema::Refusal&) {
        return std::nullopt;
    }
}

}  // namespace

DiscoverySteps::DiscoverySteps(const ServerName& server) : host_(bare(server.host())) {
    if (is_address(server.host()))
        step_ = Found{{place_of(server, server.port().value_or(default_port))}};                 // 1
    else if (server.port())
        step_ = Found{{place_of(server, *server.port())}};                                       // 2
    else
        step_ = AskWellKnown{host_};                                                             // 3
}

void DiscoverySteps::well_known(const std::optional<ServerName>& delegated) {
    if (!delegated)
        ask_srv_of(host_);                                                                       // 4
    else if (is_address(delegated->host()))
        step_ = Found{{place_of(*delegated, delegated->port().value_or(default_port))}};         // 3.1
    else if (delegated->port())
        step_ = Found{{place_of(*delegated, *delegated->port())}};                               // 3.2
    else
        ask_srv_of(std::string(delegated->host()));                                              // 3.3
}

void DiscoverySteps::ask_srv_of(std::string host) {
    host_ = std::move(host);
    step_ = AskSrv{"_matrix-fed._tcp." + host_};
}

void DiscoverySteps::srv(const std::vector<net::SrvTarget>& targets) {
    std::vector<Place> places;
    for (const auto& target : targets)
        if (!target.host.empty() && target.host != ".")  // RFC 2782: "." says that there is no such service.
            places.push_back({target.host, target.port, host_, host_});
    if (!places.empty())
        step_ = Found{std::move(places)};
    else if (!std::exchange(deprecated_srv_, true))
        step_ = AskSrv{"_matrix._tcp." + host_};                                                 // 3.4, 5
    else
        step_ = Found{{Place{host_, default_port, host_, host_}}};                               // 3.5, 6
}

WellKnown read_well_known(const std::optional<net::ClientResponse>& answer, int failures) {
    auto delegated = answer ? delegated_in(*answer) : std::nullopt;
    if (!delegated) return {std::nullopt, std::min<std::int64_t>(minute << std::min(failures, 10), hour)};
    const auto keep = max_age(answer->headers).value_or(24 * hour);
    return {std::move(delegated), std::clamp<std::int64_t>(keep, 5 * minute, 48 * hour)};
}

Discovery::Discovery(net::Runtime& runtime, World& world, const std::map<std::string, std::string>& resolve)
    : runtime_(runtime), world_(world) {
    for (const auto& [name, target] : resolve) {
        const auto server = ServerName::parse(name), to = ServerName::parse(target);
        if (!server || !to)
            throw std::runtime_error("federation.resolve: \"" + name + "\" = \"" + target + "\" is not name = host:port");
        fixed_.emplace(name, Place{bare(to->host()), to->port().value_or(default_port), server->str(), bare(server->host())});
    }
}

net::Task<std::vector<Place>> Discovery::find(ServerName server, net::Milliseconds patience) {
    if (const auto fixed = fixed_.find(server.str()); fixed != fixed_.end()) co_return std::vector{fixed->second};
    if (entries_.size() > most_entries) std::erase_if(entries_, [](const auto& entry) { return !entry.second.searching; });
    auto& entry = entries_[server.str()];
    if (entry.until > now()) co_return entry.places;
    const auto woken = std::make_shared<net::Gate>();
    entry.waiting.push_back(woken);
    if (!std::exchange(entry.searching, true)) runtime_.spawn("server discovery", search(server));
    const auto enough = runtime_.after(patience, [woken] { woken->open(); });
    co_await woken->wait();
    const auto found = entries_.find(server.str());
    if (found == entries_.end() || found->second.searching) co_return std::vector<Place>();
    co_return found->second.places;
}

net::Task<> Discovery::search(ServerName server) {
    DiscoverySteps steps(server);
    auto keep = 24 * hour;
    bool failed = false;
    while (!std::holds_alternative<DiscoverySteps::Found>(steps.step())) {
        if (const auto* ask = std::get_if<DiscoverySteps::AskWellKnown>(&steps.step())) {
            const auto answer = co_await world_.well_known(ask->host);
            const auto read = read_well_known(answer, entries_[server.str()].failures);
            keep = read.keep_ms;
            failed = !read.delegated;
            steps.well_known(read.delegated);
        } else {
            const auto name = std::get<DiscoverySteps::AskSrv>(steps.step()).name;
            const auto targets = co_await world_.srv(name);
            keep = std::min(keep, hour);
            steps.srv(targets);
        }
    }
    auto& entry = entries_[server.str()];
    entry.places = std::get<DiscoverySteps::Found>(steps.step()).places;
    entry.found = now();
    entry.until = entry.found + keep;
    entry.failures = failed ? entry.failures + 1 : 0;
    entry.searching = false;
    for (const auto& gate : std::exchange(entry.waiting, {})) gate->open();
}

void Discovery::doubt(const ServerName& server) {
    const auto entry = entries_.find(server.str());
    if (entry != entries_.end() && now() - entry->second.found > 5 * minute) entry->second.until = 0;
}

}  // namespace runde::federation
