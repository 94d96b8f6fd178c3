#pragma once
#include <string>
#include <vector>

#include "core/accounts/accounts.hpp"
#include "core/selfhelp/directory.hpp"
#include "core/selfhelp/groups.hpp"
#include "core/selfhelp/pledges.hpp"
#include "core/selfhelp/standing.hpp"

namespace runde::selfhelp {

struct DoorOptions {
    std::string name;                                    ///< What people read instead of the server's name; "" until set.
    std::string public_url;                              ///< Of our pages, without slash at the end; may be "".
    std::vector<std::string> partners;                   ///< Whose cards the directory shows.
};

/// The way into the groups, built from its parts in this order (as accounts::Accounts is).
struct Door {
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        accounts::Accounts& accounts;
        ServiceAccount& service;
    };
    Door(Parts parts, DoorOptions what)
        : options(std::move(what)),
          standing(parts.db, parts.runtime.clock()),
          groups({.runtime = parts.runtime,
                  .db = parts.db,
                  .rooms = parts.rooms,
                  .service = parts.service,
                  .standing = standing,
                  .public_url = options.public_url}),
          pledges(parts.db, parts.rooms, parts.accounts.account_data, groups, standing),
          directory({.runtime = parts.runtime,
                     .db = parts.db,
                     .rooms = parts.rooms,
                     .partners = options.partners,
                     .public_url = options.public_url}) {}
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    /// Who listens to whom, and what runs by itself from now on. `stream`: the newest position.
    void open(Parts parts, schema::Position stream);

    const DoorOptions options;
    Standing standing;
    Groups groups;
    Pledges pledges;
    Directory directory;
};

}  // namespace runde::selfhelp
