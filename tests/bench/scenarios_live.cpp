// Scenarios 1 to 4: accounts, sending, delivery, waiting.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "tests/bench/world.hpp"

namespace runde::bench {

namespace {

double seconds_since(Clock::time_point started) { return std::chrono::duration<double>(Clock::now() - started).count(); }

std::string sync_path(std::string_view since, int timeout_ms) {
    // Listeners want the news of one room and no history, as a list of rooms does.
    static const auto filter =
        percent_encoded(R"({"presence":{"types":[]},"room":{"timeline":{"limit":20},"state":{"lazy_load_members":true}}})");
    return fmt::format("/_matrix/client/v3/sync?timeout={}&filter={}{}{}", timeout_ms, filter,
                       since.empty() ? "" : "&since=", percent_encoded(since));
}

}  // namespace

Task<> accounts(World& world) {
    const auto count = world.scaled(1000, 20);
    world.report.title("1a", "accounts: registering, 10 side by side");
    const auto from = world.people.size();
    world.people.resize(from + count);

    auto started = Clock::now();
    const auto registered = co_await world.in_parallel(10, count, [&](Connection& connection, std::size_t i) -> Task<> {
        auto person = co_await register_person(world, connection, fmt::format("a{}x{}", world.run, i));
        world.people[from + i] = std::move(person);
    });
    world.report.add_series("1a", seconds_since(started), registered);

    world.report.title("1b", "accounts: signing in by password, 10 side by side");
    started = Clock::now();
    const auto logins = co_await world.in_parallel(10, count, [&](Connection& connection, std::size_t i) -> Task<> {
        const auto answer = co_await connection.request(
            "POST", "/_matrix/client/v3/login", {},
            fmt::format(
                R"({{"type":"m.login.password","identifier":{{"type":"m.id.user","user":"{}"}},"password":"Sonnenblume 7"}})",
                world.people[from + i].id));
        require(answer, "login");
    });
    world.report.add_series("1b", seconds_since(started), logins);

    world.report.title("1c", "accounts: whoami, 10 side by side");
    started = Clock::now();
    const auto whoami =
        co_await world.in_parallel(10, world.scaled(10'000, 500), [&](Connection& connection, std::size_t i) -> Task<> {
            const auto& token = world.people[from + i % count].token;
            const auto answer = co_await connection.request("GET", "/_matrix/client/v3/account/whoami", token);
            require(answer, "whoami");
        });
    world.report.add_series("1c", seconds_since(started), whoami);
}

namespace {

/// One warm-up, then three runs; the one with the median rate counts.
Task<> measure_sending(World& world, std::string name, std::string_view title, std::size_t senders,
                       const std::vector<std::string>& rooms) {
    world.report.title(name, title);
    std::vector<std::pair<double, Latencies>> runs;
    for (int run = 0; run < 4; ++run) {
        double seconds = run == 0 ? std::min(1.0, world.options.seconds) : world.options.seconds;
        // People 0 .. senders-1 take turns, whichever connection is free.
        auto latencies = co_await world.for_a_while(senders, seconds, [&](Connection& connection, std::size_t i) -> Task<> {
            co_await say(world, connection, world.people[i % senders], rooms[i % rooms.size()],
                         "Guten Abend zusammen, wie war eure Woche? Bei mir ging es auf und ab.");
        });
        if (run > 0) runs.emplace_back(seconds, std::move(latencies));
    }
    const auto rate = [](const auto& run) { return static_cast<double>(run.second.count()) / run.first; };
    std::sort(runs.begin(), runs.end(), [&](const auto& a, const auto& b) { return rate(a) < rate(b); });
    world.report.add_series(name, runs[1].first, runs[1].second);
}

}  // namespace

Task<> sending(World& world) {
    const auto crowd = world.scaled(1000, 50);
    co_await world.need_people(std::max<std::size_t>(50, crowd));
    const auto room = co_await world.create_room(world.people[0]);
    co_await world.join_all(room, 1, 50);
    co_await measure_sending(world, "2a", "send: 1 room, 1 sender", 1, {room});
    co_await measure_sending(world, "2b", "send: 1 room, 10 senders", 10, {room});
    co_await measure_sending(world, "2c", "send: 1 room, 50 senders", 50, {room});

    std::vector<std::string> many;
    for (std::size_t i = 0; i < world.scaled(200, 10); ++i) {
        auto one = co_await world.create_room(world.people[0]);
        co_await world.join_all(one, 1, 50);
        many.push_back(std::move(one));
    }
    co_await measure_sending(world, "2d", fmt::format("send: {} rooms, 50 senders", many.size()), 50, many);

    const auto big = co_await world.create_room(world.people[0]);
    co_await world.join_all(big, 1, crowd);
    co_await measure_sending(world, "2e", fmt::format("send: 1 room of {} members, 10 senders", crowd), 10, {big});
}

namespace {

struct Delivery {
    std::size_t listeners;
    bool over = false;
    std::size_t listening = 0;
    Latencies latencies;
};

/// Long-polls until it is over; a message's text is the time when it was sent.
Task<> listen(World& world, const Person& who, Delivery& delivery) {
    Connection connection(world.loop, world.target);
    auto answer = co_await connection.request("GET", sync_path({}, 0), who.token);
    require(answer, "sync");
    std::string since(field(answer.body, "next_batch"));
    ++delivery.listening;
    while (!delivery.over) {
        answer = co_await connection.request("GET", sync_path(since, 5000), who.token);
        if (!answer.ok()) {
            delivery.latencies.failed();
            continue;
        }
        const auto now = Clock::now();
        constexpr std::string_view mark = "sent@";
        for (auto at = answer.body.find(mark); at != std::string::npos; at = answer.body.find(mark, at + 1)) {
            std::int64_t nanoseconds = 0;
            std::from_chars(answer.body.data() + at + mark.size(), answer.body.data() + answer.body.size(), nanoseconds);
            delivery.latencies.add(now - Clock::time_point(Clock::duration(nanoseconds)));
        }
        since = field(answer.body, "next_batch");
    }
}

/// So many messages a second, whether or not the earlier ones have been answered.
Task<> write_steadily(World& world, const std::string& room, double per_second, double seconds, Delivery& delivery) {
    while (delivery.listening < delivery.listeners) co_await world.loop.sleep_until(Clock::now() + std::chrono::milliseconds(50));
    const auto writers = static_cast<std::size_t>(std::max(1.0, std::min(20.0, per_second)));
    const auto started = Clock::now();
    const auto total = static_cast<std::size_t>(per_second * seconds);
    const auto sent = co_await world.in_parallel(writers, total, [&](Connection& connection, std::size_t i) -> Task<> {
        const auto due = started + std::chrono::duration_cast<Clock::duration>(
                                       std::chrono::duration<double>(static_cast<double>(i) / per_second));
        co_await world.loop.sleep_until(due);
        co_await say(world, connection, world.people[i % writers], room,
                     fmt::format("sent@{}", Clock::now().time_since_epoch().count()));
    });
    if (sent.failures() > 0) fmt::print("    {} messages could not be sent\n", sent.failures());
    co_await world.loop.sleep_until(Clock::now() + std::chrono::seconds(1));  // What is under way still counts.
    delivery.over = true;
    // One last message ends everybody's poll.
    Connection connection(world.loop, world.target);
    co_await say(world, connection, world.people[0], room, "Gute Nacht!");
}

Task<> measure_delivery(World& world, std::string name, const std::string& room, std::size_t listeners, double per_second) {
    world.report.title(name, fmt::format("delivery: {} listeners, {} messages a second", listeners, per_second));
    Delivery delivery{.listeners = listeners};
    const auto before = footprint_of(world.options.pid);
    const auto started = Clock::now();
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < listeners; ++i) tasks.push_back(listen(world, world.people[i], delivery));
    tasks.push_back(write_steadily(world, room, per_second, world.options.seconds * 2, delivery));
    co_await all(std::move(tasks));
    const auto after = footprint_of(world.options.pid);
    const auto expected = static_cast<double>(listeners) * per_second * world.options.seconds * 2;
    world.report.add(name, "p50 ms", delivery.latencies.percentile(0.5));
    world.report.add(name, "p99 ms", delivery.latencies.percentile(0.99));
    world.report.add(name, "delivered %", 100 * static_cast<double>(delivery.latencies.count()) / expected);
    if (world.options.pid)
        world.report.add(name, "server CPU %", 100 * (after.cpu_seconds - before.cpu_seconds) / seconds_since(started));
}

}  // namespace

