// Scenarios 5 to 8: what is read of a grown archive. 200 rooms of 50 people with 1,000 posts each, and one of
// 10,000 threads.
#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "tests/bench/world.hpp"

namespace runde::bench {

namespace {

constexpr std::string_view beginnings[] = {
    "Gespräch", "Arzt",    "Kranken", "Abend",  "Wochen",   "Pflege",     "Schlaf",     "Angst", "Mut",      "Herz",
    "Familien", "Haus",    "Garten",  "Sommer", "Winter",   "Morgen",     "Nacht",      "Reha",  "Therapie", "Medikamenten",
    "Alltags",  "Arbeits", "Kinder",  "Eltern", "Freundes", "Telefon",    "Bewegungs",  "Atem",  "Kraft",    "Ruhe",
    "Rücken",   "Blut",    "Augen",   "Stimm",  "Schmerz",  "Müdigkeits", "Selbsthilfe"};
constexpr std::string_view endings[] = {"gruppe",  "runde",  "termin", "stunde", "plan",  "frage", "sorge",    "hilfe",    "zeit",
                                        "weg",     "buch",   "tag",    "kreis",  "pause", "übung", "tagebuch", "beratung", "stelle",
                                        "verlauf", "besuch", "gefühl", "liste",  "karte", "punkt", "wunsch",   "bericht"};
constexpr std::string_view small[] = {"und",   "ich",   "habe",    "mit",     "der",     "die",      "das",
                                      "nicht", "wir",   "heute",   "wieder",  "dann",    "aber",     "auch",
                                      "sehr",  "schon", "gestern", "endlich", "langsam", "gemeinsam"};
constexpr std::size_t words = std::size(beginnings) * std::size(endings);

/// A German-looking sentence: small words, and compounds whose frequency falls with their rank as in any
/// language. "Müdigkeit" stands in every 200th post, "Gruppe" in every 5th, "Zaunlatte" in every 20,000th.
std::string sentence(std::mt19937& random, std::size_t number) {
    std::string text;
    const auto length = 8 + random() % 16;
    for (std::size_t i = 0; i < length; ++i) {
        if (i > 0) text += ' ';
        if (random() % 5 < 3) {
            text += small[random() % std::size(small)];
            continue;
        }
        const double uniform = (random() % 100'000 + 1) / 100'000.0;
        const auto rank = static_cast<std::size_t>(std::pow(static_cast<double>(words), uniform)) - 1;
        text += beginnings[rank % std::size(beginnings)];
        text += endings[rank / std::size(beginnings) % std::size(endings)];
    }
    if (number % 5 == 0) text += " Gruppe";
    if (number % 200 == 0) text += " Müdigkeit";
    if (number % 20'000 == 0) text += " Zaunlatte";
    return text + ".";
}

double milliseconds_since(Clock::time_point started) {
    return std::chrono::duration<double, std::milli>(Clock::now() - started).count();
}

constexpr std::size_t residents = 50;

}  // namespace

Task<> need_archive(World& world) {
    if (!world.rooms.empty()) co_return;
    const auto rooms = world.scaled(200, 4), posts = world.scaled(200'000, 2000);
    co_await world.need_people(residents);
    fmt::print("\n    (making {} rooms of {} people with {} posts in all)\n", rooms, residents, posts);
    const auto started = Clock::now();
    for (std::size_t i = 0; i < rooms; ++i) {
        auto room = co_await world.create_room(world.people[0], fmt::format(R"({{"preset":"public_chat","name":"Raum {}"}})", i));
        co_await world.join_all(room, 1, residents);
        world.rooms.push_back(std::move(room));
    }
    std::mt19937 random(7);
    const auto written = co_await world.in_parallel(50, posts, [&](Connection& connection, std::size_t i) -> Task<> {
        co_await say(world, connection, world.people[i % residents], world.rooms[i % rooms], sentence(random, i));
    });
    if (written.failures() > 0) throw std::runtime_error("the archive could not be written");
    fmt::print("    (took {:.0f} s)\n", milliseconds_since(started) / 1000);
}

namespace {

Task<> measure_sync(World& world, const std::string& name, std::string_view filter) {
    Connection connection(world.loop, world.target);
    Latencies latencies;
    std::size_t bytes = 0;
    const auto path = "/_matrix/client/v3/sync?timeout=0&filter=" + percent_encoded(filter);
    for (int run = 0; run < 6; ++run) {
        const auto started = Clock::now();
        const auto answer = co_await connection.request("GET", path, world.people[1].token);
        require(answer, "sync");
        if (run > 0)
            latencies.add(Clock::now() - started);
        else
            world.report.add(name, "first ms", milliseconds_since(started));
        bytes = answer.body.size();
    }
    world.report.add(name, "p50 ms", latencies.percentile(0.5));
    world.report.add(name, "KB", static_cast<double>(bytes) / 1024);
}

}  // namespace

Task<> initial_sync(World& world) {
    co_await need_archive(world);
    world.report.title("5a", fmt::format("initial sync: {} rooms, lazy members", world.rooms.size()));
    co_await measure_sync(world, "5a", R"({"room":{"state":{"lazy_load_members":true}}})");
    world.report.title("5b", fmt::format("initial sync: {} rooms, all members", world.rooms.size()));
    co_await measure_sync(world, "5b", "{}");
}

Task<> history(World& world) {
    co_await need_archive(world);
    world.report.title("6", "history: pages of 50, backwards, 4 readers");
    double seconds = world.options.seconds;
    std::vector<std::string> at(world.rooms.size());
    const auto pages = co_await world.for_a_while(4, seconds, [&](Connection& connection, std::size_t i) -> Task<> {
        auto& from = at[i % at.size()];
        const auto path =
            fmt::format("/_matrix/client/v3/rooms/{}/messages?dir=b&limit=50{}{}", percent_encoded(world.rooms[i % at.size()]),
                        from.empty() ? "" : "&from=", percent_encoded(from));
        const auto answer = co_await connection.request("GET", path, world.people[i % residents].token);
        require(answer, "messages");
        from = field(answer.body, "end");
    });
    world.report.add_series("6", seconds, pages);
}

Task<> threads(World& world) {
    const auto count = world.scaled(10'000, 200);
    constexpr std::size_t replies = 5;
    co_await world.need_people(residents);
    const auto room = co_await world.create_room(world.people[0]);
    co_await world.join_all(room, 1, residents);
    fmt::print("\n    (writing {} threads of {} replies)\n", count, replies);
    std::mt19937 random(11);
    std::vector<std::string> roots(count);
    const auto written = co_await world.in_parallel(50, count, [&](Connection& connection, std::size_t i) -> Task<> {
        auto root = co_await say(world, connection, world.people[i % residents], room, sentence(random, i + 1));
        for (std::size_t reply = 0; reply < replies; ++reply)
            co_await say(world, connection, world.people[(i + reply) % residents], room, sentence(random, i + 1),
                         fmt::format(R"(,"m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}})", root));
        roots[i] = std::move(root);
    });
    if (written.failures() > 0) throw std::runtime_error("the threads could not be written");

    const auto base = "/_matrix/client/v1/rooms/" + percent_encoded(room);
    world.report.title("7a", fmt::format("threads: a page of 20 of {}, from the newest to the oldest", count));
    std::string from;
    Latencies pages;
    Connection connection(world.loop, world.target);
    auto started = Clock::now();
    for (std::size_t page = 0; page < 200 && (page == 0 || !from.empty()); ++page) {
        const auto asked = Clock::now();
        const auto answer = co_await connection.request(
            "GET", fmt::format("{}/threads?limit=20{}{}", base, from.empty() ? "" : "&from=", percent_encoded(from)),
            world.people[1].token);
        require(answer, "threads");
        pages.add(Clock::now() - asked);
        from = field(answer.body, "next_batch");
    }
    world.report.add_series("7a", milliseconds_since(started) / 1000, pages);

    world.report.title("7b", "threads: opening one");
    double seconds = world.options.seconds;
    const auto opened = co_await world.for_a_while(1, seconds, [&](Connection& reader, std::size_t i) -> Task<> {
        const auto path = fmt::format("{}/relations/{}/m.thread?limit=20", base, percent_encoded(roots[i * 37 % count]));
        const auto answer = co_await reader.request("GET", path, world.people[i % residents].token);
        require(answer, "relations");
    });
    world.report.add_series("7b", seconds, opened);

    world.report.title("7c", "threads: a sync that counts what is unread in 100 of them");
    const auto sync = "/_matrix/client/v3/sync?timeout=0&filter=" +
                      percent_encoded(R"({"room":{"timeline":{"unread_thread_notifications":true}}})");
    const auto first = co_await connection.request("GET", sync, world.people[1].token);
    require(first, "sync");
    const auto since = percent_encoded(field(first.body, "next_batch"));
    const auto answered =
        co_await world.in_parallel(10, std::min<std::size_t>(100, count), [&](Connection& writer, std::size_t i) -> Task<> {
            co_await say(world, writer, world.people[0], room, "Noch etwas dazu.",
                         fmt::format(R"(,"m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}})", roots[i]));
        });
    if (answered.failures() > 0) throw std::runtime_error("the threads could not be answered");
    Latencies syncs;
    started = Clock::now();
    for (int run = 0; run < 20; ++run) {
        const auto asked = Clock::now();
        const auto answer = co_await connection.request("GET", sync + "&since=" + since, world.people[1].token);
        require(answer, "sync");
        syncs.add(Clock::now() - asked);
    }
    world.report.add_series("7c", milliseconds_since(started) / 1000, syncs);
}

namespace {

Task<> measure_search(World& world, const std::string& name, std::string_view title, std::string_view term, bool one_room) {
    world.report.title(name, title);
    double seconds = world.options.seconds;
    const auto found = co_await world.for_a_while(1, seconds, [&](Connection& connection, std::size_t i) -> Task<> {
        const auto filter = one_room ? fmt::format(R"(,"filter":{{"rooms":["{}"]}})", world.rooms[i % world.rooms.size()]) : "";
        const auto answer = co_await connection.request(
            "POST", "/_matrix/client/v3/search", world.people[i % residents].token,
            fmt::format(R"({{"search_categories":{{"room_events":{{"search_term":"{}","order_by":"recent"{}}}}}}})", term, filter));
        require(answer, "search");
        if (!one_room && answer.body.find("\"event_id\"") == std::string::npos) throw std::runtime_error("nothing was found");
    });
    world.report.add_series(name, seconds, found);
}

/// Fifty messages a second while something else is measured.
Task<> disturb(World& world, const bool& over) {
    std::mt19937 random(13);
    Connection connection(world.loop, world.target);
    auto due = Clock::now();
    std::size_t i = 0;
    while (!over) {
        ++i;
        co_await say(world, connection, world.people[i % residents], world.rooms[i % world.rooms.size()], sentence(random, i));
        due += std::chrono::milliseconds(20);
        co_await world.loop.sleep_until(due);
    }
}

Task<> search_meanwhile(World& world, bool& over) {
    co_await measure_search(world, "8e", "search: a usual word, everywhere, while 50 messages a second are written", "Müdigkeit",
                            false);
    over = true;
}

}  // namespace

Task<> search(World& world) {
    co_await need_archive(world);
    co_await measure_search(world, "8a", "search: a rare word, everywhere", "Zaunlatte", false);
    co_await measure_search(world, "8b", "search: a usual word, everywhere", "Müdigkeit", false);
    co_await measure_search(world, "8c", "search: a very common word, everywhere", "Gruppe", false);
    co_await measure_search(world, "8d", "search: a usual word, in one room", "Müdigkeit", true);
    bool over = false;
    std::vector<Task<>> tasks;
    tasks.push_back(disturb(world, over));
    tasks.push_back(search_meanwhile(world, over));
    co_await all(std::move(tasks));
}

}  // namespace runde::bench
