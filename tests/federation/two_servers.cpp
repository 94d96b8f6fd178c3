#include "tests/federation/two_servers.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "federation/federation.hpp"
#include "federation/x_matrix.hpp"
#include "tests/support/matrix_spec.hpp"

namespace runde::tests {

using namespace std::chrono_literals;

namespace {

net::Request request_of(federation::LinkRequest&& from) {
    net::Request request{.method = from.method, .target = std::move(from.target), .body = std::move(from.body)};
    const auto question = request.target.find('?');
    request.path = request.target.substr(0, question);
    std::string_view rest = question == std::string::npos ? "" : std::string_view(request.target).substr(question + 1);
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        const auto value = equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
        request.query.emplace_back(net::percent_decode(pair.substr(0, equals), true).value(),
                                   net::percent_decode(value, true).value());
    }
    if (!from.authorization.empty()) request.headers.add("Authorization", from.authorization);
    return request;
}

void check_answer(const federation::LinkRequest& asked, const federation::LinkAnswer& answer) {
    constexpr std::size_t most_checked_bytes = 256 * 1024;
    const auto* spec = MatrixSpec::server_server();
    if (!spec || answer.body.size() > most_checked_bytes) return;
    const auto method = net::to_string(asked.method);
    // First versions of endpoints, which the specification describes no more.
    if (answer.status == 200 && !spec->find(method, asked.target)) return;
    const auto wrong = spec->complaint(method, asked.target, answer.status, answer.body);
    // What a play asks wrongly on purpose comes back as wrong (an invitation, signed).
    if (wrong && !(answer.status == 200 && spec->request_complaint(method, asked.target, asked.body)))
        ADD_FAIL_CHECK_AT(__FILE__, __LINE__, *wrong << "\n" << asked.target << "\n" << answer.body);
}

}  // namespace

net::Task<federation::LinkAnswer> TestLink::send(schema::ServerName destination, federation::LinkRequest request) {
    if (const auto* spec = MatrixSpec::server_server()) {
        const auto method = net::to_string(request.method);
        spec->note_sent(method, request.target);
        if (const auto wrong = spec->request_complaint(method, request.target, request.body))
            ADD_FAIL_CHECK_AT(__FILE__, __LINE__, *wrong << "\n" << request.target << "\n" << request.body);
    }
    // The signature is over these bytes, and whoever checks it puts them in order first.
    if (!request.body.empty() && schema::canonical_json(schema::parse_json(request.body), schema::Numbers::any) != request.body)
        ADD_FAIL_CHECK_AT(__FILE__, __LINE__, "not canonical: " << request.target << "\n" << request.body);
    co_return co_await carry(std::move(destination), std::move(request));
}

net::Task<federation::LinkAnswer> TestLink::carry(schema::ServerName destination, federation::LinkRequest request) {
    log.push_back(fmt::format("{} {} {}", net::to_string(request.method), destination.str(),
                              request.target.substr(0, request.target.find('?'))));
    if (cut) throw federation::LinkFailed("connect");
    if (tamper)
        if (auto answer = tamper(destination.str(), request)) co_return *std::move(answer);
    const auto found = servers_.find(destination.str());
    if (found == servers_.end() || !found->second) throw federation::LinkFailed("dns");
    ++in_flight;
    const auto asked = request;
    auto carried = request_of(std::move(request));
    carried.client_address = from;
    auto response = co_await found->second->answer(carried);
    federation::LinkAnswer answer{response.status, {}};
    for (const auto& piece : response.body) answer.body += *piece;
    while (response.stream) {
        const auto piece = co_await response.stream->next();
        if (piece.empty()) break;
        answer.body += piece;
    }
    std::shared_ptr<net::Gate> gate;
    for (const auto& [part, closed] : held)
        if (asked.target.find(part) != std::string::npos) gate = closed;
    if (gate) co_await gate->wait();
    --in_flight;
    check_answer(asked, answer);
    if (answered) answered(asked, answer);
    if (cut) throw federation::LinkFailed("protocol");  // It was heard, but the answer is lost.
    co_return answer;
}

std::string Neighbour::create_room(std::string_view body) {
    const auto made = post("/createRoom", body);
    REQUIRE(made == "200");
    return made.at("/room_id");
}

Answer Neighbour::join(const std::string& room, std::string_view via) {
    auto path = fmt::format("/join/{}", segment(room));
    if (!via.empty()) path += fmt::format("?via={}&server_name={}", via, via);
    return post(path);
}

Answer Neighbour::leave(const std::string& room) { return post(fmt::format("/rooms/{}/leave", segment(room))); }

Answer Neighbour::invite(const std::string& room, const Person& guest) {
    return post(fmt::format("/rooms/{}/invite", segment(room)), fmt::format(R"({{"user_id":"{}"}})", guest.id));
}

Answer Neighbour::send(const std::string& room, std::string_view type, std::string_view content) {
    return put(fmt::format("/rooms/{}/send/{}/n{}", segment(room), type, ++sent_), content);
}

std::string Neighbour::say(const std::string& room, std::string_view text) {
    const auto sent = send(room, "m.room.message", fmt::format(R"({{"msgtype":"m.text","body":{}}})", schema::quoted(text)));
    REQUIRE(sent == "200");
    return sent.at("/event_id");
}

