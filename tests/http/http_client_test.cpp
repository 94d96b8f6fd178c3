// The HTTP client against our own server: plain and TLS, and everything it must refuse.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "net/gate.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "tests/support/test_certificate.hpp"

using namespace runde;
using namespace std::chrono_literals;

namespace {

/// A server and a client in one loop, in a thread of its own.
class Web {
public:
    explicit Web(net::HttpServerOptions options = {}, net::HttpClientOptions client_options = {}) {
        client_options.may_connect = [](const net::Address&) { return true; };  // Everything here is private.
        start(std::move(options), std::move(client_options));
    }
    /// With a filter that is to be tested.
    Web(std::nullptr_t, net::HttpClientOptions client_options) { start({}, std::move(client_options)); }
    ~Web() {
        on_io([this] {
            held.open();
            client.reset();
            server.reset();
        });
        runtime.stop();
        io_.join();
    }

    net::OutgoingRequest to(std::string target) const {
        net::OutgoingRequest request;
        request.host = "127.0.0.1";
        request.port = server->port();
        request.tls = false;
        request.target = std::move(target);
        return request;
    }
    net::OutgoingRequest by_tls(std::string target, std::string name) const {
        auto request = to(std::move(target));
        request.tls = true;
        request.tls_name = std::move(name);
        return request;
    }
    net::ClientResponse fetch(net::OutgoingRequest request) { return runtime.wait(client->fetch(std::move(request))); }
    /// The answer's status, or why there is none.
    std::string outcome(net::OutgoingRequest request) {
        try {
            return std::to_string(fetch(std::move(request)).status);
        } catch (const net::FetchFailed& failed) {
            return std::string(net::to_string(failed.error));
        }
    }
    void on_io(std::function<void()> work) {
        std::promise<void> done;
        runtime.post([&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }
    std::uint64_t accepted() {
        std::uint64_t number = 0;
        on_io([&] { number = server->counts().accepted; });
        return number;
    }

    net::Runtime runtime;
    net::Gate held;
    std::unique_ptr<net::HttpServer> server;
    std::unique_ptr<net::HttpClient> client;

private:
    struct Endless : net::BodySource {
        net::Task<std::string> next() override { co_return std::string(10'000, 'x'); }
    };

    void start(net::HttpServerOptions options, net::HttpClientOptions client_options) {
        server = std::make_unique<net::HttpServer>(runtime, std::move(options),
                                                   [this](const net::Request& request) { return answer(request); });
        client = std::make_unique<net::HttpClient>(runtime, std::move(client_options));
        std::promise<void> started;
        io_ = std::thread([this] { runtime.run(); });
        runtime.post([&] { started.set_value(); });
        started.get_future().wait();
    }
    net::Task<net::Response> answer(const net::Request& request) {
        if (request.path == "/held") co_await held.wait();
        if (request.path == "/endless") {
            net::Response response;
            response.stream = std::make_unique<Endless>();
            co_return response;
        }
        if (request.path == "/sized")
            co_return net::Response::text(std::string(std::stoul(request.query.at(0).second), 'x'), "text/plain");
        if (request.path == "/loop") co_return net::Response::redirect("/loop", 302);
        if (request.path == "/to") co_return net::Response::redirect(request.query.at(0).second, 307);
        if (request.path == "/close") {
            auto response = net::Response::json("{}");
            response.headers.add("Connection", "close");
            co_return response;
        }
        co_return net::Response::json(fmt::format("{} {} {} host={} x={}{}", net::to_string(request.method), request.target,
                                                  request.body, request.headers.find("Host").value_or("-"),
                                                  request.headers.find("X-Test").value_or("-"), request.tls ? " by TLS" : ""));
    }
    std::thread io_;
};

net::HttpServerOptions with_tls(const tests::TestCertificate& certificate) {
    net::HttpServerOptions options;
    options.tls = net::TlsFiles{certificate.certificate(), certificate.key()};
    return options;
}

net::HttpClientOptions trusting(const tests::TestCertificate& certificate) {
    net::HttpClientOptions options;
    options.trusted_ca_file = certificate.authority();
    return options;
}

constexpr auto dns = "the name cannot be resolved";
constexpr auto refused = "the address must not be connected to";
constexpr auto unreachable = "the connection cannot be made";
constexpr auto bad_tls = "TLS failed, or the certificate is not valid for the name";
constexpr auto too_late = "it took too long";
constexpr auto too_large = "the answer is too large";
constexpr auto no_http = "the answer is not proper HTTP";

}  // namespace

TEST_CASE("requests arrive as they were meant, on one connection") {
    Web web;
    auto request = web.to("/a?b=c");
    request.method = net::Method::put;
    request.headers.add("X-Test", "yes");
    request.body = "body";
    CHECK(web.fetch(request).body == fmt::format("PUT /a?b=c body host=127.0.0.1:{} x=yes", web.server->port()));
    request.headers.add("Host", "hearth.test");
    CHECK(web.fetch(request).body == "PUT /a?b=c body host=hearth.test x=yes");
    auto head = web.to("/b");
    head.method = net::Method::head;
    CHECK(web.fetch(head).body.empty());
    CHECK(web.outcome(web.to("/missing")) == "200");
    CHECK(web.accepted() == 1);
    CHECK(web.outcome(web.to("/close")) == "200");
    CHECK(web.outcome(web.to("/a")) == "200");
    CHECK(web.accepted() == 2);
}

TEST_CASE("a kept connection that died meanwhile is replaced") {
    net::HttpServerOptions options;
    options.idle_time = 50ms;
    Web web(options);
    CHECK(web.outcome(web.to("/a")) == "200");
    std::size_t open = 1;
    while (open > 0) {
        web.on_io([&] { open = web.server->counts().connections; });
        std::this_thread::sleep_for(10ms);
    }
    CHECK(web.outcome(web.to("/b")) == "200");
    CHECK(web.accepted() == 2);
}

TEST_CASE("TLS: the certificate must be valid for the name that was meant, wherever we connect") {
    const tests::TestCertificate certificate({"hearth.test", "127.0.0.1"});
    Web web(with_tls(certificate), trusting(certificate));
    CHECK(web.fetch(web.by_tls("/a", "hearth.test")).body ==
          fmt::format("GET /a  host=hearth.test:{} x=- by TLS", web.server->port()));
    CHECK(web.outcome(web.by_tls("/a", "127.0.0.1")) == "200");
    CHECK(web.outcome(web.by_tls("/a", "haven.test")) == bad_tls);
    CHECK(web.outcome(web.by_tls("/a", "sub.hearth.test")) == bad_tls);
    CHECK(web.outcome(web.by_tls("/a", "127.0.0.2")) == bad_tls);
    // One connection for each name, and used again.
    const auto before = web.accepted();
    CHECK(web.outcome(web.by_tls("/b", "hearth.test")) == "200");
    CHECK(web.accepted() == before);
}

TEST_CASE("TLS: nobody's certificate, an old one, and no TLS at all") {
    const tests::TestCertificate certificate({"hearth.test"}), other({"hearth.test"});
    SUBCASE("of an authority that nobody trusts") {
        Web web(with_tls(certificate), trusting(other));
        CHECK(web.outcome(web.by_tls("/", "hearth.test")) == bad_tls);
    }
    SUBCASE("expired") {
        const tests::TestCertificate old({"hearth.test"}, true);
        Web web(with_tls(old), trusting(old));
        CHECK(web.outcome(web.by_tls("/", "hearth.test")) == bad_tls);
    }
    SUBCASE("the server speaks plain HTTP") {
        Web web(net::HttpServerOptions{}, trusting(certificate));
        CHECK(web.outcome(web.by_tls("/", "hearth.test")) == bad_tls);
    }
    SUBCASE("the client speaks plain HTTP") {
        Web web(with_tls(certificate), trusting(certificate));
        CHECK(web.outcome(web.to("/")) == no_http);
    }
    SUBCASE("a key that does not fit is told to the operator") {
        net::Runtime runtime;
        net::HttpServerOptions options;
        options.tls = net::TlsFiles{certificate.certificate(), other.key()};
        CHECK_THROWS_AS(net::HttpServer(runtime, options, nullptr), std::runtime_error);
    }
}

TEST_CASE("TLS carries large bodies both ways, and a parked wait costs no data") {
    const tests::TestCertificate certificate({"hearth.test"});
    auto options = with_tls(certificate);
    options.limits.body_bytes = 3'000'000;
    Web web(std::move(options), trusting(certificate));
    CHECK(web.fetch(web.by_tls("/sized?n=5000000", "hearth.test")).body == std::string(5'000'000, 'x'));
    auto upload = web.by_tls("/up", "hearth.test");
    upload.method = net::Method::post;
    upload.body = std::string(3'000'000, 'y');
    CHECK(web.fetch(upload).body.size() > 3'000'000);
    CHECK(web.accepted() == 1);
}

TEST_CASE("the filter sees every address, however it was found") {
    Web web(nullptr, {});  // The default: public addresses only.
    CHECK(web.outcome(web.to("/")) == refused);
    auto by_name = web.to("/");
    by_name.host = "localhost";
    CHECK(web.outcome(by_name) == refused);
    auto given = web.to("/");
    given.addresses = {"::ffff:127.0.0.1", "10.0.0.1", "fe80::1", "no address"};
    CHECK(web.outcome(given) == refused);
    CHECK(web.accepted() == 0);
}

TEST_CASE("what can be resolved and reached") {
    Web web;
    auto by_name = web.to("/");
    by_name.host = "localhost";
    by_name.addresses = {"127.0.0.1"};
    CHECK(web.outcome(by_name) == "200");
    auto nobody = web.to("/");
    nobody.port = 1;
    CHECK(web.outcome(nobody) == unreachable);
    auto second = web.to("/");
    second.addresses = {"127.255.255.254", "127.0.0.1"};  // Nobody listens at the first one.
    CHECK(web.outcome(second) == "200");
    auto unknown = web.to("/");
    unknown.host = "no-such-name.invalid";
    unknown.limits.dns = 2s;
    const auto outcome = web.outcome(unknown);
    CHECK((outcome == dns || outcome == too_late));  // A machine without any DNS cannot tell.
}

TEST_CASE("limits of size and time") {
    Web web;
    auto fits = web.to("/sized?n=1000");
    fits.limits.body_bytes = 1000;
    CHECK(web.outcome(fits) == "200");
    auto large = web.to("/sized?n=1001");
    large.limits.body_bytes = 1000;
    CHECK(web.outcome(large) == too_large);
    auto endless = web.to("/endless");
    endless.limits.body_bytes = 1'000'000;
    CHECK(web.outcome(endless) == too_large);
    auto slow = web.to("/held");
    slow.limits.head = 50ms;
    CHECK(web.outcome(slow) == too_late);
    slow.limits.head = 10s;
    slow.limits.whole = 50ms;
    CHECK(web.outcome(slow) == too_late);
    auto split = web.to("/a\r\nX-Evil: 1");
    CHECK(web.outcome(split) == no_http);
}

TEST_CASE("redirects only when asked for, so many, and each one filtered") {
    Web web;
    CHECK(web.outcome(web.to("/loop")) == "302");
    auto loop = web.to("/loop");
    loop.limits.redirects = 5;
    CHECK(web.outcome(loop) == no_http);
    auto there = web.to(fmt::format("/to?u=http://127.0.0.1:{}/there", web.server->port()));
    there.limits.redirects = 1;
    CHECK(web.fetch(there).body.starts_with("GET /there"));
    auto strange = web.to("/to?u=ftp://127.0.0.1/");
    strange.limits.redirects = 1;
    CHECK(web.outcome(strange) == no_http);

    net::HttpClientOptions only_one;
    only_one.may_connect = [](const net::Address& address) { return address.bytes()[15] == 1; };
    Web filtered(nullptr, only_one);
    auto away = filtered.to(fmt::format("/to?u=http://127.0.0.2:{}/", filtered.server->port()));
    away.limits.redirects = 1;
    CHECK(filtered.outcome(away) == refused);
}

TEST_CASE("which addresses are public") {
    const auto is_public = [](std::string_view text) { return net::is_public(*net::Address::parse(text)); };
    for (const auto* text : {"8.8.8.8", "93.184.216.34", "100.128.0.1", "172.32.0.1", "2a00:1450::1", "::ffff:8.8.8.8"})
        CHECK_MESSAGE(is_public(text), text);
    for (const auto* text : {"127.0.0.1",       "10.1.2.3",        "172.16.0.1",    "172.31.255.255",
                             "192.168.1.1",     "169.254.169.254", "100.64.0.1",    "0.0.0.0",
                             "224.0.0.1",       "255.255.255.255", "::1",           "::",
                             "fe80::1",         "fc00::1",         "fd12::1",       "ff02::1",
                             "::ffff:10.0.0.1", "64:ff9b::a00:1",  "2002:a00:1::1", "2001:db8::1"})
        CHECK_MESSAGE(!is_public(text), text);
}

TEST_CASE("SRV targets are tried by priority, then by weight") {
    std::vector<net::SrvTarget> targets = {{"c", 1, 20, 0}, {"heavy", 1, 10, 90}, {"light", 1, 10, 10}, {"zero", 1, 10, 0}};
    const auto order = [&](std::uint32_t number) {
        auto copy = targets;
        net::put_in_order(copy, [number](std::uint32_t bound) { return number % bound; });
        std::string names;
        for (const auto& target : copy) names += target.host + " ";
        return names;
    };
    CHECK(order(0) == "zero light heavy c ");
    CHECK(order(5).starts_with("light"));
    CHECK(order(50).starts_with("heavy"));
}

TEST_CASE("web addresses") {
    const auto parse = [](std::string_view text) -> std::string {
        const auto address = net::WebAddress::parse(text);
        if (!address) return "none";
        return fmt::format("{} {} {} {}", address->tls, address->host, address->port, address->target);
    };
    CHECK(parse("https://hearth.test") == "true hearth.test 443 /");
    CHECK(parse("http://hearth.test:8008/a?b#c") == "false hearth.test 8008 /a?b");
    CHECK(parse("https://[::1]:8448/x") == "true [::1] 8448 /x");
    CHECK(parse("https://hearth.test?q") == "true hearth.test 443 /?q");
    CHECK(parse("https://anna:pw@hearth.test/") == "none");
    CHECK(parse("https://") == "none");
    CHECK(parse("https://a:99999/") == "none");
    CHECK(parse("file:///etc/passwd") == "none");
}
