#pragma once
#include <functional>

namespace runde::net {
class Runtime;
class Clock;
}  // namespace runde::net
namespace runde::storage {
class Database;
class Lane;
class Numbers;
}  // namespace runde::storage
namespace runde::accounts {
class Sessions;
struct Accounts;
}  // namespace runde::accounts
namespace runde::rooms {
class Follower;
class Rooms;
class Typing;
}  // namespace runde::rooms
namespace runde::selfhelp {
class AdmissionOffice;
class Jobs;
class ServiceAccount;
struct Door;
}  // namespace runde::selfhelp
namespace runde::sync {
class Sync;
}
namespace runde::federation {
struct Federation;
}

namespace runde::api {

class RateLimits;
struct Discovery;
struct RequestReport;

/// What handlers use; built in server/wiring.cpp, from parts that outlive it. Stops at the handlers: everything
/// below takes the parts it uses.
struct Services {
    net::Runtime& runtime;
    storage::Database& db;
    storage::Lane& lane;
    storage::Numbers& numbers;
    accounts::Sessions& sessions;  ///< dispatch: `co_await sessions.require(token)` for Access::user and friends.
    accounts::Accounts& accounts;
    rooms::Rooms& rooms;
    rooms::Typing& typing;
    rooms::Follower& follower;
    sync::Sync& sync;
    selfhelp::Door& door;
    selfhelp::ServiceAccount& service;
    selfhelp::Jobs& jobs;
    selfhelp::AdmissionOffice& admission;
    federation::Federation* federation;  ///< nullptr: this server does not federate.
    const Discovery& discovery;
    RateLimits& rate_limits;
    std::function<void(const RequestReport&)> report;  ///< Called once per request (metrics); may be empty.
};

}  // namespace runde::api