Answer Neighbour::set_state(const std::string& room, std::string_view type, std::string_view content, std::string_view key) {
    return put(fmt::format("/rooms/{}/state/{}/{}", segment(room), type, segment(key)), content);
}

std::string Neighbour::sees(const std::string& room) {
    // Page by page, as apps do: a page ends at a gap that is still open.
    std::vector<Answer> pages;
    std::string from;
    do {
        pages.push_back(get(fmt::format("/rooms/{}/messages?dir=f&limit=500{}", segment(room), from)));
        if (pages.back().status != 200) return pages.back().summary();
        from = pages.back().has("/end") ? "&from=" + pages.back().at("/end") : "";
    } while (!from.empty() && pages.size() < 20);
    const auto name_of = [](std::string_view id) { return std::string(id.substr(1, id.find(':') - 1)); };
    std::map<std::string, std::string> was;
    std::string story;
    for (const auto& page : pages)
        for (const auto& entry : page["/chunk"].as_array()) {
            const auto& event = entry.as_object();
            const auto type = schema::string_at(event, "type").value();
            const auto* content = schema::object_at(event, "content");
            std::string line;
            if (type == "m.room.message" && content) {
                const auto body = schema::string_at(*content, "body");
                line = name_of(schema::string_at(event, "sender").value()) + ": " + std::string(body.value_or("(removed)"));
            } else if (type == "m.room.member" && content) {
                const std::string who(schema::string_at(event, "state_key").value());
                const std::string now(schema::string_at(*content, "membership").value());
                if (std::exchange(was[who], now) == now) continue;
                static const std::map<std::string, std::string> signs{
                    {"join", "+"}, {"leave", "-"}, {"invite", "?"}, {"ban", "!"}, {"knock", "&"}};
                line = signs.at(now) + name_of(who);
            } else {
                continue;
            }
            if (!story.empty()) story += ", ";
            story += line;
        }
    return story;
}

TwoServers::TwoServers(TestServer::Adjust adjust, Size size) : adjust_(std::move(adjust)) {
    const auto add = [&](std::string name, char seed) {
        servers_.emplace(name, std::make_unique<TestServer>(loop_, for_server(name, seed)));
    };
    add("hearth.test", 'h');
    add("haven.test", 'n');
    if (size == Size::three) add("harbour.test", 'b');
    connect();
    loop_->run();
}

TwoServers::~TwoServers() {
    loop_->stop();
    servers_.clear();
}

TestServer::Adjust TwoServers::for_server(std::string name, char seed) {
    return [this, name = std::move(name), seed](server::WiringOptions& options) {
        options.accounts.server_name = schema::ServerName::parse(name).value();
        options.signing_key = schema::SigningKey("of_" + std::string(1, seed), std::string(32, seed));
        options.federation.enabled = true;
        options.link = link_;
        if (adjust_) adjust_(options);
    };
}

void TwoServers::connect() {
    for (const auto& [name, one] : servers_) link_->connect(name, &one->wiring());
}

void TwoServers::restart() {
    loop_->stop();
    for (const auto& [name, one] : servers_) one->demolish();
    loop_->renew();
    link_->in_flight = 0;
    for (const auto& [name, one] : servers_) one->build();
    connect();
    loop_->run();
}

Neighbour TwoServers::person(std::string_view server_name, std::string name) {
    return Neighbour(server(server_name).person(std::move(name)));
}

void TwoServers::set_cut(bool cut) {
    loop_->on_io([&] { link_->cut = cut; });
}

bool TwoServers::is_settled() {
    bool settled = false;
    loop_->on_io([&] {
        settled = link_->in_flight == 0 &&
                  std::ranges::all_of(servers_, [](const auto& entry) { return entry.second->wiring().federation->is_idle(); });
    });
    return settled;
}

void TwoServers::settle() {
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    int quiet = 0;
    for (;;) {
        while (quiet < 3) {
            if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("the two servers do not come to rest");
            quiet = is_settled() ? quiet + 1 : 0;
            std::this_thread::sleep_for(1ms);
        }
        std::optional<std::int64_t> next;
        bool cut = false;
        loop_->on_io([&] {
            cut = link_->cut;
            for (const auto& [name, one] : servers_)
                if (const auto at = one->wiring().federation->next_try(); at && (!next || *at < *next)) next = at;
        });
        if (cut || !next) return;
        advance(std::chrono::milliseconds(std::max<std::int64_t>(0, *next - server("hearth.test").now_ms()) + 15'000));
        quiet = -20;  // What the clock woke must first get to its feet.
    }
}

federation::LinkAnswer TwoServers::ask(std::string_view from, std::string_view to, net::Method method, std::string target,
                                       std::string body) {
    const auto& identity = server(from).wiring().identity;
    federation::LinkRequest request{.method = method, .target = std::move(target), .body = std::move(body)};
    request.authorization =
        federation::authorization(net::to_string(method), request.target, identity.server.str(), to, request.body, identity.key);
    std::promise<federation::LinkAnswer> done;
    const auto carry = [&]() -> net::Task<> {
        try {
            auto answer = co_await link_->carry(schema::ServerName::parse(to).value(), std::move(request));
            done.set_value(std::move(answer));
        } catch (...) {
            done.set_exception(std::current_exception());
        }
    };
    loop_->runtime->spawn("test", carry());
    return done.get_future().get();
}

}  // namespace runde::tests
