#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/selfhelp/cards.hpp"
#include "core/selfhelp/service_account.hpp"
#include "core/selfhelp/standing.hpp"
#include "net/gate.hpp"

/// Groups and their rooms. The tables say what is; every function here that touches rooms brings them to what the tables say,
/// and can be repeated: after a crash in between it is simply done again.
namespace runde::selfhelp {

constexpr std::array<std::string_view, 3> admission_modes{"open", "on_request", "with_interview"};

/// Throws Refusal(invalid_param, too_large): card, admission mode, seats (1 to 10,000), id.
void check_group(const storage::GroupRow& group);
/// Somebody more may come in. lock_group() first where it matters.
bool has_free_seat(storage::Tx& tx, const storage::GroupRow& group, std::int64_t now_ms);
/// What outsiders are told.
schema::JsonObject public_json(const storage::GroupRow& group);

class Groups {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        ServiceAccount& service;
        Standing& standing;
        std::string public_url;                          ///< Of our pages; empty: cards carry no address.
    };
    explicit Groups(Parts parts) : parts_(std::move(parts)) {}

    /// With its rooms: a private space, a forum, a chat, and the public card. An empty id is made up. Throws Refusal:
    /// invalid_param (also for an unknown topic), room_in_use (the id is taken).
    net::Task<storage::GroupRow> make(storage::GroupRow group);
    /// Card, seats, admission. Throws Refusal(not_found, invalid_param).
    net::Task<storage::GroupRow> change(storage::GroupRow group);
    /// It admits nobody any more and has no card; its members keep their rooms. Closing twice is no error.
    net::Task<> close(std::string id);
    /// Throws Refusal(not_found) also for one that is still being made.
    net::Task<storage::GroupRow> require(std::string id);

    /// The rooms of the group are assigned: invitations to all of them. The role "member" is the caller's to give (and the
    /// seat to check) before.
    net::Task<> assign_rooms(std::string id, schema::UserId person);
    /// Invitations are taken back, memberships ended.
    net::Task<> take_rooms(std::string id, schema::UserId person, std::optional<std::string> reason);

    /// Roles become power levels in the rooms of one group.
    net::Task<> spread_powers(std::string id);
    net::Task<> spread_powers_everywhere();

    /// The organisation's public space, made when it is missing. Nothing while the organisation is unset.
    net::Task<> show_organisation();
    /// What a crash, an expired role or the command line left undone: at start, every hour, and when the tables have changed
    /// beside us. Logs what goes wrong.
    net::Task<> tidy();
    net::Task<> tidy_regularly();

    bool is_service(std::string_view user) const { return parts_.service.is_self(user); }

    /// Somebody left the group's space by themselves: so they are no member any more.
    net::Task<> gone(std::string id, std::string user);

private:
    net::Task<> make_rooms(storage::GroupRow group);
    net::Task<> show_card(storage::GroupRow group);
    net::Task<std::string> make_room(const storage::GroupRow& group, std::string kind, rooms::CreateRoom wish);
    rooms::CreateRoom space_of(const storage::GroupRow& group) const;
    rooms::CreateRoom room_in_space(const storage::GroupRow& group, bool forum) const;
    rooms::CreateRoom card_room(const storage::GroupRow& group, std::string_view label) const;
    schema::JsonObject card_content(const storage::GroupRow& group, std::string_view organisation) const;
    schema::JsonObject powers(std::string_view group) const;
    net::Task<> set_if_changed(std::string room_id, std::string type, std::string state_key, schema::JsonObject content);

    Parts parts_;
    net::Turnstile showing_;
};

}  // namespace runde::selfhelp
