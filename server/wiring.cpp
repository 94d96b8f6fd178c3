#include "server/wiring.hpp"

#include "api/routes.hpp"
#include "core/rooms/membership.hpp"
#include "core/rooms/policy_server.hpp"
#include "core/rooms/push_profiles.hpp"
#include "core/rooms/search.hpp"
#include "core/selfhelp/forum.hpp"
#include "core/selfhelp/topics.hpp"
#include "federation/http_link.hpp"
#include "storage/migrations.hpp"
#include "storage/retention.hpp"

namespace runde::server {

static std::unique_ptr<federation::Federation> federate(Wiring& server) {
    const auto& options = server.options;
    if (!options.federation.enabled) return nullptr;
    return std::make_unique<federation::Federation>(
        federation::Federation::Parts{.runtime = server.runtime,
                                      .db = server.db,
                                      .lane = server.lane,
                                      .numbers = server.numbers,
                                      .identity = server.identity,
                                      .rooms = server.rooms,
                                      .typing = server.typing,
                                      .accounts = server.accounts},
        options.federation,
        options.link ? options.link : std::make_shared<federation::HttpLink>(server.runtime, options.federation));
}

Wiring::Wiring(net::Runtime& of, WiringOptions what)
    : options(std::move(what)),
      runtime(of),
      db(runtime, {.url = options.database_url, .readers = options.database_readers}),
      migrations_applied(storage::migrate(db)),
      numbers(db),
      lane(runtime, options.database_url, options.durability),
      accounts(runtime, db, lane, numbers, options.accounts),
      policy_key(rooms::policy_key_of(options.signing_key)),
      identity{options.accounts.server_name, options.signing_key, options.federation.enabled ? &policy_key : nullptr},
      rooms({.runtime = runtime, .db = db, .lane = lane, .numbers = numbers, .identity = identity}),
      follower(rooms),
      typing(rooms),
      hubs({.runtime = runtime, .db = db, .lane = lane, .rooms = rooms, .listeners = accounts.listeners}),
      sync(hubs),
      mailer(runtime, options.mail),
      service(rooms,
              selfhelp::ServiceAccount::find_or_make_now(db, numbers, options.accounts.server_name, runtime.clock().now_ms())),
      jobs(runtime, db),
      door(door_parts(), options.door),
      federation(federate(*this)),
      admission(admission_parts(), options.admission),
      role_ends({runtime, db, door.groups, admission, jobs}),
      rate_limits(options.rate_limits),
      services{.runtime = runtime,
               .db = db,
               .lane = lane,
               .numbers = numbers,
               .sessions = accounts.sessions,
               .accounts = accounts,
               .rooms = rooms,
               .typing = typing,
               .follower = follower,
               .sync = sync,
               .door = door,
               .service = service,
               .jobs = jobs,
               .admission = admission,
               .federation = federation.get(),
               .discovery = options.discovery,
               .rate_limits = rate_limits,
               .report = options.report},
      router(api::all_routes()) {
    connect();
    door.open(door_parts(), lane.head());
    admission.load_now();
    jobs.start();
    runtime.spawn("limited accounts", admission.sweep_regularly());
    runtime.spawn("purge", storage::purge_regularly(db, runtime.clock()));
}

// Works of the database use parts that are built after it.
Wiring::~Wiring() { db.stop(); }

selfhelp::AdmissionOffice::Parts Wiring::admission_parts() {
    selfhelp::AdmissionOffice::Parts parts{.runtime = runtime,
                                           .db = db,
                                           .rooms = rooms,
                                           .follower = follower,
                                           .accounts = accounts,
                                           .service = service,
                                           .groups = door.groups,
                                           .jobs = jobs,
                                           .mailer = mailer,
                                           .room_erased = [this](schema::RoomNid room) { hubs.forget_room(room); },
                                           .user_erased = [this](schema::UserNid user) { hubs.forget_user(user); }};
    if (federation)
        parts.signed_by = [this](schema::ServerName server, schema::JsonObject object) {
            return federation->request_auth.has_signed(std::move(server), std::move(object));
        };
    return parts;
}

void Wiring::connect() {
    rooms.on_commit([this](const rooms::Committed& committed) { admission.on_commit(committed); });
    rooms.take_knocks([this](schema::RoomId room, schema::UserId user, std::optional<schema::UserNid> nid, std::string reason) {
        return admission.knocked(std::move(room), {std::move(user), nid}, std::move(reason));
    });
    door.standing.refreshed = [this]() -> net::Task<> {
        co_await admission.look_for_seats();
        co_await role_ends.look();
    };
    rooms.add_guard([this](const rooms::Room& room, const schema::EventDraft& draft) {
        selfhelp::forum::guard(room, draft, runtime.clock().now_ms());
    });
    follower.add(rooms::search_indexer());
    follower.add(selfhelp::topic_keeper());
    follower.start();
    // What somebody wants to be told of in their rooms follows their rules, and is decided when they come in.
    accounts.listeners.account_data_changed.add([this](const accounts::AccountDataChange& change) {
        if (change.room || (change.type != "m.push_rules" && change.type != "m.ignored_user_list")) return;
        runtime.spawn("push classes", rooms::reclassify(rooms, change.user));
    });
    rooms.on_commit([this](const rooms::Committed& committed) {
        for (const auto& change : committed.memberships)
            if (change.local && change.after == rooms::Membership::join && change.before != rooms::Membership::join)
                runtime.spawn("push class", rooms::classify(rooms, *change.local, change.user, committed.room.nid()));
    });
    accounts.listeners.deactivated.add([this](schema::UserNid nid, const schema::UserId& user, bool) {
        runtime.spawn("withdraw applications", admission.account_closed(user));
        runtime.spawn("leave all rooms", rooms::leave_all(rooms, rooms::Person{nid, user, {}}));
    });
}

}  // namespace runde::server
