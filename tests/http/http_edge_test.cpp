// The HTTP edge over real sockets: what a client may send, how much of it, how slowly, and what it hears.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "net/gate.hpp"
#include "net/http_server.hpp"
#include "tests/support/raw_http.hpp"

using namespace runde;
using namespace std::chrono_literals;
using namespace std::string_literals;
using tests::RawHttp;

namespace {

/// A long-poll that waits until the test answers it.
struct Poll : net::Parked {
    struct Book {
        std::atomic<int> waiting{0}, hung_up{0}, destroyed{0};
        std::function<void(net::Response)> answer;
    };
    explicit Poll(Book& in) : book(in) {}
    ~Poll() override { ++book.destroyed; }
    void start(std::function<void(net::Response)> answer) override {
        book.answer = std::move(answer);
        ++book.waiting;
    }
    void hang_up() override { ++book.hung_up; }
    void close() override { std::exchange(book.answer, nullptr)(net::Response::json(R"({"closed":true})")); }
    Book& book;
};

struct ThreePieces : net::BodySource {
    int pieces = 0;
    net::Task<std::string> next() override {
        co_return ++pieces > 3 ? std::string() : std::string(100'000, static_cast<char>('a' + pieces - 1));
    }
};

/// A server that answers with what it understood, in a thread of its own.
class Edge {
public:
    explicit Edge(net::HttpServerOptions options = {}) {
        options.common_headers = "Access-Control-Allow-Origin: *\r\n";
        server_ = std::make_unique<net::HttpServer>(runtime, std::move(options),
                                                    [this](const net::Request& request) { return answer(request); });
        io_ = std::thread([this] { runtime.run(); });
    }
    ~Edge() {
        release();
        on_io([this] { server_.reset(); });
        runtime.stop();
        io_.join();
    }

