#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "core/rooms/typing.hpp"
#include "federation/client.hpp"
#include "federation/complaints.hpp"
#include "federation/event_checks.hpp"
#include "federation/joining.hpp"
#include "federation/missing_events.hpp"
#include "federation/policy.hpp"
#include "net/gate.hpp"
#include "storage/inbox.hpp"

namespace runde::federation {

/// What other servers send us: PUT /_matrix/federation/v1/send/{txnId}.
/// https://spec.matrix.org/v1.19/server-server-api/#transactions
///
/// Invariants
///  - One transaction per server is taken at a time; a repeat of it waits for the same answer, others wait their turn, few
///    of them. What a server has sent and we have not worked on is bounded; beyond, it hears 429 and comes again.
///  - A transaction is acknowledged when its events stand in fed_inbox; they go from there in the same commit that keeps
///    them in their room. So nothing acknowledged is lost, and nothing is done twice.
///  - Rooms are worked on side by side, each in the order of arrival. An event that cites what we do not have steps aside,
///    with those that cite it, until that was fetched (missing_events.hpp); everybody else's events go on.
///  - What waits is in memory by its number alone once all of it together is large, and always while it waits for a later
///    try: fed_inbox has the rest.
///  - Events of a room that one of ours is just coming into wait in memory for that, few of them, and hold up nobody.
///  - What is wrong with one event or ephemeral event never touches the others of its transaction.
class Receiver {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        storage::Numbers& numbers;
        const rooms::Identity& identity;
        rooms::Rooms& rooms;
        rooms::Typing& typing;
        EventChecks& checks;
        Policy& policy;
        MissingEvents& missing;
        Joining& joining;
    };
    /// Works on what was acknowledged before the process ended, once the loop runs.
    explicit Receiver(Parts parts);

