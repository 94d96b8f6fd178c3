#include "core/selfhelp/jobs.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace std::chrono_literals;
using selfhelp::Jobs;
using storage::Tx;

namespace {

/// A server of which only the jobs matter, with a kind of work that this test counts.
struct JobFixture {
    JobFixture() {
        server.on_io([this] { add_work(); });
    }
    void add_work() {
        jobs = std::make_unique<Jobs>(server.runtime(), server.wiring().db);
        jobs->add("test", [this](Jobs::Job job) { return work(std::move(job)); });
        jobs->start();
    }
    ~JobFixture() {
        server.on_io([this] { jobs.reset(); });
    }

    net::Task<> work(Jobs::Job job) {
        done.insert(job.key);
        if (failures > 0) {
            --failures;
            throw std::runtime_error("the world is not ready");
        }
        if (on_work) on_work();
        co_return;
    }
    void schedule(std::string key, net::Milliseconds in) {
        const auto now = server.now_ms();
        server.wiring().db.transact_now([&](Tx& tx) { storage::schedule_job(tx, "test", key, now + in.count(), now); });
    }
    void settle() { server.runtime().wait(jobs->settle()); }
    std::string waiting() { return server.ask("SELECT string_agg(key || ' ' || tries, ', ' ORDER BY key) FROM jobs"); }

    tests::TestServer server;
    std::unique_ptr<Jobs> jobs;
    std::multiset<std::string> done;
    int failures = 0;
    std::function<void()> on_work;
};

}  // namespace

TEST_CASE_FIXTURE(JobFixture, "a job is done when it is due, and once") {
    schedule("later", 14 * 24h);
    schedule("now", 0ms);
    settle();
    CHECK(done == std::multiset<std::string>{"now"});
    server.advance(14 * 24h - 1ms);
    settle();
    CHECK(done.count("later") == 0);
    server.advance(1ms);
    settle();
    CHECK(done == std::multiset<std::string>{"later", "now"});
    server.advance(1000h);
    settle();
    CHECK(done.size() == 2);
    CHECK(waiting() == "");
}

TEST_CASE_FIXTURE(JobFixture, "a job waits through a restart of the server") {
    schedule("after the restart", 1h);
    settle();
    server.on_io([this] { jobs.reset(); });
    server.restart();
    server.on_io([this] { add_work(); });
    server.advance(2h);
    settle();
    CHECK(done.count("after the restart") == 1);
}

TEST_CASE_FIXTURE(JobFixture, "what fails is tried again, each time later") {
    failures = 3;
    schedule("stubborn", 0ms);
    settle();
    CHECK(done.size() == 1);
    CHECK(waiting() == "stubborn 1");
    server.advance(59s);
    settle();
    CHECK(done.size() == 1);
    server.advance(1s);
    settle();
    CHECK(done.size() == 2);
    server.advance(2min);
    settle();
    CHECK(done.size() == 3);
    server.advance(4min);
    settle();
    CHECK(done.size() == 4);
    CHECK(waiting() == "");

    CHECK(Jobs::backoff(1) == 1min);
    CHECK(Jobs::backoff(4) == 8min);
    CHECK(Jobs::backoff(1000) == 6h);
}

TEST_CASE_FIXTURE(JobFixture, "the same key again moves the job, also while it is being done") {
    schedule("x", 1h);
    schedule("x", 2h);
    server.advance(1h);
    settle();
    CHECK(done.empty());
    on_work = [this] {
        on_work = {};
        const auto now = server.now_ms();
        // As another part would: from a database thread, while the work goes on.
        server.wiring().db.transact_now([&](Tx& tx) { storage::schedule_job(tx, "test", "x", now + 3'600'000, now); });
    };
    server.advance(1h);
    settle();
    CHECK(done.size() == 1);
    CHECK(waiting() == "x 0");
    server.advance(1h);
    settle();
    CHECK(done.size() == 2);
    CHECK(waiting() == "");
}

TEST_CASE_FIXTURE(JobFixture, "hasten brings a job forward and never puts it off; cancel takes it away") {
    schedule("x", 2h);
    const auto now = server.now_ms();
    server.wiring().db.transact_now([&](Tx& tx) {
        storage::hasten_job(tx, "test", "x", now + 3'600'000, now);
        storage::hasten_job(tx, "test", "x", now + 9 * 3'600'000, now);
    });
    CHECK(server.ask("SELECT due - " + std::to_string(now) + " FROM jobs") == "3600000");
    server.wiring().db.transact_now([&](Tx& tx) { storage::cancel_job(tx, "test", "x"); });
    server.advance(24h);
    settle();
    CHECK(done.empty());
}

TEST_CASE_FIXTURE(JobFixture, "many at once are all done, a job nobody announced within a minute") {
    for (int n = 0; n < 40; ++n) schedule("job " + std::to_string(n), 0ms);
    settle();
    CHECK(done.size() == 40);
    schedule("written by another process", 0ms);
    server.advance(61s);
    settle();
    CHECK(done.size() == 41);
}

TEST_CASE("the server has a user of its own that nobody can sign in to") {
    tests::TestServer server;
    CHECK(server.wiring().service.id().str() == "@runde:hearth.test");
    for (const char* password : {"", "runde"})
        CHECK(
            server.http("POST", "/_matrix/client/v3/login", {},
                        std::string(R"({"type":"m.login.password","identifier":{"type":"m.id.user","user":"runde"},"password":")") +
                            password + "\"}") == "403 M_FORBIDDEN");
    CHECK(server.http("POST", "/_matrix/client/v3/register", {},
                      R"({"username":"runde","password":"correct horse","auth":{"type":"m.login.dummy"}})") == "400 M_USER_IN_USE");
    server.restart();
    CHECK(server.wiring().service.id().str() == "@runde:hearth.test");
    CHECK(server.ask("SELECT count(*) FROM users") == "1");

    auto anna = server.person("anna");
    auto& service = server.wiring().service;
    const auto room = server.runtime().wait(service.create_room({.name = "Reception"}));
    server.runtime().wait(service.invite(room->id(), *schema::UserId::parse(anna.id)));
    server.runtime().wait(service.invite(room->id(), *schema::UserId::parse(anna.id)));
    REQUIRE(anna.post("/join/" + tests::segment(room->id().str())) == "200");
    server.runtime().wait(service.say(room->id(), {"Welcome"}, "welcome"));
    server.runtime().wait(service.say(room->id(), {"Welcome"}, "welcome"));
    const auto seen = anna.get("/rooms/" + tests::segment(room->id().str()) + "/messages?dir=b&limit=2");
    CHECK(seen.at("/chunk/0/content/body") == "Welcome");
    CHECK(seen.at("/chunk/1/type") == "m.room.member");
    server.runtime().wait(service.send_away(room->id(), *schema::UserId::parse(anna.id)));
    server.runtime().wait(service.send_away(room->id(), *schema::UserId::parse(anna.id)));
    CHECK(anna.get("/joined_rooms").at("/joined_rooms") == "[]");
}
