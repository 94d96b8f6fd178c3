#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/rooms/follower.hpp"
#include "core/rooms/rooms.hpp"
#include "core/selfhelp/jobs.hpp"
#include "core/selfhelp/service_account.hpp"
#include "core/selfhelp/texts.hpp"

namespace runde::selfhelp {

/// People with an account on another server, at our pages. They prove that the account is theirs by what only its owner can read:
/// the service account writes a link into a room that nobody else is in. Whoever opens it is a guest for half a day, and can do on
/// the pages what the account's owner can do as an applicant: nothing else.
///
/// Invariants
///  - A link works once, for half an hour; then the room goes, with everything in it. There is no table of guests: link and visit
///    are texts with our signature.
///  - Nobody learns from us whether there is such an account. One account gets at most one link in two minutes and
///    five a day, whoever asks.
///  - The room's name and the message say nothing of a group.
class Guests {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        rooms::Follower& follower;
        ServiceAccount& service;
        Jobs& jobs;
        std::function<void(schema::RoomNid)> room_erased;
        std::string page;                      ///< Where links lead, without slash at the end. Empty: there are no guests.
    };
    explicit Guests(Parts parts);              ///< Registers its job: before Jobs::start().

    /// Whether this office has guests at all: it talks to other servers, and knows its own address.
    bool welcome() const { return !parts_.page.empty(); }

    /// Invites them to where the link will stand; `back`: the path of ours that they want to go to. Throws Refusal(invalid_param) for accounts of
    /// this server, which sign in, not_found without guests.
    void send_link(schema::UserId user, std::string back, Register way);

    struct Link {
        schema::UserId user;
        std::string back;
    };
    /// Whose link that is; nullopt: not ours, too old, used.
    net::Task<std::optional<Link>> read(std::string token);
    /// The link is used up. Returns what the guest shows from now on.
    net::Task<std::optional<std::string>> enter(std::string token);
    /// Wired to Rooms::on_commit: who has come in is told the link. Earlier it would be history, which not every app fetches.
    void on_commit(const rooms::Committed& committed);
    /// Whose visit that is; nullopt: not ours, over.
    std::optional<schema::UserId> guest(std::string_view visit) const;

private:
    struct Open;
    net::Task<std::optional<Open>> open(std::string token);
    net::Task<> invite(schema::UserId user, std::string back, Register way);
    struct Awaited {
        std::string user, back;
        Register way;
        std::int64_t until;
    };
    net::Task<> tell(schema::RoomId room, Awaited whom);
    net::Task<> erase(std::string room);

    Parts parts_;
    std::map<std::string, std::vector<std::int64_t>> asked_;  ///< When somebody was invited, within a day; never empty.
    std::map<schema::RoomNid, Awaited>
        awaited_;  ///< Who has not come in yet; forgotten by a restart, a new link is soon asked for.
    std::set<std::string> used_;  ///< Rooms of links that are being erased.
};

}  // namespace runde::selfhelp
