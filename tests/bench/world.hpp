#pragma once
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/figures.hpp"
#include "tests/bench/http.hpp"
#include "tests/bench/loop.hpp"

namespace runde::bench {

struct Options {
    std::string url;
    std::string durability = "unknown";  ///< Printed with the results; the server's affair.
    std::vector<std::string> scenarios;  ///< Empty: all.
    double scale = 1;                    ///< Of the numbers of people, rooms and messages.
    double seconds = 5;                  ///< How long each series of a timed scenario runs.
    int pid = 0;       ///< Of the server, if it runs on this machine: its memory and CPU are reported.
    std::string json;  ///< File for the results.
};

struct Person {
    std::string id, token;
};

/// The server under test, and the people and rooms made on it so far.
class World {
public:
    World(Loop& loop, const Options& options) : loop(loop), options(options), target(options.url) {}

    /// A number of the full scenario at this run's scale.
    std::size_t scaled(std::size_t full, std::size_t at_least = 1) const {
        return std::max(at_least, static_cast<std::size_t>(static_cast<double>(full) * options.scale));
    }
    bool wants(std::string_view scenario) const;

    /// Calls work(connection, index) for index 0 .. count-1 from `workers` connections, each of which takes
    /// the next index when it is done with one. A work that throws counts as a failure.
    using Work = std::function<Task<>(Connection& connection, std::size_t index)>;
    Task<Latencies> in_parallel(std::size_t workers, std::size_t count, const Work& work);
    /// The same for a time instead of a count. Sets `seconds` to what it really took.
    Task<Latencies> for_a_while(std::size_t workers, double& seconds, const Work& work);

    /// Makes people until there are so many.
    Task<> need_people(std::size_t count);
    Task<std::string> create_room(const Person& creator, std::string_view options = R"({"preset":"public_chat"})");
    /// people[from] .. people[to - 1] join.
    Task<> join_all(const std::string& room, std::size_t from, std::size_t to);

    Loop& loop;
    const Options& options;
    Target target;
    Report report;
    std::vector<Person> people;
    std::string run = std::to_string(std::random_device{}());  ///< Keeps names of different runs apart.
    std::size_t transactions = 0;
    std::vector<std::string> rooms;  ///< Of the archive: 200 rooms of 50 people with 1,000 posts each.

private:
    Task<> worker(std::size_t& next, std::size_t count, Clock::time_point until, const Work& work, Latencies& latencies);
};

/// Throws std::runtime_error with the answer's beginning unless it is a 200.
void require(const Answer& answer, std::string_view what);
Task<Person> register_person(World& world, Connection& connection, std::string name);
/// Sends a text (already escaped for JSON) and returns the event's id.
Task<std::string> say(World& world, Connection& connection, const Person& who, std::string_view room, std::string_view text,
                      std::string_view more = {});

// The scenarios of performance.md 6.3, by their numbers there.
Task<> accounts(World& world);
Task<> sending(World& world);
Task<> delivery(World& world);
Task<> idle_polls(World& world);
Task<> initial_sync(World& world);
Task<> history(World& world);
Task<> threads(World& world);
Task<> search(World& world);
/// What 5, 6 and 8 read: made once.
Task<> need_archive(World& world);

}  // namespace runde::bench
