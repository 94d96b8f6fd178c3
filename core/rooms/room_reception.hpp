#pragma once
// For the files around room_receive.cpp alone: what one call that takes in foreign events works on.
#include <map>
#include <set>
#include <unordered_map>

#include "core/rooms/room_build.hpp"
#include "schema/refusal.hpp"

namespace runde::rooms {

/// The room had to be thrown away; whoever finds it again may have better luck.
schema::Refusal reloading();

/// The state that consists of these events, for as long as they live.
StateLookup state_in(const std::vector<EventPtr>& events);

/// Closes the room's gate for one call that takes in foreign events; the next one waits.
class Room::Turn {
public:
    explicit Turn(Room& room) : room_(room) { room.receiving_ = std::make_shared<net::Gate>(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { std::exchange(room_.receiving_, nullptr)->open(); }

private:
    Room& room_;
};

/// While it is closed the room builds nothing of its own: append_all waits.
class Room::Hold {
public:
    explicit Hold(Room& room) : room_(room) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() {
        if (closed_) std::exchange(room_.merging_, nullptr)->open();
    }
    bool is_closed() const { return closed_; }
    void close() {
        room_.merging_ = std::make_shared<net::Gate>();
        closed_ = true;
    }

private:
    Room& room_;
    bool closed_ = false;
};

/// Judges foreign events one after the other, brings those that may come in into the room together, and collects all their
/// rows. Lives for one call, while the room's `receiving_` gate is closed.
///
/// Where to read on: room_reception.cpp (what is cited, and the rows), room_receive.cpp (checks 4 and 5), room_enter.cpp
/// (check 6, the head, branches), room_outliers.cpp, room_import.cpp, room_history.cpp.
class Room::Reception {
public:
    explicit Reception(Room& room) : room_(room) {}

    /// An event of this room that is stored, or was judged by this reception.
    struct Cited {
        EventNid nid;
        EventPtr event;
        int flags = 0;                                   ///< rows::EventFlag
        std::optional<StateGroupNo> before, after;       ///< Of an outlier neither is known.
        bool live = false;
        bool is_new = false;                             ///< A candidate: not stored, and no row of it was collected.

        bool is_rejected() const;
        std::optional<StateGroupNo> state_after() const { return after && !is_rejected() ? after : before; }
        /// Its place in the room's history was judged, not only its own auth_events.
        bool is_judged() const { return live || before || after; }
    };

    net::Task<std::vector<Received>> receive(std::vector<Incoming> events);
    net::Task<std::vector<Received>> keep_outliers(std::vector<EventPtr> events);
    net::Task<> take_over(ImportedRoom from);
    net::Task<Position> note_outside(EventPtr event, UserNid user);
    net::Task<std::size_t> add_history(std::vector<EventPtr> events, Ord below, std::vector<std::string> closes);

    /// Does one of these, and makes what it collected durable. Throws reloading() when somebody else has stored some of it: with
    /// the room loaded again all is seen.
    template <class Result>
    net::Task<Result> durable(net::Task<Result> work) {
        try {
            auto result = co_await std::move(work);
            co_await flush();
            co_return std::move(result);
        } catch (const storage::SubmissionRefused&) {
            throw reloading();
        } catch (...) {
            give_up();
            throw;
        }
    }
    /// Makes what was judged so far durable.
    net::Task<> flush();
    /// What was collected will never be written: if the head has moved, the room is of no use any more.
    void give_up();

private:
    // --- what is cited, and the rows (room_reception.cpp)
    net::Task<> load(std::vector<std::string> ids);
    const Cited* find(const schema::EventId& id) const;
    Cited& note(Cited cited);
    /// Event ids are unique among all rooms: an event with such an id can never be kept here.
    bool is_of_another_room(const schema::EventId& id) const { return foreign_.contains(id.str()); }
    const schema::Event* create_event() const;           ///< Room version 12: the one that the room id names.
    std::vector<std::int64_t> auth_nids_of(const schema::Event& event) const;
    void find_missing(const schema::Event& event, Received& answer) const;
    void keep(const EventPtr& event, EventNid nid, int flags, std::optional<StateGroupNo> before,
              std::optional<StateGroupNo> after);
    /// Before the event that was just placed lies what we do not have.
    void note_gaps(const std::vector<schema::EventId>& missing);

    // --- judging (room_receive.cpp)
    struct Judged {
        Received answer;
        bool may_enter = false;                          ///< Then it is the newest of candidates_.
    };
    net::Task<Judged> judge(Incoming incoming);
    std::vector<CitedEvent> auth_events_of(const schema::Event& event) const;
    Verdict judge_by_auth_events(const schema::Event& event) const;
    net::Task<Verdict> judge_by_state(EventPtr event, StateGroupNo state);
    net::Task<std::optional<StateGroupNo>> state_before(const Incoming& incoming);
    net::Task<std::optional<Placement::Redaction>> redaction_waiting_for(EventPtr event);
    bool is_hearsay(const Cited& cited) const;

    // --- states (room_enter.cpp)
    /// Sorted, each once.
    using Groups = std::vector<StateGroupNo>;
    /// What of a state an event is judged by.
    using Grounds = std::vector<std::pair<StateDictionary::KeyNo, EventNid>>;
    Grounds grounds_of(const schema::Event& event, const StateSet& state) const;
    net::Task<std::vector<EventPtr>> events_of(Grounds grounds);
    net::Task<std::vector<EventPtr>> state_for(EventPtr event, StateGroupNo state);
    net::Task<StateSet> set_of(StateGroupNo group);
    net::Task<StateGroupNo> state_after(EventPtr event, EventNid nid, StateGroupNo before);
    std::optional<StateGroupNo> known_union(const Groups& groups) const;
    /// The state that these states come to where they meet.
    net::Task<StateGroupNo> unite(Groups groups);
    StateGroupNo group_of(const StateSet& set, StateGroupNo nearest);

    // --- into the room (room_enter.cpp)
    /// An event that passed the checks up to the fifth.
    struct Candidate {
        Incoming incoming;
        EventPtr event;
        EventNid nid;
        StateGroupNo before, after;
        std::size_t answer = 0;                          ///< Its place among the events of this call.
        bool stored = false;                             ///< As an outlier.
        std::vector<std::int64_t> auth_nids = {};
        bool redaction_applies = true;
        std::optional<Placement::Redaction> redaction = {};
        Verdict verdict = {};                            ///< Of check 6.
        std::vector<schema::EventId> covers = {};
    };
    struct End {                                         ///< The room ends here, once the candidates are in.
        schema::EventId id;
        StateGroupNo after;
    };
    net::Task<> enter(std::vector<Received>& answers);
    net::Task<> weigh();
    net::Task<Verdict> judge_by_room(const Candidate& one);
    std::vector<schema::EventId> covered_by(const schema::Event& event) const;
    std::vector<End> head_ends() const;
    static void add_end(std::vector<End>& ends, const Candidate& one);
    static Groups groups_of(const std::vector<End>& ends);
    bool join_on() const;
    net::Task<Merge> merge();
    void place(Candidate& one, const Merge* merged, bool is_last);

    Room& room_;
    Build build_;
    std::unordered_map<std::string, Cited> cited_;
    std::unordered_map<EventNid, const Cited*> by_nid_;
    std::set<std::string> foreign_;                      ///< Of what was loaded: event ids of other rooms.
    std::unordered_map<std::string, std::vector<EventNid>> pending_;  ///< Redactions that wait, by their target.
    std::unordered_map<EventNid, Cited> redactions_;
    std::set<std::string> missing_;                      ///< Of what was loaded: a gap of ours ends with it.
    std::vector<Candidate> candidates_;
    std::vector<Unwritten> unwritten_;                   ///< What resolution cannot find in the database yet.
    std::map<StateGroupNo, StateSet> sets_;
    std::vector<End> ends_;                              ///< While candidates are weighed: with those that passed.
    std::optional<StateGroupNo> weighed_in_;             ///< The room's state then.
};

}  // namespace runde::rooms
