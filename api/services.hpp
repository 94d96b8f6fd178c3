#pragma once

namespace runde::net { class Runtime; class Clock; }
namespace runde::storage { class Database; class Lane; class Numbers; }

namespace runde::api {

/// What handlers use; built in server/main.cpp, from parts that outlive it. Stops at the handlers: everything
/// below takes the parts it uses.
struct Services {
    net::Runtime& runtime;
    storage::Database& db;
    storage::Lane& lane;
    storage::Numbers& numbers;
};

}  // namespace runde::api
