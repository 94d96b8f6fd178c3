#include "federation/join_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "core/rooms/state_history.hpp"
#include "federation/event_stream.hpp"
#include "schema/refusal.hpp"
#include "storage/pdus.hpp"

namespace runde::federation {

using schema::EventNid;

namespace {

/// As many names as a client shows of a room without one.
constexpr std::size_t most_heroes = 5;

struct Parts {
    std::vector<EventNid> state, chain;
};

/// The member events that make up the room's name where it has none.
std::unordered_set<std::string> heroes(const rooms::Room& room, const std::string& joining) {
    std::unordered_set<std::string> names;
    if (room.state("m.room.name") || room.state("m.room.canonical_alias")) return names;
    for (const auto& [user, membership] : room.memberships()) {
        if (names.size() == most_heroes) break;
        if (user != joining && (membership == rooms::Membership::join || membership == rooms::Membership::invite))
            names.insert(user);
    }
    return names;
}

}  // namespace

net::Task<std::unique_ptr<net::BodySource>> join_answer(rooms::Rooms& rooms, Hosting::Taken taken, JoinAnswerOptions options) {
    const auto room = taken.room;
    const auto nid = room->nid();
    const auto join_id = taken.event->id;
    auto& db = rooms.parts().db;
    // Which keys are left out is decided here; the database threads do not look into a room.
    std::vector<bool> left_out(static_cast<std::size_t>(room->dictionary().next()), false);
    if (options.omit_members) {
        const auto kept = heroes(*room, taken.event->sender.str());
        for (int key = 1; key < room->dictionary().next(); ++key)
            left_out[static_cast<std::size_t>(key)] =
                room->dictionary().type(key) == "m.room.member" && !kept.contains(room->dictionary().state_key(key));
    }
    auto parts = co_await db.read([&](storage::Tx& tx) {
        Parts found;
        const auto rows = storage::events_by_id(tx, {join_id.str()});
        if (rows.empty()) throw schema::Refusal(schema::Reason::not_found, "There is no such event.");
        auto roots = state_nids_before(tx, nid, rows.front());
        std::vector<EventNid> shown;
        for (const auto& [key, event] : roots)
            if (static_cast<std::size_t>(key) >= left_out.size() || !left_out[static_cast<std::size_t>(key)])
                shown.push_back(event);
        auto cited = shown;
        cited.push_back(rows.front().nid);
        found.chain = storage::auth_chain(tx, nid, cited);
        found.state = std::move(shown);
        return found;
    });
    bool omitted = false;
    if (options.omit_members) {
        const std::unordered_set<EventNid> state(parts.state.begin(), parts.state.end());
        std::erase_if(parts.chain, [&](EventNid one) { return state.contains(one); });
        omitted = std::ranges::find(left_out, true) != left_out.end();
    }

    std::string head = options.wrapped ? "[200," : "";
    head += fmt::format(R"({{"origin":{},"event":{},"members_omitted":{})", schema::quoted(rooms.identity().server.str()),
                        taken.event->json, omitted);
    if (omitted) {
        const schema::JsonArray servers(taken.servers.begin(), taken.servers.end());
        head += R"(,"servers_in_room":)" + schema::to_text(servers);
    }
    head += R"(,"state":[)";
    std::vector<EventStream::List> lists{{std::move(head), std::move(parts.state)},
                                         {R"(],"auth_chain":[)", std::move(parts.chain)}};
    co_return std::make_unique<EventStream>(db, ServerView{room, {}, false}, EventStream::As::pdus, std::move(lists),
                                            options.wrapped ? "]}]" : "]}");
}

}  // namespace runde::federation
