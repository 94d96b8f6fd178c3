#include "core/selfhelp/door.hpp"

#include "schema/refusal.hpp"

namespace runde::selfhelp {

using schema::Reason;
using schema::Refusal;

void Door::open(Parts parts, schema::Position stream) {
    standing.load_now(stream);
    const auto* key = &parts.rooms.identity().key;
    standing.consent_refusal = [this, key](const Standing::Group& group, std::string_view user) {
        schema::JsonObject extra;
        if (const auto id = schema::UserId::parse(user); id && !options.public_url.empty())
            extra["consent_uri"] = options.public_url + consent_path(ConsentToken{group.id, *id}.sign(*key));
        const auto where = extra.contains("consent_uri") ? " " + std::string(extra.at("consent_uri").as_string()) : "";
        return Refusal(Reason::consent_not_given,
                       "Bitte lesen Sie zuerst die Regeln dieser Gruppe und stimmen Sie ihnen zu." + where +
                           " / Please read and accept the rules of this group first." + where,
                       std::move(extra));
    };
    parts.rooms.set_gate([this](const schema::RoomId& room, std::string_view user) { return standing.opening(room, user); },
                         [this](const schema::RoomId& room, std::string_view user) {
                             if (const auto* group = standing.group_of(room.str())) throw standing.consent_refusal(*group, user);
                         });
    parts.rooms.add_guard([this, service = parts.service.id().str()](const rooms::Room& room, const schema::EventDraft& draft) {
        standing.guard(room, draft, service);
    });
    parts.rooms.on_commit([this, runtime = &parts.runtime](const rooms::Committed& committed) {
        if (committed.memberships.empty()) return;
        const auto* group = standing.group_of(committed.room.id().str());
        if (!group || committed.room.type() != "m.space") return;
        for (const auto& change : committed.memberships)
            if (change.before == rooms::Membership::join && change.after != rooms::Membership::join)
                runtime->spawn("a member left", groups.gone(group->id, change.user.str()));
    });
    parts.accounts.listeners.deactivated.add(
        [db = &parts.db, runtime = &parts.runtime, this](schema::UserNid, const schema::UserId& user, bool) {
            const auto forget = [](storage::Database& in, Standing& then, std::string who) -> net::Task<> {
                co_await in.transact([&](storage::Tx& tx) { storage::forget_roles(tx, who); });
                co_await then.refresh();
            };
            runtime->spawn("forget roles", forget(*db, standing, user.str()));
        });
    parts.runtime.spawn("groups and roles", standing.keep_fresh([this] { return groups.tidy(); }));
    parts.runtime.spawn("groups' rooms", groups.tidy_regularly());
}

}  // namespace runde::selfhelp
