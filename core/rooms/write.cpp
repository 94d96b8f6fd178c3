#include "core/rooms/write.hpp"

#include "core/rooms/aliases.hpp"
#include "core/rooms/membership.hpp"
#include "core/rooms/people.hpp"
#include "schema/refusal.hpp"

namespace runde::rooms {

using schema::Reason;
using schema::Refusal;

net::Task<Room::Appended> send(Rooms& rooms, Writing writing, std::string txn) {
    const auto room = co_await rooms.require_joined(writing.room, writing.sender);
    schema::EventDraft draft{std::move(writing.type), writing.sender, std::nullopt, std::move(writing.content), std::nullopt};
    if (draft.type == "m.room.redaction") {
        const auto target = schema::EventId::parse(schema::string_at(draft.content, "redacts").value_or(""));
        if (!target) throw Refusal(Reason::missing_param, "A redaction names the event it redacts.");
        draft.redacts = *target;
    }
    co_return co_await room->append(std::move(draft),
                                    {.device = writing.device, .txn = std::move(txn), .origin_ts = writing.origin_ts});
}

net::Task<Room::Appended> set_state(Rooms& rooms, Writing writing, std::string state_key) {
    const auto room = co_await rooms.require_joined(writing.room, writing.sender);
    if (writing.type == "m.room.create") throw Refusal(Reason::forbidden, "A room is created once.");
    if (writing.type == "m.room.canonical_alias" && state_key.empty()) co_await check_canonical_alias(rooms, room, writing.content);
    AppendOptions options{.origin_ts = writing.origin_ts};
    if (writing.type == "m.room.member") {
        const auto target = schema::UserId::parse(state_key);
        if (!target) throw Refusal(Reason::invalid_param, "The state key of a member event is a user id.");
        if (rooms.identity().is_local(*target)) {
            const auto person = co_await find_person(rooms.parts().db, *target);
            if (person) options.target = person->nid;
            if (person && schema::string_at(writing.content, "membership") == "invite")
                co_await require_invitable(rooms.parts().db, person->nid);
        } else if (schema::string_at(writing.content, "membership") == "invite" &&
                   !writing.content.contains("third_party_invite")) {
            // Their server signs it, too, or it would never know.
            const auto reason = schema::string_at(writing.content, "reason");
            co_await invite(rooms, writing.sender, writing.room, *target,
                            reason ? std::optional(std::string(*reason)) : std::nullopt,
                            schema::boolean_at(writing.content, "is_direct").value_or(false));
            const auto invited = room->state(writing.type, state_key);
            if (!invited) throw Refusal(Reason::remote_failed, "");
            co_return Room::Appended{invited->id, 0};
        }
    }
    if (const auto current = room->state(writing.type, state_key);
        current && current->event()->content() == writing.content && current->event()->sender == writing.sender)
        co_return Room::Appended{current->id, 0};
    schema::EventDraft draft{std::move(writing.type), writing.sender, std::move(state_key), std::move(writing.content),
                             std::nullopt};
    co_return co_await room->append(std::move(draft), std::move(options));
}

net::Task<Room::Appended> redact(Rooms& rooms, Writing writing, schema::EventId target, std::string txn) {
    const auto room = co_await rooms.require_joined(writing.room, writing.sender);
    schema::EventDraft draft{"m.room.redaction", writing.sender, std::nullopt, std::move(writing.content), target};
    co_return co_await room->append(std::move(draft),
                                    {.device = writing.device, .txn = std::move(txn), .origin_ts = writing.origin_ts});
}

}  // namespace runde::rooms
