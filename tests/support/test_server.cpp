#include "tests/support/test_server.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

#include "tests/support/matrix_spec.hpp"

namespace runde::tests {

using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s;

net::Method method_of(std::string_view name) {
    for (const auto method :
         {net::Method::get, net::Method::head, net::Method::post, net::Method::put, net::Method::delete_, net::Method::options})
        if (net::to_string(method) == name) return method;
    return net::Method::other;
}

net::Request request_of(std::string_view method, std::string_view target, std::string_view token, std::string_view body) {
    net::Request request{.method = method_of(method), .target = std::string(target), .body = std::string(body)};
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != target.npos) {
        auto rest = target.substr(question + 1);
        while (!rest.empty()) {
            const auto pair = rest.substr(0, rest.find('&'));
            rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
            const auto equals = pair.find('=');
            const auto value = equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
            request.query.emplace_back(net::percent_decode(pair.substr(0, equals), true).value(),
                                       net::percent_decode(value, true).value());
        }
    }
    if (!token.empty()) request.headers.add("Authorization", fmt::format("Bearer {}", token));
    request.headers.add("Accept-Language", "en");
    request.client_address = "192.0.2.1";
    return request;
}

/// One request on its way through the server, with whatever must live as long.
struct Exchange {
    net::Request request;
    std::promise<Answer> done;
    std::unique_ptr<net::Parked> parked;
    std::shared_ptr<net::RequestCost> cost = std::make_shared<net::RequestCost>();

    void finish(net::Response response) {
        Answer answer{.status = response.status, .headers = std::move(response.headers), .cost = *cost};
        for (const auto& piece : response.body) answer.text += *piece;
        if (const auto type = answer.headers.find("Content-Type"); type && type->starts_with("application/json"))
            answer.json = schema::parse_json(answer.text);
        done.set_value(std::move(answer));
    }
};

net::Task<> carry(std::shared_ptr<Exchange> exchange, server::Wiring& wiring) {
    try {
        auto response = co_await wiring.answer(exchange->request);
        if (response.parked) {
            exchange->parked = std::move(response.parked);
            // Like a connection: the wait belongs to the exchange until it is answered.
            exchange->parked->start([exchange, &wiring](net::Response late) {
                wiring.runtime.post([exchange] { exchange->parked.reset(); });
                exchange->finish(std::move(late));
            });
            co_return;
        }
        if (response.stream) {
            for (;;) {
                auto piece = co_await response.stream->next();
                if (piece.empty()) break;
                response.body.push_back(net::bytes(std::move(piece)));
            }
        }
        exchange->finish(std::move(response));
    } catch (...) {
        exchange->done.set_exception(std::current_exception());
    }
}

}  // namespace

std::string Answer::summary() const {
    auto text_of = std::to_string(status);
    if (const auto errcode = at("/errcode"); !errcode.empty()) text_of += " " + errcode;
    return text_of;
}

const schema::Json& Answer::operator[](std::string_view pointer) const {
    static const schema::Json nothing;
    boost::system::error_code failed;
    const auto* found = json.find_pointer(pointer, failed);
    return found ? *found : nothing;
}

std::string Answer::at(std::string_view pointer) const {
    const auto& value = (*this)[pointer];
    if (value.is_null()) return {};
    return value.is_string() ? std::string(value.get_string()) : schema::to_text(value);
}

TestLoop::TestLoop() : runtime(std::make_unique<net::Runtime>(&clock)) {}

TestLoop::~TestLoop() {
    if (is_running()) stop();
}

void TestLoop::run() {
    std::promise<void> running;
    runtime->post([&] { running.set_value(); });
    io_ = std::thread([this] { runtime->run(); });
    running.get_future().wait();
}

void TestLoop::stop() {
    on_io([this] { clock.stop(); });
    runtime->stop();
    io_.join();
}

void TestLoop::renew() {
    runtime.reset();
    runtime = std::make_unique<net::Runtime>(&clock);
}

void TestLoop::on_io(const std::function<void()>& f) {
    std::promise<void> done;
    runtime->post([&] {
        try {
            f();
            done.set_value();
        } catch (...) {
            done.set_exception(std::current_exception());
        }
    });
    done.get_future().get();
}

TestServer::TestServer(Adjust adjust) : loop_(std::make_shared<TestLoop>()), owns_loop_(true), adjust_(std::move(adjust)) {
    build();
    loop_->run();
}

TestServer::TestServer(std::shared_ptr<TestLoop> loop, Adjust adjust)
    : loop_(std::move(loop)), owns_loop_(false), adjust_(std::move(adjust)) {
    build();
}

TestServer::~TestServer() {
    if (owns_loop_) loop_->stop();
    demolish();
}

