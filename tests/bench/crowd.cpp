// crowd --certificate FILE --key FILE --authority FILE --target NAME=HOST:PORT --servers N
//
// Some hundred servers in one process, for tests/bench/federation: s0.crowd.test, s1.crowd.test … Each has a key of its own,
// lets its people join rooms of the server under test, takes what is sent to it, and notes how old that was. They have no
// database and no rooms. Their even ones listen at one port, the odd ones at another, both printed at the start; the commands
// come on standard input, one per line, and each is answered by one line of JSON:
//
//   join ROOM FIRST COUNT PEOPLE   servers FIRST .. FIRST+COUNT-1 join the room with so many people each
//   die FIRST COUNT                these die: the odd ones' port is closed for all, the even ones take requests and say nothing
//   heard                          what arrived since this was asked last, over the servers that live
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <map>
#include <thread>

#include "federation/client.hpp"
#include "federation/http_link.hpp"
#include "federation/server_keys.hpp"
#include "net/http_server.hpp"

namespace runde::bench {

namespace {

using federation::path;
using schema::JsonObject;
using Steady = std::chrono::steady_clock;

constexpr int side_by_side = 8;

std::int64_t steady_us() { return std::chrono::duration_cast<std::chrono::microseconds>(Steady::now().time_since_epoch()).count(); }

/// One server of the crowd.
struct Member {
    Member(int number, const federation::Partners& partners, federation::Link& link)
        : key("c" + std::to_string(number), schema::sha256("crowd " + std::to_string(number))),
          identity{schema::ServerName::parse(fmt::format("s{}.crowd.test", number)).value(), key},
          client(identity, partners, link) {}
    schema::SigningKey key;
    rooms::Identity identity;
    federation::Client client;
    bool dead = false;
};

struct Options {
    std::string certificate, key, authority, target, place;
    int servers = 1;
};

class Crowd {
public:
    Crowd(net::Runtime& runtime, const Options& options)
        : runtime_(runtime), partners_({}), target_(schema::ServerName::parse(options.target).value()) {
        way_.trusted_ca_file = options.authority;
        way_.allow_private_addresses = {"127.0.0.0/8"};
        way_.resolve = {{options.target, options.place}};
        link_ = std::make_unique<federation::HttpLink>(runtime, way_);
        for (int i = 0; i < options.servers; ++i) members_.push_back(std::make_unique<Member>(i, partners_, *link_));
        net::HttpServerOptions listen;
        listen.tls = net::TlsFiles{options.certificate, options.key};
        const auto handler = [this](const net::Request& request) { return answer(request); };
        even_ = std::make_unique<net::HttpServer>(runtime, listen, handler);
        odd_ = std::make_unique<net::HttpServer>(runtime, listen, handler);
        fmt::print(R"({{"even":{},"odd":{}}})"
                   "\n",
                   even_->port(), odd_->port());
        std::fflush(stdout);
    }

    net::Task<std::string> obey(std::string line) {
        std::vector<std::string> words;
        for (std::size_t at = 0; at <= line.size();) {
            const auto end = std::min(line.find(' ', at), line.size());
            words.push_back(line.substr(at, end - at));
            at = end + 1;
        }
        const auto number = [&](std::size_t i) { return std::stoi(words.at(i)); };
        if (words[0] == "join") {
            const auto joined = co_await join(words.at(1), number(2), number(3), number(4));
            co_return joined;
        }
        if (words[0] == "die") co_return die(number(1), number(2));
        if (words[0] == "heard") co_return heard();
        throw std::runtime_error("unknown command");
    }

private:
    Member* member(std::string_view host) {
        int number = -1;
        if (host.starts_with("s")) std::from_chars(host.data() + 1, host.data() + host.size(), number);
        return number >= 0 && number < static_cast<int>(members_.size()) ? members_[static_cast<std::size_t>(number)].get()
                                                                         : nullptr;
    }

    net::Task<net::Response> answer(const net::Request& request) {
        auto* self = member(request.headers.find("Host").value_or(""));
        if (!self) co_return net::Response::json(R"({"errcode":"M_NOT_FOUND"})", 404);
        if (self->dead) co_await runtime_.clock().sleep(std::chrono::hours(1));
        if (request.path == "/_matrix/key/v2/server")
            co_return net::Response::json(
                federation::write_server_keys(self->identity.server.str(), self->key, {}, runtime_.clock().now_ms() + 86'400'000));
        if (request.path.starts_with("/_matrix/federation/v1/send/")) {
            take(request.body);
            co_return net::Response::json(R"({"pdus":{}})");
        }
        co_return net::Response::json(R"({"errcode":"M_UNRECOGNIZED"})", 404);
    }

    /// Texts "at <µs>" say when they were sent; both clocks are this machine's.
    void take(std::string_view body) {
        const auto now = steady_us();
        ++transactions_;
        constexpr std::string_view mark = R"("body":"at )";
        for (auto at = body.find(mark); at != body.npos; at = body.find(mark, at + 1)) {
            std::int64_t sent = 0;
            std::from_chars(body.data() + at + mark.size(), body.data() + body.size(), sent);
            ages_us_.push_back(now - sent);
        }
    }

