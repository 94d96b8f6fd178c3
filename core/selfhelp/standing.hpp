#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "schema/refusal.hpp"
#include "storage/groups.hpp"
#include "storage/roles.hpp"
#include "storage/rules_accepted.hpp"

namespace runde::selfhelp {

/// How people stand to the groups of this node: whose rooms are whose, who accepted which rules, who holds which role. Guards
/// and /sync ask it for every event, so it is in memory.
///
/// Invariants
///  - I/O thread only. The tables are the truth: refresh() reads them anew after every change of ours, keep_fresh() notices
///    what the command line changed beside us.
///  - Empty rules stop nobody. A room that belongs to no group is always open.
class Standing {
public:
    Standing(storage::Database& db, net::Clock& clock) : db_(db), clock_(clock) {}
    /// At start, blocking. `stream`: the newest position, for acceptances whose own was not written before a crash.
    void load_now(schema::Position stream);
    net::Task<> refresh();
    /// Looks every half minute whether somebody else changed something, and then calls `after`, until the clock stops.
    net::Task<> keep_fresh(std::function<net::Task<>()> after);

    struct Group {
        std::string id, name;
        bool closed = false;
        int rules = 0;                                   ///< Version in force; 0: none.
        struct Acceptance {
            int version = 0;
            schema::Position pos = 0;
        };
        std::map<std::string, Acceptance, std::less<>> accepted;
    };
    /// nullptr for a room that is no group's, and for a card's: that is public.
    const Group* group_of(std::string_view room_id) const;
    const Group* group(std::string_view id) const;
    const std::map<std::string, Group, std::less<>>& groups() const { return groups_; }
    /// The group whose card that room is: knocking there asks to join it.
    const Group* group_of_card(std::string_view room_id) const;
    bool must_accept(const Group& group, std::string_view user) const;
    int power(std::string_view group, std::string_view user) const;  ///< Of roles in force right now.
    /// Everybody with more power than others in that group.
    std::map<std::string, int> powers(std::string_view group) const;

    /// rooms::Rooms::set_gate.
    rooms::Opening opening(const schema::RoomId& room, std::string_view user) const;
    /// rooms::Rooms::add_guard: nobody enters or writes before the rules are accepted, and whose role has run out moderates
    /// no more, whatever the power levels still say. One may always leave, and take back what one wrote oneself.
    void guard(const rooms::Room& room, const schema::EventDraft& draft, std::string_view service_account) const;

    /// From now on the group is open to `user`. Until accepted_at(), devices are told everything anew.
    void accepted(std::string_view group, std::string_view user, int version);
    void accepted_at(std::string_view group, std::string_view user, schema::Position pos);
    /// The Refusal that says where to read and accept. Set at wiring: pages have addresses, this folder has none.
    std::function<schema::Refusal(const Group&, std::string_view user)> consent_refusal;
    /// What refresh() ends with: a group or a role may have changed. Set at wiring.
    std::function<net::Task<>()> refreshed;

private:
    struct Loaded {
        std::int64_t revision = 0;
        std::vector<storage::GroupRow> groups;
        std::vector<std::pair<std::string, int>> rules;
        std::vector<storage::RulesAccepted> accepted;
        std::vector<storage::RoleGrant> roles;
    };
    static Loaded load(storage::Tx& tx, std::int64_t now_ms);
    void take(Loaded loaded);
    Group* find(std::string_view id);

    storage::Database& db_;
    net::Clock& clock_;
    std::int64_t revision_ = -1;
    schema::Position started_at_ = 0;
    std::map<std::string, Group, std::less<>> groups_;
    std::map<std::string, std::string, std::less<>> rooms_, cards_;  ///< Room id -> group id.
    std::vector<storage::RoleGrant> roles_;
};

}  // namespace runde::selfhelp
