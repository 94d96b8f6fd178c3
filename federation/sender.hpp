#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "federation/client.hpp"
#include "federation/outbox.hpp"
#include "net/gate.hpp"
#include "storage/database.hpp"
#include "storage/lane.hpp"

namespace runde::federation {

/// Tells other servers what happens here: events, typing, receipts. Presence is never told.
///
/// Invariants
///  - Listens to commits, so nothing goes out that is not durable here.
///  - One transaction per server is on its way at a time; the first event goes at once, what comes meanwhile collects.
///    At most `most_at_once` transactions altogether, first come, first served; of these so many may be attempts to reach
///    somebody who did not answer before, so that the dead do not keep the living waiting.
///  - An event goes to the servers that are in the room after it, and to those of people whom it removed; never back to
///    its sender's. A server that the room's ACL shuts out is told that, and who of its people is removed, and nothing
///    more; one that a charter keeps out is told nothing at all.
///  - Per server there is a cursor into our stream (servers.sent_pos), written together for all servers at most once a
///    second. After a crash some events are sent again, which is harmless; none is left out.
///  - A server that does not answer is tried again after two seconds, doubling to a day, or as soon as it speaks to us.
///
/// Where device lists and to-device messages will go: they are stored with stream positions already (device_list_log,
/// to_device), and servers has a cursor for each (devlist_pos, todev_pos); Outbox then gets a Load of its own for them.
class Sender {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        storage::Lane& lane;
        storage::Numbers& numbers;
        const rooms::Identity& identity;
        rooms::Rooms& rooms;
        const Partners& partners;
        Client& client;
    };
    /// Reads all cursors (blocking; start-up only) and wakes those who are behind once the loop runs.
    explicit Sender(Parts parts);

    /// The server is there: what waits for it goes now.
    void contact(const schema::ServerName& server);
    /// An ephemeral event for one server; lost if it is away. `content`: of the event.
    void send_edu(const schema::ServerName& server, std::string_view type, const schema::JsonObject& content);

    /// Nothing is on its way and nothing could go now.
    bool is_idle() const;
    /// When the next server is tried again, in ms.
    std::optional<std::int64_t> next_try() const;
    std::size_t destinations_away() const;

    static constexpr std::size_t most_at_once = 64, most_attempts = 16;
    static constexpr std::size_t most_servers_for_typing = 50;  ///< In rooms spread wider, nobody is told who types.

private:
    struct Destination {
        Destination(schema::ServerName server, Outbox from) : name(std::move(server)), outbox(std::move(from)) {}
        schema::ServerName name;
        Outbox outbox;
        bool running = false, dirty = false;
        Position saved = 0;
    };
    std::int64_t now() const { return parts_.runtime.clock().now_ms(); }
    double jitter() const;
    Destination* find(const std::string& server, Position first_event);
    void wake(Destination& destination);
    net::Task<> run(Destination& destination);
    net::Task<> send(Destination& destination, Outbox::Send what);
    net::Task<> load(Destination& destination, Position after);
    net::Task<> wake_later();
    void touch(Destination& destination);
    net::Task<> save();

    void heard(const rooms::Committed& committed);
    void send_events(const rooms::Committed& committed);
    void send_typing(rooms::Room& room);
    void send_receipts(const rooms::Committed& committed);
    std::set<std::string> servers_of(const rooms::Room& room) const;

    Parts parts_;
    std::map<std::string, std::unique_ptr<Destination>> destinations_;
    std::map<schema::RoomNid, std::set<std::string>> typing_;  ///< Whom of ours we told others to be typing.
    /// So many at a time; the others wait in the order in which they came.
    struct Slots {
        std::size_t free;
        std::deque<std::shared_ptr<net::Gate>> waiting = {};
        net::Task<> take();
        void leave();
    };
    Slots slots_{most_at_once - most_attempts}, attempts_{most_attempts};
    bool saving_ = false;
    std::string txn_prefix_;
    std::uint64_t txns_ = 0;
};

}  // namespace runde::federation
