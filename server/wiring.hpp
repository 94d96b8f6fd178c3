#pragma once
#include <functional>
#include <memory>
#include <string>

#include "api/discovery.hpp"
#include "api/rate_limits.hpp"
#include "api/router.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"
#include "core/rooms/follower.hpp"
#include "core/rooms/rooms.hpp"
#include "core/rooms/typing.hpp"
#include "core/selfhelp/admission_office.hpp"
#include "core/selfhelp/door.hpp"
#include "core/selfhelp/jobs.hpp"
#include "core/selfhelp/role_ends.hpp"
#include "core/selfhelp/service_account.hpp"
#include "core/sync/hubs.hpp"
#include "core/sync/sync.hpp"
#include "federation/federation.hpp"
#include "net/mail.hpp"
#include "net/runtime.hpp"
#include "schema/signing.hpp"
#include "storage/database.hpp"
#include "storage/lane.hpp"

namespace runde::server {

/// What the parts of a server need to be told. The program reads it from its configuration (server/config),
/// tests write it by hand.
struct WiringOptions {
    std::string database_url;  ///< Migrated when the parts are built.
    unsigned database_readers = 3;
    storage::Durability durability = storage::Durability::safe;
    schema::SigningKey signing_key;
    accounts::Options accounts;  ///< With the server's name.
    api::Discovery discovery = {};
    bool rate_limits = true;
    net::MailOptions mail = {};
    selfhelp::DoorOptions door = {};
    selfhelp::AdmissionOptions admission = {};
    federation::Options federation = {};
    std::shared_ptr<federation::Link> link = {};  ///< The way to other servers; null: the Internet.
    std::function<void(const api::RequestReport&)> report = {};  ///< Metrics; may be empty.
};

/// All parts of one server but its listeners: each is built once, from the parts above it, and nothing
/// reaches for a part it was not handed. The program has one of these, a test as many as it wants. The
/// runtime outlives it. Build and destroy it while the runtime's loop does not run.
class Wiring {
public:
    Wiring(net::Runtime& runtime, WiringOptions options);
    ~Wiring();
    Wiring(const Wiring&) = delete;
    Wiring& operator=(const Wiring&) = delete;

    /// The whole server as a function; `request` must outlive the task.
    net::Task<net::Response> answer(const net::Request& request) { return dispatch(router, request, services); }

    const WiringOptions options;
    net::Runtime& runtime;
    storage::Database db;
    const int migrations_applied;
    storage::Numbers numbers;
    storage::Lane lane;
    accounts::Accounts accounts;
    const schema::SigningKey policy_key;
    const rooms::Identity identity;
    rooms::Rooms rooms;
    rooms::Follower follower;
    rooms::Typing typing;
    sync::Hubs hubs;
    sync::Sync sync;
    net::Mailer mailer;
    selfhelp::ServiceAccount service;
    selfhelp::Jobs jobs;
    selfhelp::Door door;
    const std::unique_ptr<federation::Federation> federation;  ///< nullptr: this server does not federate.
    selfhelp::AdmissionOffice admission;
    selfhelp::RoleEnds role_ends;
    api::RateLimits rate_limits;
    api::Services services;
    const api::Router router;

private:
    selfhelp::Door::Parts door_parts() { return {runtime, db, rooms, accounts, service}; }
    selfhelp::AdmissionOffice::Parts admission_parts();
    /// Who listens to whom: the arrows that point up.
    void connect();
};

}  // namespace runde::server
