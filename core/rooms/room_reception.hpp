#pragma once
// For room_receive.cpp and room_import.cpp alone: what one call that takes in foreign events works on.
#include <set>
#include <unordered_map>

#include "core/rooms/room_build.hpp"
#include "schema/refusal.hpp"

namespace runde::rooms {

/// The room had to be thrown away; whoever finds it again may have better luck.
schema::Refusal reloading();

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

/// Judges foreign events one after the other and collects their rows. Lives for one call, while the room's `receiving_`
/// gate is closed.
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

    /// Makes what was judged so far durable.
    net::Task<> flush();
    /// What was collected will never be written: if the head has moved, the room is of no use any more.
    void give_up();

private:
    net::Task<> load(std::vector<std::string> ids);
    const Cited* find(const schema::EventId& id) const;
    /// Event ids are unique among all rooms: an event with such an id can never be kept here.
    bool is_of_another_room(const schema::EventId& id) const { return foreign_.contains(id.str()); }
    const schema::Event* create_event() const;           ///< Room version 12: the one that the room id names.

    bool is_hearsay(const Cited& cited) const;
    net::Task<Received> judge(Incoming incoming);
    std::vector<CitedEvent> auth_events_of(const schema::Event& event) const;
    Verdict judge_by_auth_events(const schema::Event& event) const;
    net::Task<Verdict> judge_by_state(EventPtr event, StateGroupNo state);
    net::Task<std::optional<StateGroupNo>> state_before(const Incoming& incoming);
    net::Task<Received> enter(Incoming incoming, EventNid nid, StateGroupNo before);
    std::vector<schema::EventId> covered_by(const schema::Event& event) const;
    net::Task<std::optional<Merge>> merge(EventPtr event, EventNid nid, StateGroupNo before, std::vector<StateGroupNo> others);
    net::Task<std::optional<Placement::Redaction>> pending_redaction(EventPtr event);
    /// Events of a state by number, for judging `event`: what it may be judged by.
    net::Task<std::vector<EventPtr>> state_for(const schema::Event& event, StateGroupNo state);
    void keep(const EventPtr& event, EventNid nid, int flags, std::optional<StateGroupNo> before,
              std::optional<StateGroupNo> after);
    /// Before the event that was just placed lies what we do not have.
    void note_gaps(const std::vector<schema::EventId>& missing);
    std::vector<std::int64_t> auth_nids_of(const schema::Event& event) const;
    void find_missing(const schema::Event& event, Received& answer) const;
    StateGroupNo group_of(const StateSet& set, StateGroupNo nearest);

    Room& room_;
    Build build_;
    std::unordered_map<std::string, Cited> cited_;
    std::set<std::string> foreign_;                      ///< Of what was loaded: event ids of other rooms.
    std::unordered_map<std::string, std::vector<EventNid>> pending_;  ///< Redactions that wait, by their target.
    std::unordered_map<EventNid, Cited> redactions_;
    std::set<std::string> missing_;                      ///< Of what was loaded: a gap of ours ends with it.
};

}  // namespace runde::rooms