Task<> delivery(World& world) {
    const auto crowd = world.scaled(1000, 50);
    co_await world.need_people(crowd);
    const auto room = co_await world.create_room(world.people[0]);
    co_await world.join_all(room, 1, crowd);
    const auto few = std::max<std::size_t>(10, crowd / 10);
    co_await measure_delivery(world, "3a", room, few, 5);
    co_await measure_delivery(world, "3b", room, few, 50);
    co_await measure_delivery(world, "3c", room, crowd, 5);
    co_await measure_delivery(world, "3d", room, crowd, 50);
}

namespace {

Task<> wait_idly(World& world, const Person& who, std::size_t& waiting, const bool& over, std::size_t& failures) {
    Connection connection(world.loop, world.target);
    auto answer = co_await connection.request("GET", sync_path({}, 0), who.token);
    require(answer, "sync");
    std::string since(field(answer.body, "next_batch"));
    ++waiting;
    while (!over) {
        answer = co_await connection.request("GET", sync_path(since, 30'000), who.token);
        if (answer.ok())
            since = field(answer.body, "next_batch");
        else
            ++failures;
    }
}

Task<> watch_the_idle(World& world, std::size_t polls, std::size_t& waiting, bool& over, double base_mb) {
    while (waiting < polls) co_await world.loop.sleep_until(Clock::now() + std::chrono::milliseconds(200));
    co_await world.loop.sleep_until(Clock::now() + std::chrono::seconds(5));  // The bustle of arriving is not the state.
    const auto before = footprint_of(world.options.pid);
    const auto started = Clock::now();
    co_await world.loop.sleep_until(started + std::chrono::seconds(static_cast<int>(world.options.seconds * 8)));
    const auto after = footprint_of(world.options.pid);
    world.report.add("4", "polls", static_cast<double>(waiting));
    if (world.options.pid) {
        world.report.add("4", "server MB over before", after.server_mb - base_mb);
        world.report.add("4", "server CPU %", 100 * (after.cpu_seconds - before.cpu_seconds) / seconds_since(started));
    }
    over = true;
}

}  // namespace

Task<> idle_polls(World& world) {
    const auto polls = world.scaled(5000, 100);
    const auto members = std::min<std::size_t>(100, polls);  // Each with several devices; 5,000 accounts take too long to make.
    const auto rooms_each = world.scaled(50, 5);
    co_await world.need_people(members);
    for (std::size_t i = 0; i < rooms_each; ++i) {
        const auto room = co_await world.create_room(world.people[0]);
        co_await world.join_all(room, 1, members);
    }
    world.report.title("4", fmt::format("waiting: {} long-polls of {} members in {} rooms each", polls, members, rooms_each));
    const double base_mb = footprint_of(world.options.pid).server_mb;
    std::size_t waiting = 0, failures = 0;
    bool over = false;
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < polls; ++i) tasks.push_back(wait_idly(world, world.people[i % members], waiting, over, failures));
    tasks.push_back(watch_the_idle(world, polls, waiting, over, base_mb));
    co_await all(std::move(tasks));
    if (failures > 0) world.report.add("4", "failures", static_cast<double>(failures));
}

}  // namespace runde::bench