    RawHttp connect() const { return RawHttp(server_->port()); }
    void stop(net::Milliseconds limit) { runtime.wait(server_->stop(limit)); }
    void on_io(std::function<void()> work) {
        std::promise<void> done;
        runtime.post([&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }
    net::HttpServer::Counts counts() {
        net::HttpServer::Counts counts;
        on_io([&] { counts = server_->counts(); });
        return counts;
    }
    void answer_poll(std::string text) {
        on_io([&] { std::exchange(book.answer, nullptr)(net::Response::json(std::move(text))); });
    }
    /// Lets /held go on.
    void release() {
        on_io([this] { held.open(); });
    }
    template <class Condition>
    static bool soon(Condition condition) {
        for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
        return condition();
    }

    net::Runtime runtime;
    Poll::Book book;
    net::Gate held;
    std::atomic<int> handled{0};

private:
    net::Task<net::Response> answer(const net::Request& request) {
        ++handled;
        if (request.path == "/poll") co_return net::Response::park(std::make_unique<Poll>(book));
        if (request.path == "/throw") throw std::runtime_error("a secret");
        if (request.path == "/held") co_await held.wait();
        if (request.path == "/stream") {
            net::Response response;
            response.stream = std::make_unique<ThreePieces>();
            co_return response;
        }
        if (request.path == "/large") co_return net::Response::text(std::string(20'000'000, 'x'), "text/plain");
        if (request.path == "/split") {
            net::Response response = net::Response::redirect("/a\r\nSet-Cookie: evil=1");
            co_return response;
        }
        std::string queries;
        for (const auto& [name, value] : request.query) queries += name + "=" + value + ";";
        co_return net::Response::json(fmt::format("{} {} [{}] {} bytes from {}{}", net::to_string(request.method), request.path,
                                                  queries, request.body.size(), request.client_address,
                                                  request.tls ? " by TLS" : ""));
    }

    std::unique_ptr<net::HttpServer> server_;
    std::thread io_;
};

net::HttpServerOptions small_limits() {
    net::HttpServerOptions options;
    options.limits.body_bytes = 1000;
    options.limits.head_bytes = 2000;
    return options;
}

std::string status_and_errcode(const RawHttp::Answer& answer) { return fmt::format("{} {}", answer.status, answer.errcode()); }

}  // namespace

TEST_CASE("requests are understood, one after the other on one connection") {
    Edge edge;
    auto anna = edge.connect();
    CHECK(anna.ask(RawHttp::get("/a%20b?x=1&y=%C3%A4+b&x=2&flag")).body ==
          "GET /a%20b [x=1;y=ä b;x=2;flag=;] 0 bytes from 127.0.0.1");
    CHECK(anna.ask(RawHttp::post("/b", "{}")).body == "POST /b [] 2 bytes from 127.0.0.1");
    CHECK(anna.ask("\r\nPUT http://hearth.test/c?d=e HTTP/1.1\r\nhost: hearth.test\r\n\r\n").body ==
          "PUT /c [d=e;] 0 bytes from 127.0.0.1");
    CHECK(anna.ask("PATCH /d HTTP/1.1\r\nHost: hearth.test\r\n\r\n").body == "OTHER /d [] 0 bytes from 127.0.0.1");
    CHECK(edge.counts().accepted == 1);
}

TEST_CASE("a request is the same request wherever its bytes are torn apart") {
    const std::string whole = "\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    const net::HttpLimits limits;
    for (std::size_t first = 1; first < whole.size(); ++first) {
        CAPTURE(first);
        net::RequestReader reader(limits);
        std::string pending = whole.substr(0, first);
        pending.erase(0, reader.feed(pending));
        pending += whole.substr(first);
        pending.erase(0, reader.feed(pending));
        REQUIRE(reader.state() == net::RequestReader::State::complete);
        CHECK(pending.empty());
        CHECK(reader.take().body == "hello");
    }
}

TEST_CASE("the body's limit: exactly so much, and not one byte more") {
    Edge edge(small_limits());
    auto anna = edge.connect();
    CHECK(anna.ask(RawHttp::post("/fits", std::string(1000, 'x'))).body == "POST /fits [] 1000 bytes from 127.0.0.1");
    const auto refused = anna.ask(RawHttp::post("/too-large", std::string(1001, 'x')));
    CHECK(status_and_errcode(refused) == "413 M_TOO_LARGE");
    CHECK(refused.headers.at("connection") == "close");
    CHECK(refused.headers.at("access-control-allow-origin") == "*");  // Or the web page could not read it.
    anna.finish_sending();
    CHECK(anna.is_closed_by_server());

    SUBCASE("chunked, where nothing announces the size") {
        auto ben = edge.connect();
        const std::string head = "POST /chunked HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        const std::string half = "1f4\r\n" + std::string(500, 'y') + "\r\n";
        CHECK(ben.ask(head + half + half + "0\r\n\r\n").body == "POST /chunked [] 1000 bytes from 127.0.0.1");
        CHECK(status_and_errcode(ben.ask(head + half + half + "1\r\nz\r\n0\r\n\r\n")) == "413 M_TOO_LARGE");
    }
    SUBCASE("a client that is still sending gets to read the refusal") {
        auto ben = edge.connect();
        ben.send("POST /endless HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n");
        ben.send_as_much_as_possible(std::string(10'000'000, 'x'));
        CHECK(status_and_errcode(ben.receive()) == "413 M_TOO_LARGE");
    }
    CHECK(edge.counts().refused_at_the_edge >= 1);
}

TEST_CASE("a path may have a body limit of its own") {
    auto options = small_limits();
    options.limits.body_limit = [](const net::Request& head, std::uint64_t usual) { return head.path == "/upload" ? 5000 : usual; };
    Edge edge(std::move(options));
    auto anna = edge.connect();
    CHECK(anna.ask(RawHttp::post("/upload", std::string(5000, 'x'))).status == 200);
    CHECK(anna.ask(RawHttp::post("/other", std::string(5000, 'x'))).status == 413);
}

TEST_CASE("the head's limit") {
    Edge edge(small_limits());
    const auto head_of = [](std::size_t bytes) {
        const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
        return start + std::string(bytes - start.size() - 4, 'x') + "\r\n\r\n";
    };
    auto anna = edge.connect();
    CHECK(anna.ask(head_of(1900)).status == 200);
    CHECK(status_and_errcode(anna.ask(head_of(2200))) == "431 M_TOO_LARGE");
    // Also when it never ends.
    auto ben = edge.connect();
    ben.send_as_much_as_possible("GET /" + std::string(5'000'000, 'a'));
    CHECK(ben.receive().status == 431);
    auto carl = edge.connect();
    std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 200; ++i) many += "a:\r\n";
    CHECK(carl.ask(many + "\r\n").status == 431);
}

TEST_CASE("what is no proper request is refused, and nobody is asked about it") {
    Edge edge;
    std::string bytes, expected = "400 M_UNRECOGNIZED";
    SUBCASE("no HTTP at all") { bytes = "Hello, is there anybody?\r\n\r\n"; }
    SUBCASE("a TLS greeting") { bytes = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s; }
    SUBCASE("an old protocol") { bytes = "GET / HTTP/0.9\r\nHost: h\r\n\r\n"; }
    SUBCASE("no host") { bytes = "GET / HTTP/1.1\r\n\r\n"; }
    SUBCASE("two hosts") { bytes = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"; }
    SUBCASE("a header without colon") { bytes = "GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n"; }
    SUBCASE("a space before the colon") { bytes = "GET / HTTP/1.1\r\nHost : h\r\n\r\n"; }
    SUBCASE("NUL in a header") { bytes = "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s; }
    SUBCASE("a negative length") { bytes = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"; }
    SUBCASE("a length that is no number") { bytes = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1e3\r\n\r\n"; }
    SUBCASE("two lengths") { bytes = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"; }
    SUBCASE("chunks without sizes") { bytes = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"; }
    SUBCASE("half an escape in the query") {
        bytes = "GET /?a=%4 HTTP/1.1\r\nHost: h\r\n\r\n";
        expected = "400 M_INVALID_PARAM";
    }
    SUBCASE("a target that is neither path nor address") { bytes = "GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n"; }
    SUBCASE("an unknown expectation") {
        bytes = "POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\nx";
        expected = "417 M_UNRECOGNIZED";
    }
    auto anna = edge.connect();
    const auto answer = anna.ask(bytes);
    CHECK(status_and_errcode(answer) == expected);
    CHECK(answer.headers.at("connection") == "close");
    CHECK(edge.handled == 0);
    // The others never notice.
    CHECK(edge.connect().ask(RawHttp::get("/")).status == 200);
}

TEST_CASE("a length and chunks at once: never two readings of one request") {
    Edge edge;
    auto anna = edge.connect();
    anna.send(
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET "
        "/b HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(anna.receive().status >= 400);
    anna.finish_sending();
    CHECK(anna.is_closed_by_server());
    CHECK(edge.handled == 0);
}

TEST_CASE("slow clients are told so and let go") {
    net::HttpServerOptions options;
    options.head_time = 60ms;
    options.body_time = 60ms;
    options.limits.body_bytes = 100;
    SUBCASE("in the head") {
        Edge edge(options);
        auto anna = edge.connect();
        CHECK(status_and_errcode(anna.ask("GET / HTTP/1.1\r\nHost: h\r\n")) == "408 M_UNKNOWN");
        anna.finish_sending();
        CHECK(anna.is_closed_by_server());
    }
    SUBCASE("in the body") {
        Edge edge(options);
        auto anna = edge.connect();
        CHECK(anna.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nhalf of").status == 408);
    }
    SUBCASE("byte by byte: every byte is in time, the whole is not") {
        Edge edge(options);
        auto anna = edge.connect();
        const std::string request = RawHttp::get("/" + std::string(400, 'a'));
        for (const char byte : request) {
            if (anna.send_as_much_as_possible({&byte, 1}) == 0 || edge.counts().refused_at_the_edge > 0) break;
            std::this_thread::sleep_for(1ms);
        }
        CHECK(anna.receive().status == 408);
        CHECK(edge.handled == 0);
    }
    SUBCASE("who says nothing at all is closed without a word") {
        Edge edge(options);
        auto anna = edge.connect();
        CHECK(anna.is_closed_by_server());
    }
    SUBCASE("after a request: idle connections end") {
        options.idle_time = 60ms;
        Edge edge(options);
        auto anna = edge.connect();
        CHECK(anna.ask(RawHttp::get("/")).status == 200);
        CHECK(anna.is_closed_by_server());
    }
    SUBCASE("who does not take his answer") {
        options.write_time = 60ms;
        Edge edge(options);
        auto anna = edge.connect();
        anna.send(RawHttp::get("/large"));
        CHECK(Edge::soon([&] { return edge.handled == 1 && edge.counts().connections == 0; }));
    }
}

TEST_CASE("a connection goes on after an error of the handler, which tells nothing") {
    Edge edge;
    auto anna = edge.connect();
    const auto failed = anna.ask(RawHttp::get("/throw"));
    CHECK(status_and_errcode(failed) == "500 M_UNKNOWN");
    CHECK(failed.body.find("secret") == std::string::npos);
    CHECK(anna.ask(RawHttp::get("/a")).status == 200);
    CHECK(edge.counts().accepted == 1);
}

TEST_CASE("requests sent ahead are answered one at a time, in their order") {
    Edge edge;
    auto anna = edge.connect();
    std::string ahead = RawHttp::get("/held");
    for (int i = 0; i < 100; ++i) ahead += RawHttp::post(fmt::format("/{}", i), "body");
    anna.send(ahead);
    CHECK(Edge::soon([&] { return edge.handled == 1; }));
    CHECK(edge.connect().ask(RawHttp::get("/other")).status == 200);
    CHECK(edge.handled == 2);
    edge.release();
    CHECK(anna.receive().body.starts_with("GET /held"));
    for (int i = 0; i < 100; ++i) CHECK(anna.receive().body == fmt::format("POST /{} [] 4 bytes from 127.0.0.1", i));
}

TEST_CASE("HEAD has the length of the answer, and no body") {
    Edge edge;
    auto anna = edge.connect();
    anna.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto head = anna.receive(true);
    CHECK(head.headers.at("content-length") == std::to_string(std::string("HEAD /a [] 0 bytes from 127.0.0.1").size()));
    anna.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(anna.receive(true).status == 200);
    CHECK(anna.ask(RawHttp::get("/b")).body == "GET /b [] 0 bytes from 127.0.0.1");
}

TEST_CASE("a body made while it is sent") {
    Edge edge;
    auto anna = edge.connect();
    const auto answer = anna.ask(RawHttp::get("/stream"));
    CHECK(answer.headers.at("transfer-encoding") == "chunked");
    CHECK(answer.body == std::string(100'000, 'a') + std::string(100'000, 'b') + std::string(100'000, 'c'));
    CHECK(anna.ask(RawHttp::get("/next")).status == 200);
    // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
    auto ben = edge.connect();
    const auto old = ben.ask("GET /stream HTTP/1.0\r\n\r\n");
    CHECK(old.headers.at("connection") == "close");
    CHECK(old.body.size() == 300'000);
}

TEST_CASE("large answers, read slowly, arrive whole") {
    Edge edge;
    auto anna = edge.connect();
    anna.send(RawHttp::get("/large"));
    CHECK(Edge::soon([&] { return edge.handled == 1; }));
    CHECK(edge.connect().ask(RawHttp::get("/meanwhile")).status == 200);
    CHECK(anna.receive().body == std::string(20'000'000, 'x'));
}

TEST_CASE("100-continue is said before the body, not instead of a refusal") {
    Edge edge(small_limits());
    auto anna = edge.connect();
    anna.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    std::this_thread::sleep_for(20ms);
    anna.send("body");
    CHECK(anna.receive().body == "POST /a [] 4 bytes from 127.0.0.1");
    CHECK(anna.ask("POST /b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4000\r\n\r\n").status == 413);
}

TEST_CASE("HTTP/1.0 and Connection: close end the connection, keep-alive keeps it") {
    Edge edge;
    auto anna = edge.connect();
    CHECK(anna.ask("GET /a HTTP/1.0\r\n\r\n").headers.at("connection") == "close");
    anna.finish_sending();
    CHECK(anna.is_closed_by_server());
    auto ben = edge.connect();
    CHECK(ben.ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").headers.at("connection") == "keep-alive");
    CHECK(ben.ask(RawHttp::get("/b", "Connection: close\r\n")).headers.at("connection") == "close");
}

TEST_CASE("an answer's header cannot start another one") {
    Edge edge;
    const auto answer = edge.connect().ask(RawHttp::get("/split"));
    CHECK(answer.status == 303);
    CHECK_FALSE(answer.headers.contains("set-cookie"));
}

TEST_CASE("a parked poll") {
    Edge edge;
    auto anna = edge.connect();
    anna.send(RawHttp::get("/poll"));
    CHECK(Edge::soon([&] { return edge.book.waiting == 1; }));
    CHECK(edge.counts().parked == 1);

    SUBCASE("is answered, and the connection goes on") {
        for (int round = 1; round <= 50; ++round) {
            edge.answer_poll(fmt::format("{}", round));
            CHECK(anna.receive().body == fmt::format("{}", round));
            anna.send(RawHttp::get("/poll"));
            CHECK(Edge::soon([&] { return edge.book.waiting == round + 1; }));
            CHECK(Edge::soon([&] { return edge.book.destroyed == round; }));
        }
    }
    SUBCASE("is forgotten when the client hangs up") {
        anna.close();
        CHECK(Edge::soon([&] { return edge.book.hung_up == 1 && edge.book.destroyed == 1; }));
        CHECK(edge.counts().parked == 0);
        CHECK(edge.counts().connections == 0);
    }
    SUBCASE("goes on waiting when the client sends its next request, and notices a hang-up after that") {
        anna.send(RawHttp::get("/next"));
        std::this_thread::sleep_for(20ms);
        CHECK(edge.book.hung_up == 0);
        CHECK(edge.handled == 1);
        SUBCASE("answered") {
            edge.answer_poll("now");
            CHECK(anna.receive().body == "now");
            CHECK(anna.receive().body == "GET /next [] 0 bytes from 127.0.0.1");
        }
        SUBCASE("hung up") {
            anna.close();
            CHECK(Edge::soon([&] { return edge.book.hung_up == 1; }));
            CHECK(edge.handled == 1);
        }
    }
    SUBCASE("is answered when the server stops") {
        std::thread stopping([&] { edge.stop(5s); });
        const auto answer = anna.receive();
        CHECK(answer.body == R"({"closed":true})");
        CHECK(answer.headers.at("connection") == "close");
        stopping.join();
        CHECK(edge.counts().connections == 0);
    }
}

TEST_CASE("stopping closes idle connections, lets requests end, and waits no longer than it is told") {
    Edge edge;
    auto idle = edge.connect();
    CHECK(idle.ask(RawHttp::get("/")).status == 200);
    auto busy = edge.connect();
    busy.send(RawHttp::get("/held"));
    CHECK(Edge::soon([&] { return edge.handled == 2; }));
    SUBCASE("in time") {
        std::thread stopping([&] { edge.stop(10s); });
        CHECK(idle.is_closed_by_server());
        edge.release();
        const auto answer = busy.receive();
        CHECK(answer.status == 200);
        CHECK(answer.headers.at("connection") == "close");
        stopping.join();
    }
    SUBCASE("too late") {
        edge.stop(50ms);
        CHECK(busy.is_closed_by_server());
    }
    CHECK_THROWS(edge.connect());
}

TEST_CASE("X-Forwarded-For counts only from a trusted proxy, and only as far as trust goes") {
    const auto seen = [](std::vector<std::string> trusted, std::string_view headers) {
        net::HttpServerOptions options;
        options.trusted_proxies = std::move(trusted);
        Edge edge(std::move(options));
        const auto body = edge.connect().ask(RawHttp::get("/", headers)).body;
        return body.substr(body.find("from ") + 5);
    };
    const std::string header = "X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.0.0.2\r\n";
    CHECK(seen({}, header) == "127.0.0.1");
    CHECK(seen({"192.0.2.0/24"}, header) == "127.0.0.1");
    CHECK(seen({"127.0.0.1"}, header) == "10.0.0.2");
    CHECK(seen({"127.0.0.0/8", "10.0.0.0/8"}, header) == "198.51.100.7");  // The one before may be invented.
    CHECK(seen({"127.0.0.1"}, "X-Forwarded-For: [2001:db8::1]:4711\r\nX-Forwarded-Proto: https\r\n") == "2001:db8::1 by TLS");
    CHECK(seen({"127.0.0.1"}, "X-Forwarded-For: 192.0.2.7:4711\r\n") == "192.0.2.7");
    CHECK(seen({"127.0.0.1"}, "X-Forwarded-For: unknown\r\n") == "127.0.0.1");
    CHECK(seen({"127.0.0.1"}, "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 198.51.100.2\r\n") == "198.51.100.2");
    CHECK(seen({"127.0.0.1"}, "") == "127.0.0.1");
    CHECK_THROWS_AS(seen({"10.0.0.0/33"}, ""), std::runtime_error);
}

TEST_CASE("beyond the most connections, new ones wait their turn") {
    net::HttpServerOptions options;
    options.most_connections = 2;
    Edge edge(std::move(options));
    auto anna = edge.connect(), ben = edge.connect();
    CHECK(anna.ask(RawHttp::get("/")).status == 200);
    CHECK(ben.ask(RawHttp::get("/")).status == 200);
    auto carl = edge.connect();
    carl.send(RawHttp::get("/"));
    CHECK(edge.counts().connections <= 2);
    ben.close();
    CHECK(carl.receive().status == 200);
}

TEST_CASE("one address may not take all connections") {
    net::HttpServerOptions options;
    options.most_per_address = 2;
    options.unlimited = {};
    Edge edge(std::move(options));
    auto anna = edge.connect(), ben = edge.connect();
    CHECK(anna.ask(RawHttp::get("/")).status == 200);
    CHECK(ben.ask(RawHttp::get("/")).status == 200);
    {
        auto carl = edge.connect();
        CHECK(Edge::soon([&] { return edge.counts().refused_at_the_edge == 1; }));
    }
    CHECK(anna.ask(RawHttp::get("/")).status == 200);
    ben.close();
    CHECK(Edge::soon([&] { return edge.counts().connections == 1; }));
    auto dora = edge.connect();
    CHECK(dora.ask(RawHttp::get("/")).status == 200);
}

TEST_CASE("a proxy that is trusted brings as many as there are") {
    net::HttpServerOptions options;
    options.most_per_address = 1;
    options.unlimited = {};
    options.trusted_proxies = {"127.0.0.1"};
    Edge edge(std::move(options));
    auto anna = edge.connect(), ben = edge.connect();
    CHECK(anna.ask(RawHttp::get("/")).status == 200);
    CHECK(ben.ask(RawHttp::get("/")).status == 200);
}
