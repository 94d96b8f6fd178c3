// How a room's actor gets back from the database what it had in memory.
#include <fmt/format.h>

#include "core/rooms/room.hpp"

namespace runde::rooms {
namespace {

/// The PDU of a redacted state event is pruned when it is loaded: nobody may read the rest, and the rules judge by
/// what is left.
net::Bytes pdu_of(const storage::StoredState& state, const schema::EventId& id, const schema::RoomRules& rules) {
    if (!state.redacted) return net::bytes(state.json);
    const auto event = schema::load_event(state.json, id, rules);
    return net::bytes(schema::canonical_json(schema::redact(event->object, rules)));
}

}  // namespace

void Room::restore(storage::StoredRoomWhole whole) {
    const auto& room = whole.room;
    depth_ = room.depth;
    n_main_ = view_n_main_ = room.n_main;
    n_all_ = view_n_all_ = room.n_all;
    head_pos_ = room.head_pos;
    min_ord_ = room.min_ord;
    flags_ = room.flags;
    partial_ = room.partial;
    if (room.sg) group_ = StateGroupNo{*room.sg};
    sent_ids_ = SentIds{};

    for (auto& group : whole.groups) {
        const auto number = [](std::optional<std::int64_t> sg) { return sg ? std::optional(StateGroupNo{*sg}) : std::nullopt; };
        history_.restore(
            {StateGroupNo{group.sg}, number(group.parent), number(group.jump), group.depth, unpack_delta(group.delta)});
    }

    for (auto& state : whole.state) {
        dictionary_.restore(state.key_no, state.type, state.state_key);
        if (!state.event) continue;
        auto id = *schema::EventId::parse(state.event_id);
        auto pdu = pdu_of(state, id, rules_);
        current_.set(state.key_no, state.event);
        auto event = std::make_shared<StateEvent>(*state.event, std::move(id), std::move(pdu), rules_);
        if (state.type == "m.room.member") {
            const auto parsed = event->event();
            const auto word = schema::string_at(parsed->content(), "membership").value_or("leave");
            set_membership(state.state_key, parse_membership(word));
        }
        state_events_.emplace(state.key_no, std::move(event));
    }

    for (auto& stored : whole.extremities) {
        const auto id = *schema::EventId::parse(stored.event_id);
        const auto event = schema::load_event(stored.json, id, rules_);
        extremities_.push_back({stored.nid, id, stored.depth, schema::base64(schema::reference_hash(event->object, rules_)),
                                StateGroupNo{stored.sg_after.value_or(stored.sg.value_or(0))}});
    }

    for (const auto& stored : whole.recent) push_to_ring(make_line(stored, rules_));
    if (whole.recent.size() < ring_size)
        ring_floor_ = 0;
    else if (!ring_.empty())
        ring_floor_ = ring_.front()->pos - 1;  // What lies before it was not loaded.

    for (const auto& server : whole.servers) remote_servers_.emplace(server.server, server.joined);

    for (const auto& member : whole.members) {
        auto id = UserId::parse(fmt::format("@{}:{}", member.localpart, parts_.identity.server.str()));
        if (!id) throw std::logic_error("a stored user has no valid id");
        local_nids_.emplace(id->str(), member.user);
        LocalMember local(member.user, *id);
        local.membership = static_cast<Membership>(member.membership);
        local.member_event = member.member;
        local.forgotten = member.forgotten;
        local.read_ord = member.read_ord;
        local.all_ord = member.all_ord;
        local.base_main = member.base_main;
        local.base_threads = member.base_threads;
        set_push_class(local_members_.emplace(member.user, std::move(local)).first->second, member.push_class);
    }
    for (const auto& read : whole.thread_reads)
        if (auto* member = local_member(read.user)) member->threads[read.root] = {read.read_ord, read.base};
    for (auto& exception : whole.exceptions) {
        const auto root = exception.root.value_or(EventNid{0});
        if (auto* member = local_member(exception.user); member && exception.ord > member->read_in(root))
            member->exceptions.push_back({exception.ord, root, std::move(exception.root_id), exception.kind, exception.counted});
    }
    for (const auto& event : whole.withdrawn) withdrawn_.emplace(event.ord, event.root.value_or(EventNid{0}));
}

}  // namespace runde::rooms
