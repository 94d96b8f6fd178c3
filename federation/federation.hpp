#pragma once
#include <memory>

#include "core/accounts/accounts.hpp"
#include "core/rooms/rooms.hpp"
#include "core/rooms/typing.hpp"
#include "federation/backfill.hpp"
#include "federation/client.hpp"
#include "federation/event_checks.hpp"
#include "federation/history.hpp"
#include "federation/hosting.hpp"
#include "federation/invitations.hpp"
#include "federation/joining.hpp"
#include "federation/key_ring.hpp"
#include "federation/link.hpp"
#include "federation/neighbourhood.hpp"
#include "federation/options.hpp"
#include "federation/partners.hpp"
#include "federation/policy.hpp"
#include "federation/reading_back.hpp"
#include "federation/receiver.hpp"
#include "federation/request_auth.hpp"
#include "federation/sender.hpp"

namespace runde::federation {

/// All parts of this folder, built from each other in this order. Only a server that federates has one.
struct Federation {
    /// What the folder builds on.
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        storage::Lane& lane;
        storage::Numbers& numbers;
        const rooms::Identity& identity;
        rooms::Rooms& rooms;
        rooms::Typing& typing;
        accounts::Accounts& accounts;
    };
    Federation(Parts parts, const Options& options, std::shared_ptr<Link> link);
    ~Federation();
    Federation(const Federation&) = delete;
    Federation& operator=(const Federation&) = delete;

    /// Nothing is on its way to another server or waits to be worked on; what waits for a later try does not count.
    bool is_idle() const;
    /// When the next server is tried again that did not answer, in ms; nullopt: none waits.
    std::optional<std::int64_t> next_try() const;

    const Options& options;
    const std::shared_ptr<Link> link;
    const Partners partners;
    Client client;
    KeyRing keys;
    EventChecks event_checks;
    RequestAuth request_auth;
    Policy policy;
    Hosting hosting;
    Joining joining;
    Invitations invitations;
    Neighbourhood neighbourhood;
    Sender sender;
    MissingEvents missing;
    Backfill backfill;
    ReadingBack reading_back;
    Receiver receiver;
    BigAnswers big_answers;
};

}  // namespace runde::federation
