#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/runtime.hpp"
#include "storage/lane.hpp"
#include "tests/support/test_database.hpp"

namespace runde::tests {

using storage::Committed;
using storage::Lane;
using storage::Submission;
namespace rows = storage::rows;
using schema::EventNid;
using schema::RoomNid;
using schema::UserNid;

constexpr RoomNid kitchen{1}, garden{2};

/// A plain message as a room actor would submit it.
inline Submission message(RoomNid room, std::int64_t nid, const std::string& text = "Hello") {
    Submission s;
    s.positions = 1;
    rows::Event event{.room = room, .nid = EventNid{nid}, .at = 0, .ord = {}, .origin_ts = 1000 + nid, .depth = nid, .sg = 7};
    event.event_id = "$" + std::to_string(nid);
    event.type = "m.room.message";
    event.sender = "@anna:hearth.test";
    event.json = R"({"content":{"body":")" + text + R"("},"type":"m.room.message"})";
    event.n_main = event.n_all = static_cast<int>(nid);
    s.events.push_back(std::move(event));
    rows::Room row{.room = room, .room_id = "!" + std::to_string(schema::raw(room)), .version = "12", .head_at = 0, .out_at = {}};
    row.depth = nid;
    row.n_main = row.n_all = static_cast<int>(nid);
    row.extremities = {EventNid{nid}};
    s.rooms.push_back(std::move(row));
    return s;
}

struct LaneFixture {
    /// "12" for the position, or what the submission was refused for.
    std::string submit(Submission s) { return submit(lane, std::move(s)); }
    std::string submit(Lane& to, Submission s) {
        try {
            return std::to_string(runtime.wait(to.submit(std::move(s))).base);
        } catch (const std::exception& error) {
            return error.what();
        }
    }
    /// Submits all at once, so that they share batches, and returns their results in the order of delivery.
    std::vector<std::string> submit_together(std::vector<Submission> list) {
        std::vector<std::string> results;
        const auto expected = list.size();
        for (auto& s : list)
            lane.submit(std::move(s), [&](Committed committed, std::exception_ptr error) {
                results.push_back(to_text(committed, error));
                if (results.size() == expected) all_there();
            });
        runtime.wait(until_all_there());
        return results;
    }
    static std::string to_text(Committed committed, const std::exception_ptr& error) {
        if (!error) return std::to_string(committed.base);
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& thrown) {
            return thrown.what();
        }
    }
    std::string ask(const std::string& sql) { return database.ask(sql); }

    TestDatabase database;
    net::Runtime runtime;
    Lane lane{runtime, database.url(), storage::Durability::safe};

private:
    net::Task<> until_all_there() {
        while (!there_) co_await runtime.clock().sleep(net::Milliseconds(1));
        there_ = false;
    }
    void all_there() { there_ = true; }
    bool there_ = false;
};

}  // namespace runde::tests
