#pragma once
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/rooms/charter.hpp"
#include "core/rooms/room.hpp"
#include "net/gate.hpp"

namespace runde::rooms {

class Elsewhere;

/// Whether somebody may read and write in a room that they are in or invited to. What stands above may ask something of them
/// first: a group's rules (selfhelp/standing).
struct Opening {
    bool open = true;
    Position since = 0;  ///< Where it was opened last; 0: it always was. Devices with older tokens have missed what was said.
};

/// All rooms that are in memory, and the way to one that is not.
///
/// Invariants
///  - I/O thread only. At most one actor per room: whoever asks while it is being loaded waits for the same one.
///  - A room without users of its own in memory costs nothing: the least recently used ones that nobody holds are
///    dropped above `capacity`.
class Rooms {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        storage::Lane& lane;
        storage::Numbers& numbers;
        const Identity& identity;
        Elsewhere* elsewhere = nullptr;                  ///< nullptr: this node knows no other servers.
        std::size_t capacity = 2000;
    };
    explicit Rooms(Parts parts);

    const Parts& parts() const { return parts_; }
    PushProfiles& push_profiles() { return push_profiles_; }
    const Charters& charters() const { return charters_; }
    const Identity& identity() const { return parts_.identity; }
    net::Clock& clock() const { return parts_.runtime.clock(); }
    /// Federation stands above and is built later.
    void connect(Elsewhere& elsewhere) { parts_.elsewhere = &elsewhere; }

    /// nullptr when this server knows no such room. Zero reads when it is warm.
    net::Task<RoomPtr> find(schema::RoomId id);
    net::Task<RoomPtr> find(RoomNid nid);
    /// The room if `user` is joined to it. A stranger hears the same Refusal(forbidden) whether or not it exists.
    net::Task<RoomPtr> require_joined(schema::RoomId id, UserId user);
    /// nullptr when it is not in memory.
    RoomPtr warm(RoomNid nid) const;

    /// A room that does not exist yet; it does once its first submission was committed. For room version 12 the id
    /// follows from the create event: adopt() it then.
    RoomPtr begin(schema::RoomId id, const schema::RoomRules& rules);
    void adopt(const RoomPtr& room);
    /// Brings a room of other servers here (Room::take_over), also one that we know from an invitation or from earlier.
    /// Committed in one submission. Throws Refusal(forbidden) when the rules do not let the user in.
    net::Task<RoomPtr> import(ImportedRoom from);
    /// Room::note_outside, also for a room that nobody here has heard of.
    net::Task<RoomPtr> note_outside(schema::RoomId id, const schema::RoomRules& rules, EventPtr event, UserNid user);
    /// The room is about to be erased: from now on find() knows it no more, and its actor takes nothing.
    void bury(Room& room);
    /// Its rows are gone: nothing is left to hide.
    void buried(const Room& room);

    /// Asked before every event of our own users; one that throws Refusal stops it. Wired at start.
    void add_guard(std::function<void(const Room&, const schema::EventDraft&)> guard) { guards_.push_back(std::move(guard)); }
    /// Room::Parts::ask_policy of all rooms; set at start.
    void ask_policy(std::function<net::Task<EventPtr>(RoomPtr, EventPtr)> ask) { ask_policy_ = std::move(ask); }
    /// Who is asked for an Opening; wired at start. `refuse` throws the Refusal that says what is to be done first.
    using Gate = std::function<Opening(const schema::RoomId&, std::string_view user)>;
    void set_gate(Gate gate, std::function<void(const schema::RoomId&, std::string_view user)> refuse) {
        gate_ = std::move(gate);
        refuse_closed_ = std::move(refuse);
    }
    /// Withholding in /sync: such a room's state is told once, its timeline not at all until it is open.
    Opening opening(const schema::RoomId& room, std::string_view user) const { return gate_ ? gate_(room, user) : Opening{}; }
    /// Throws Refusal(consent_not_given).
    void require_open(const schema::RoomId& room, std::string_view user) const {
        if (!opening(room, user).open) refuse_closed_(room, user);
    }
    /// Asked before somebody of ours, or of another server, knocks at a room of ours: true when the knock was taken and there
    /// shall be no event of it. A knock says that somebody seeks help; at a public room everybody could read that.
    using KnockTaker =
        std::function<net::Task<bool>(schema::RoomId room, UserId user, std::optional<UserNid> local, std::string reason)>;
    void take_knocks(KnockTaker taker) { knock_taker_ = std::move(taker); }
    const KnockTaker& knock_taker() const { return knock_taker_; }
    /// Told after every commit, in commit order, on the I/O thread. Listeners must not block; wired at start.
    void on_commit(std::function<void(const Committed&)> listener) { listeners_.push_back(std::move(listener)); }

private:
    struct Loading {
        net::Gate done;
        RoomPtr room;
        std::exception_ptr error;
    };
    template <class Key>
    net::Task<RoomPtr> load(Key key, std::string name);
    net::Task<RoomPtr> alone(schema::RoomId id, std::function<net::Task<RoomPtr>(RoomPtr)> act);
    Room::Parts parts_for_room();
    RoomPtr keep(RoomPtr room);
    void drop(Room& room);
    void trim();

    Parts parts_;
    PushProfiles push_profiles_;
    Charters charters_;
    std::vector<std::function<void(const Committed&)>> listeners_;
    std::vector<std::function<void(const Room&, const schema::EventDraft&)>> guards_;
    std::function<net::Task<EventPtr>(RoomPtr, EventPtr)> ask_policy_;
    Gate gate_;
    std::function<void(const schema::RoomId&, std::string_view)> refuse_closed_;
    KnockTaker knock_taker_;
    struct Kept {
        RoomPtr room;
        std::list<RoomNid>::iterator use;
    };
    std::unordered_map<RoomNid, Kept> rooms_;
    std::unordered_map<std::string, RoomNid> nids_;
    std::list<RoomNid> uses_;                            ///< Most recently used first.
    std::unordered_map<std::string, std::shared_ptr<Loading>> loading_;
    std::unordered_map<std::string, std::shared_ptr<net::Gate>> beginning_;  ///< Rooms that are being imported.
    bool reload_after_barrier_ = false;
    std::unordered_set<std::string> buried_;  ///< Room ids and numbers, as load() names them.
};

}  // namespace runde::rooms
