#pragma once
#include <future>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>

#include "schema/json.hpp"
#include "server/wiring.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/test_database.hpp"

namespace runde::tests {

/// What came back. Reads as "200" or "403 M_FORBIDDEN" and compares with such text, so that a failed CHECK
/// says what happened instead.
struct Answer {
    int status = 0;
    net::Headers headers;
    std::string text;
    schema::Json json;      ///< null when the body is no JSON.
    net::RequestCost cost;  ///< Round trips to the database.

    std::string summary() const;
    /// A JSON pointer: answer["/rooms/join"]. null when there is nothing.
    const schema::Json& operator[](std::string_view pointer) const;
    /// The same as text: strings without quotes, everything else as JSON; "" when there is nothing.
    std::string at(std::string_view pointer) const;
    bool has(std::string_view pointer) const { return !(*this)[pointer].is_null(); }

    friend bool operator==(const Answer& answer, std::string_view summary) { return answer.summary() == summary; }
    friend std::ostream& operator<<(std::ostream& out, const Answer& answer) {
        return out << answer.summary() << ' ' << answer.text;
    }
};

class Person;

/// The thread and the clock that a server runs on, or several.
class TestLoop {
public:
    TestLoop();
    ~TestLoop();  ///< Stopped before.
    /// Servers are built and destroyed while it does not run.
    void run();
    /// Ends as a process ends: sleepers wake with Stopped, everything else stays where it is.
    void stop();
    /// A new runtime, after stop() and after everything built on the old one has gone.
    void renew();
    /// Runs `f` on the I/O thread and waits for it.
    void on_io(const std::function<void()>& f);
    bool is_running() const { return io_.joinable(); }

    FakeClock clock;
    std::unique_ptr<net::Runtime> runtime;

private:
    std::thread io_;
};

/// A whole server in this process, wired like the real one, without sockets: its own database, its own clock
/// that stands still until a test moves it, open registration, no rate limits. Every answer is checked
/// against the specification (a misfit fails the test case).
class TestServer {
public:
    /// `adjust` may change anything before the server is built.
    using Adjust = std::function<void(server::WiringOptions&)>;
    explicit TestServer(Adjust adjust = {});
    /// One of several servers on one loop: build() it before the loop runs, demolish() it when the loop has stopped.
    TestServer(std::shared_ptr<TestLoop> loop, Adjust adjust);
    void build();
    void demolish() { wiring_.reset(); }
    ~TestServer();

    /// One request and its answer. `body`: JSON text, may be empty. Waits for long-polls too, at most 20 s.
    Answer http(std::string_view method, std::string_view target, std::string_view token = {}, std::string_view body = {});
    Answer http(net::Request request);
    /// The same without waiting: for long-polls, and for requests that are to meet.
    std::future<Answer> begin(std::string_view method, std::string_view target, std::string_view token = {},
                              std::string_view body = {});

    /// Registers somebody; the password is "correct horse <name>".
    Person person(std::string name);

    /// Moves the clock: what sleeps until then wakes.
    void advance(net::Milliseconds by);
    std::int64_t now_ms() const { return loop_->clock.now_ms(); }
    /// Stops the server as a process that ends, and starts it again on the same database.
    void restart();

    server::Wiring& wiring() { return *wiring_; }
    net::Runtime& runtime() { return *loop_->runtime; }
    /// Runs `f` on the server's I/O thread and waits for it.
    void on_io(const std::function<void()>& f) { loop_->on_io(f); }
    /// The first cell of what `sql` answers.
    std::string ask(const std::string& sql) const { return database_.ask(sql); }

    /// Answers that the specification does not describe on purpose: switch the check off for a while.
    bool check_against_spec = true;

private:
    std::future<Answer> begin(net::Request request);
    void check(const net::Request& request, const Answer& answer) const;

    TestDatabase database_;
    std::shared_ptr<TestLoop> loop_;
    const bool owns_loop_;
    Adjust adjust_;
    std::unique_ptr<server::Wiring> wiring_;
};

/// Somebody with an account and a device. Paths may be short: "/sync" is "/_matrix/client/v3/sync"; whatever
/// begins with "/_" or "/." is taken as it is.
class Person {
public:
    Person(TestServer& server, std::string name, std::string password);

    Answer get(std::string_view path) { return call("GET", path, ""); }
    Answer put(std::string_view path, std::string_view body) { return call("PUT", path, body); }
    Answer post(std::string_view path, std::string_view body = "{}") { return call("POST", path, body); }
    Answer del(std::string_view path, std::string_view body = "") { return call("DELETE", path, body); }
    Answer call(std::string_view method, std::string_view path, std::string_view body);
    std::future<Answer> begin(std::string_view method, std::string_view path, std::string_view body = "");

    /// Takes name, token and device from the answer of a login or registration.
    void take_session(const Answer& answer);
    /// The same person on another device.
    Person on_another_device();
    /// `auth` of m.login.password, with or without session.
    std::string password_auth(std::string_view session = {}) const;

    TestServer& server;
    std::string name;  ///< "anna"
    std::string password;
    std::string id;  ///< "@anna:hearth.test"
    std::string token;
    std::string device_id;
};

/// Percent-encodes one path segment: an id with "#" or "/".
std::string segment(std::string_view text);

}  // namespace runde::tests