    static constexpr std::size_t most_pdus = 50, most_edus = 100;  ///< Per transaction; more is answered with 400.
    static constexpr std::size_t most_receipt_rooms = 500;         ///< Per transaction; what goes beyond is not looked at.
    static constexpr std::size_t most_waiting_transactions = 3;    ///< Per server, behind the one that is taken.
    static constexpr std::size_t most_unfinished = 500;            ///< Events per server that were not worked on yet.
    static constexpr std::size_t most_unfinished_of_all = 20'000;
    static constexpr std::size_t most_held_bytes = 32 * 1024 * 1024;     ///< Of events that wait, in memory.
    static constexpr std::size_t most_early_bytes = 8 * 1024 * 1024;     ///< Of events of rooms that are being joined.
    /// How long an answer waits for verdicts; what takes longer is answered as if it went well.
    static constexpr net::Milliseconds verdict_patience{2'000};

    /// The answer to the transaction: {"pdus":{…}}. Throws Refusal: bad_json, invalid_param (too many), limit_exceeded.
    net::Task<schema::JsonObject> take(schema::ServerName origin, std::string txn, const schema::JsonObject& body);

    /// Who takes ephemeral events of this type: device lists, to-device messages, signing keys. Called for every one, after
    /// what is known of its form; must not throw.
    using EduHandler = std::function<net::Task<>(schema::ServerName origin, schema::JsonObject content)>;
    void on_edu(std::string type, EduHandler handler) { edu_handlers_[std::move(type)] = std::move(handler); }

    bool is_idle() const;
    /// When something is fetched again that could not be had, in ms.
    std::optional<std::int64_t> next_try() const;
    /// JSON of the events that are in memory.
    std::size_t held_bytes() const { return *held_; }

private:
    using RoomNid = schema::RoomNid;
    /// Verdicts that the answer to a transaction waits for.
    struct Verdicts {
        std::map<std::string, std::string> errors;       ///< By event id; "" went well.
        std::size_t open = 0;
        net::Gate done;
        void add(const std::string& event_id, std::string error);
    };
    /// An event in memory, counted as long as it lives.
    struct Held {
        Held(schema::EventPtr what, std::shared_ptr<std::size_t> of) : event(std::move(what)), total(std::move(of)) {
            *total += event->json.size();
        }
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;
        ~Held() { *total -= event->json.size(); }
        schema::EventPtr event;
        std::shared_ptr<std::size_t> total;
    };
    struct Item {
        std::int64_t seq;                                ///< In fed_inbox.
        std::string event_id, origin;
        std::unique_ptr<Held> held;                      ///< nullptr: fed_inbox alone has it.
        std::shared_ptr<Verdicts> verdicts;              ///< nullptr: nobody waits for it.
        int tries = 0;
        bool is_ours = false;                            ///< It was our fault that it could not be worked on.
    };
    using Items = std::vector<Item>;
    struct Inbox {
        std::deque<Item> items;
        bool running = false;
    };
    /// Events of one server that cite what we do not have, or could not be worked on for a reason of ours.
    struct Stuck {
        std::deque<Item> items;
        bool running = false;
        std::optional<std::int64_t> retry_at = std::nullopt;
        int timer = 0;                                   ///< The newest; older ones do nothing.
        std::unordered_set<std::size_t> cited = {};      ///< Hashes of the ids that they wait for.
        bool is_ours = false;                            ///< Some wait only until we can work again.
    };
    struct InFlight {
        std::string txn;
        std::shared_ptr<net::Gate> done = std::make_shared<net::Gate>();
        std::optional<schema::JsonObject> answer;
        std::exception_ptr refused;
    };
    struct Origin {
        std::shared_ptr<InFlight> current;
        std::size_t waiting = 0, unfinished = 0;
    };

    net::Task<schema::JsonObject> take_alone(schema::ServerName origin, std::string txn, const schema::JsonObject& body);
    /// Events that were checked and are to be staged.
    struct Staging {
        std::vector<storage::StagedEvent> rows;
        std::vector<schema::EventPtr> events;
    };
    net::Task<> stage_room(std::string origin, schema::RoomId id, std::vector<std::string> texts, Staging& staging,
                           Verdicts& verdicts);
    bool wait_for_join(const std::string& origin, const schema::RoomId& id, std::vector<std::string>& texts);
    net::Task<> stage_after_join(std::string origin, schema::RoomId id, std::vector<std::string> texts, std::size_t bytes);
    net::Task<> take_edu(const schema::ServerName& origin, const schema::Json& edu, std::size_t& rooms_left);
    net::Task<> take_typing(const schema::ServerName& origin, const schema::JsonObject& content);
    net::Task<> take_receipts(const schema::ServerName& origin, const schema::JsonObject& content, std::size_t& rooms_left);
    void put_all(Staging staging, std::shared_ptr<Verdicts> verdicts);
    void put(RoomNid room, Item item);
    std::unique_ptr<Held> hold(schema::EventPtr event);
    net::Task<> work(RoomNid room);
    net::Task<> work_on(RoomNid room, Items batch);
    net::Task<rooms::RoomPtr> fill(RoomNid room, Items& items);
    static Items take_first(std::deque<Item>& items);
    static std::vector<rooms::Incoming> incoming_of(const Items& items);
    using RoomAndServer = std::pair<RoomNid, std::string>;
    net::Task<> fetch_for(RoomNid room, std::string origin);
    net::Task<bool> fetch_once(RoomAndServer key, Items items, Items& again);
    void try_later(RoomAndServer key, net::Milliseconds pause);
    net::Task<> fetch_later(RoomAndServer key, net::Milliseconds pause, int timer);
    void set_aside(RoomNid room, Item item);
    void wake_stuck(RoomNid room, const std::vector<std::string>& done);
    void finish(const Item& item, const rooms::Received& answer);
    net::Task<> drop(RoomNid room, std::vector<std::int64_t> seqs);
    net::Task<> drop_shut_out(rooms::RoomPtr room, Items& items);
    net::Task<> load_staged();

    Parts parts_;
    Complaints complaints_{parts_.runtime.clock()};
    std::map<RoomNid, Inbox> inboxes_;
    std::map<RoomAndServer, Stuck> stuck_;
    std::map<std::string, Origin> origins_;
    std::map<std::string, EduHandler, std::less<>> edu_handlers_;
    std::shared_ptr<std::size_t> held_ = std::make_shared<std::size_t>(0);
    std::size_t unfinished_ = 0, taking_ = 0, early_bytes_ = 0;
    bool loading_ = true;
};

}  // namespace runde::federation