void TestServer::build() {
    server::WiringOptions options{
        .database_url = database_.url(),
        .signing_key = schema::SigningKey("test", std::string(32, 'k')),
        .accounts = {.server_name = schema::ServerName::parse("hearth.test").value(),
                     .registration = accounts::RegistrationMode::open,
                     .shared_secret = "the operator's secret"},
        .discovery = {.base_url = "https://matrix.hearth.test", .federation_address = "matrix.hearth.test:443"},
        .rate_limits = false,
    };
    if (adjust_) adjust_(options);
    wiring_ = std::make_unique<server::Wiring>(*loop_->runtime, std::move(options));
}

void TestServer::restart() {
    loop_->stop();
    demolish();
    loop_->renew();
    build();
    loop_->run();
}

void TestServer::advance(net::Milliseconds by) {
    on_io([&] { loop_->clock.advance(by); });
}

std::future<Answer> TestServer::begin(net::Request request) {
    auto exchange = std::make_shared<Exchange>(Exchange{.request = std::move(request)});
    auto answer = exchange->done.get_future();
    const auto cost = exchange->cost;
    loop_->runtime->spawn("test", carry(std::move(exchange), *wiring_), cost);
    return answer;
}

std::future<Answer> TestServer::begin(std::string_view method, std::string_view target, std::string_view token,
                                      std::string_view body) {
    return begin(request_of(method, target, token, body));
}

Answer TestServer::http(net::Request request) {
    auto coming = begin(request);
    if (coming.wait_for(patience) != std::future_status::ready)
        throw std::runtime_error("no answer: " + std::string(net::to_string(request.method)) + " " + request.target);
    auto answer = coming.get();
    check(request, answer);
    return answer;
}

Answer TestServer::http(std::string_view method, std::string_view target, std::string_view token, std::string_view body) {
    return http(request_of(method, target, token, body));
}

void TestServer::check(const net::Request& request, const Answer& answer) const {
    if (answer.status >= 500 && answer.status != 502)  // 502: another server did not do its part.
        ADD_FAIL_CHECK_AT(__FILE__, __LINE__, net::to_string(request.method) << " " << request.target << ": " << answer);
    if (!check_against_spec) return;
    const auto& path = request.path;
    const bool between_servers =
        path.starts_with("/_matrix/federation/") || path.starts_with("/_matrix/key/") || path == "/.well-known/matrix/server";
    const bool ours = path.starts_with("/_runde/");
    const auto* spec = ours ? &MatrixSpec::runde() : between_servers ? MatrixSpec::server_server() : MatrixSpec::client_server();
    if (!spec) return;
    if (const auto wrong = spec->complaint(net::to_string(request.method), request.target, answer.status, answer.text))
        ADD_FAIL_CHECK_AT(__FILE__, __LINE__, *wrong << "\n" << answer.text);
}

Person TestServer::person(std::string name) {
    Person person(*this, name, "correct horse " + name);
    const auto answer = http("POST", "/_matrix/client/v3/register", {},
                             fmt::format(R"({{"username":{},"password":{},"auth":{{"type":"m.login.dummy"}}}})",
                                         schema::quoted(name), schema::quoted(person.password)));
    REQUIRE(answer == "200");
    person.take_session(answer);
    return person;
}

Person::Person(TestServer& of, std::string called, std::string secret)
    : server(of), name(std::move(called)), password(std::move(secret)) {}

namespace {

std::string full_path(std::string_view path) {
    return path.starts_with("/_") || path.starts_with("/.") ? std::string(path) : "/_matrix/client/v3" + std::string(path);
}

}  // namespace

Answer Person::call(std::string_view method, std::string_view path, std::string_view body) {
    return server.http(method, full_path(path), token, body);
}

std::future<Answer> Person::begin(std::string_view method, std::string_view path, std::string_view body) {
    return server.begin(method, full_path(path), token, body);
}

void Person::take_session(const Answer& answer) {
    id = answer.at("/user_id");
    token = answer.at("/access_token");
    device_id = answer.at("/device_id");
}

Person Person::on_another_device() {
    Person other(server, name, password);
    const auto answer =
        server.http("POST", "/_matrix/client/v3/login", {},
                    fmt::format(R"({{"type":"m.login.password","identifier":{{"type":"m.id.user","user":{}}},"password":{}}})",
                                schema::quoted(name), schema::quoted(password)));
    REQUIRE(answer == "200");
    other.take_session(answer);
    return other;
}

std::string Person::password_auth(std::string_view session) const {
    const auto session_member = session.empty() ? "" : fmt::format(R"(,"session":{})", schema::quoted(session));
    return fmt::format(R"({{"type":"m.login.password","identifier":{{"type":"m.id.user","user":{}}},"password":{}{}}})",
                       schema::quoted(id), schema::quoted(password), session_member);
}

std::string segment(std::string_view text) { return net::percent_encode(text); }

}  // namespace runde::tests
