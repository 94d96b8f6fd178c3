#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.hpp"

namespace runde::rooms {

using schema::EventNid;
using schema::Ord;

/// Notifications and, among them, highlights: what /sync says is unread.
struct Counts {
    int notifications = 0, highlights = 0;
    bool operator==(const Counts&) const = default;
};

/// What plain messages of a room do for somebody (user_rooms.push_class).
struct PushClass {
    static constexpr int all = 0;                        ///< They notify, as by default.
    static constexpr int mentions = 1;                   ///< Only exceptions do.
    static constexpr int muted = 2;                      ///< Nothing does.
    static constexpr int baseline_bits = 3;
    static constexpr int individual = 4;                 ///< Own rules: every event is put to them.
};

/// Counted events that were redacted, by place, with their thread (EventNid{0}: main line).
using Withdrawn = std::map<Ord, EventNid>;

/// How far one member has read, and what did not follow the common count since.
///
/// A room counts its notifying events: n_main on the main line, n_all with all threads; a thread counts its own. What is
/// unread is the difference to the counters at the place up to which one has read. There are two such places, because apps
/// mark the main line and threads apart: `read_ord` for the main line, `all_ord` for every thread that has no place of its
/// own in `threads`. `base_threads` is the sum, over all threads, of the thread's counter where it was read, so that
/// n_all - n_main - base_threads is what is unread in threads, however many there are.
struct Reading {
    int push_class = PushClass::all;
    Ord read_ord = 0, all_ord = 0;
    int base_main = 0, base_threads = 0;
    struct Thread {
        Ord read_ord = 0;
        int base = 0;                                    ///< The thread's counter there.
    };
    std::map<EventNid, Thread> threads;                  ///< Counts only if not behind all_ord.
    struct Exception {
        Ord ord;
        EventNid root{0};
        std::string root_id;
        int kind;                                        ///< storage::rows::Notification
        bool counted;                                    ///< Among n_main / n_all.
    };
    std::vector<Exception> exceptions;                   ///< Unread ones.
    struct UnreadThread {
        std::string root_id;
        int n = 0;                                       ///< Counted events that are unread; redacted ones too.
    };
    /// What the sum consists of; nullopt: not looked up yet.
    std::optional<std::map<EventNid, UnreadThread>> unread_threads;

    /// The place up to which a thread is read; EventNid{0}: the main line.
    Ord read_in(EventNid root) const;
    /// The thread's place of its own, if it has one.
    const Thread* thread(EventNid root) const;
    int unread_in_threads(int n_main, int n_all) const { return n_all - n_main - base_threads; }

    /// The main line is read up to there. False when it was before.
    bool read_main(Ord ord, int n_main);
    /// A thread is. If it has no place of its own and began before all_ord, give_place() comes first.
    bool read_thread(EventNid root, Ord ord, int n_thread);
    /// The thread's counter at all_ord, as its place.
    void give_place(EventNid root, int n_thread);
    /// Main line and threads are. `n_at`: the counters at that place of the threads that are read beyond it.
    bool read_all(Ord ord, int n_main, int n_all, const std::map<EventNid, int>& n_at);
    /// Threads that read_all() to that place needs to know.
    std::vector<EventNid> read_beyond(Ord ord) const;

    void forget_read_exceptions();
};

/// What is unread in threads, from their counters now and at reading.all_ord.
struct ThreadCounter {
    EventNid root;
    std::string root_id;
    int n, n_before;
};
std::map<EventNid, Reading::UnreadThread> unread_threads_of(const Reading& reading, const std::vector<ThreadCounter>& threads);

struct Unread {
    Counts main, threads;
    Counts together() const { return {main.notifications + threads.notifications, main.highlights + threads.highlights}; }
};
Unread unread_of(const Reading& reading, int n_main, int n_all, const Withdrawn& withdrawn);
/// By the event id of the root; threads without any are left out. reading.unread_threads must be known, unless nothing
/// is unread in threads.
std::map<std::string, Counts> unread_by_thread(const Reading& reading, const Withdrawn& withdrawn);

}  // namespace runde::rooms