    std::string heard() {
        std::ranges::sort(ages_us_);
        const auto share = [&](double part) {
            if (ages_us_.empty()) return 0.0;
            return static_cast<double>(ages_us_[static_cast<std::size_t>(part * static_cast<double>(ages_us_.size() - 1))]) / 1000;
        };
        auto line = fmt::format(R"({{"events":{},"transactions":{},"p50 ms":{},"p99 ms":{},"max ms":{}}})", ages_us_.size(),
                                transactions_, share(0.5), share(0.99), share(1));
        ages_us_.clear();
        transactions_ = 0;
        return line;
    }

    std::string die(int first, int count) {
        for (int i = first; i < first + count; ++i) members_.at(static_cast<std::size_t>(i))->dead = true;
        odd_.reset();
        return R"({"dead":)" + std::to_string(count) + "}";
    }

    net::Task<std::string> join(std::string room, int first, int count, int people) {
        const auto started = steady_us();
        const int all = count * people;
        struct Work {
            int next = 0, running = 0, joined = 0;
            std::string trouble;
            net::Gate done;
        };
        const auto work = std::make_shared<Work>();
        const auto worker = [](Crowd& crowd, std::shared_ptr<Work> share, std::string where, int from, int servers,
                               int many) -> net::Task<> {
            while (share->next < many) {
                const int i = share->next++;
                try {
                    co_await crowd.join_one(*crowd.members_.at(static_cast<std::size_t>(from + i % servers)), where, i / servers);
                    ++share->joined;
                } catch (const std::exception& failure) {
                    share->trouble = failure.what();
                }
            }
            if (--share->running == 0) share->done.open();
        };
        work->running = side_by_side;
        for (int i = 0; i < side_by_side; ++i) runtime_.spawn("join", worker(*this, work, room, first, count, all));
        co_await work->done.wait();
        co_return fmt::format(R"({{"joined":{},"seconds":{},"trouble":"{}"}})", work->joined,
                              static_cast<double>(steady_us() - started) / 1e6, work->trouble);
    }

    net::Task<> join_one(Member& self, std::string room, int person) {
        const auto user = fmt::format("@p{}:{}", person, self.identity.server.str());
        std::vector<std::pair<std::string, std::string>> versions;
        for (const auto& rules : schema::all_room_rules()) versions.emplace_back("ver", rules.version);
        const auto offer = co_await self.client.get(target_, federation::with_query(path({"make_join", room, user}), versions));
        const auto* rules = schema::find_room_rules(schema::string_at(offer, "room_version").value());
        JsonObject event(*schema::object_at(offer, "event"), boost::json::storage_ptr());
        event["origin_server_ts"] = runtime_.clock().now_ms();
        const auto sealed = schema::seal_event(std::move(event), *rules, self.identity.server.str(), self.key);
        const auto target = federation::with_query(path({"send_join", room, sealed->id.str()}, "v2"), {{"omit_members", "true"}});
        co_await self.client.text(target_, net::Method::put, target, sealed->json, {.whole = std::chrono::minutes(2)});
    }

    net::Runtime& runtime_;
    federation::Partners partners_;
    federation::Options way_;
    schema::ServerName target_;
    std::unique_ptr<federation::Link> link_;
    std::vector<std::unique_ptr<Member>> members_;
    std::unique_ptr<net::HttpServer> even_, odd_;
    std::vector<std::int64_t> ages_us_;
    std::size_t transactions_ = 0;
};

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--certificate")
            options.certificate = value;
        else if (name == "--key")
            options.key = value;
        else if (name == "--authority")
            options.authority = value;
        else if (name == "--target") {
            options.target = value.substr(0, value.find('='));
            options.place = value.substr(value.find('=') + 1);
        } else if (name == "--servers")
            options.servers = std::stoi(value);
        else
            throw std::runtime_error(fmt::format("unknown option {}", name));
    }
    return options;
}

net::Task<> serve(Crowd& crowd, std::string line) {
    std::string answer;
    try {
        answer = co_await crowd.obey(std::move(line));
    } catch (const std::exception& failure) {
        answer = fmt::format(R"({{"error":"{}"}})", failure.what());
    }
    std::cout << answer << std::endl;
}

}  // namespace

}  // namespace runde::bench

int main(int argc, char** argv) {
    using namespace runde;
    try {
        net::raise_file_limit();
        net::Runtime runtime;
        bench::Crowd crowd(runtime, bench::read_options(argc, argv));
        std::thread commands([&] {
            for (std::string line; std::getline(std::cin, line);) runtime.spawn("command", bench::serve(crowd, line));
            runtime.stop();
        });
        runtime.run();
        commands.join();
        std::_Exit(0);  // What still waits is of no interest to anybody.
    } catch (const std::exception& failure) {
        fmt::print(stderr, "crowd: {}\n", failure.what());
        return 1;
    }
}
