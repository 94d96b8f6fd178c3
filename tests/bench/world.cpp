#include "tests/bench/world.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace runde::bench {

bool World::wants(std::string_view scenario) const {
    if (options.scenarios.empty()) return true;
    return std::find(options.scenarios.begin(), options.scenarios.end(), scenario) != options.scenarios.end();
}

void require(const Answer& answer, std::string_view what) {
    if (!answer.ok()) throw std::runtime_error(fmt::format("{}: {} {}", what, answer.status, answer.body.substr(0, 300)));
}

Task<> World::worker(std::size_t& next, std::size_t count, Clock::time_point until, const Work& work, Latencies& latencies) {
    Connection connection(loop, target);
    std::string complaint;
    while (next < count && Clock::now() < until) {
        const auto index = next++;
        const auto started = Clock::now();
        try {
            co_await work(connection, index);
            latencies.add(Clock::now() - started);
        } catch (const std::exception& error) {
            if (latencies.failures() == 0) complaint = error.what();
            latencies.failed();
        }
    }
    if (!complaint.empty()) fmt::print("    first failure: {}\n", complaint);
}

Task<Latencies> World::in_parallel(std::size_t workers, std::size_t count, const Work& work) {
    Latencies latencies;
    std::size_t next = 0;
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < std::min(workers, count); ++i)
        tasks.push_back(worker(next, count, Clock::time_point::max(), work, latencies));
    co_await all(std::move(tasks));
    co_return latencies;
}

Task<Latencies> World::for_a_while(std::size_t workers, double& seconds, const Work& work) {
    Latencies latencies;
    std::size_t next = 0;
    const auto started = Clock::now();
    const auto until = started + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < workers; ++i) tasks.push_back(worker(next, SIZE_MAX, until, work, latencies));
    co_await all(std::move(tasks));
    seconds = std::chrono::duration<double>(Clock::now() - started).count();
    co_return latencies;
}

Task<Person> register_person(World&, Connection& connection, std::string name) {
    constexpr auto path = "/_matrix/client/v3/register";
    const auto head = fmt::format(R"({{"username":"{}","password":"Sonnenblume 7","auth":{{"type":"m.login.dummy")", name);
    auto answer = co_await connection.request("POST", path, {}, head + "}}");
    if (answer.status == 401) {  // Some servers want their session back.
        const auto again = fmt::format(R"({},"session":"{}"}}}})", head, field(answer.body, "session"));
        answer = co_await connection.request("POST", path, {}, again);
    }
    require(answer, "register");
    co_return Person{std::string(field(answer.body, "user_id")), std::string(field(answer.body, "access_token"))};
}

Task<> World::need_people(std::size_t count) {
    const auto from = people.size();
    if (from >= count) co_return;
    fmt::print("    (making {} accounts)\n", count - from);
    people.resize(count);
    const auto made = co_await in_parallel(10, count - from, [&](Connection& connection, std::size_t i) -> Task<> {
        auto person = co_await register_person(*this, connection, fmt::format("p{}x{}", run, from + i));
        people[from + i] = std::move(person);
    });
    if (made.failures() > 0) throw std::runtime_error("not everybody could be registered");
}

Task<std::string> World::create_room(const Person& creator, std::string_view options_json) {
    Connection connection(loop, target);
    const auto answer = co_await connection.request("POST", "/_matrix/client/v3/createRoom", creator.token, options_json);
    require(answer, "createRoom");
    co_return std::string(field(answer.body, "room_id"));
}

Task<> World::join_all(const std::string& room, std::size_t from, std::size_t to) {
    const auto path = "/_matrix/client/v3/join/" + percent_encoded(room);
    const auto joined = co_await in_parallel(10, to - from, [&](Connection& connection, std::size_t i) -> Task<> {
        const auto answer = co_await connection.request("POST", path, people[from + i].token, "{}");
        require(answer, "join");
    });
    if (joined.failures() > 0) throw std::runtime_error("not everybody could join");
}

Task<std::string> say(World& world, Connection& connection, const Person& who, std::string_view room, std::string_view text,
                      std::string_view more) {
    const auto path = fmt::format("/_matrix/client/v3/rooms/{}/send/m.room.message/b{}x{}", percent_encoded(room), world.run,
                                  world.transactions++);
    const auto answer =
        co_await connection.request("PUT", path, who.token, fmt::format(R"({{"msgtype":"m.text","body":"{}"{}}})", text, more));
    require(answer, "send");
    co_return std::string(field(answer.body, "event_id"));
}

}  // namespace runde::bench
