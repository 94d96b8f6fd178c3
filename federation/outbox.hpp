#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "net/http_message.hpp"
#include "schema/ids.hpp"

namespace runde::federation {

using schema::Position;

/// What one other server has still to hear from us: a machine without clock, network or database. The Sender tells it
/// what happened and does what step() says.
///
/// What must be heard for sure (events) is not kept here but follows from a cursor into our own stream: everything up to
/// `sent()` was accepted. The queue holds what came since, as shared bytes, while the server keeps up; when it does not,
/// the queue is dropped, nothing more is kept for it, and once it is there again it catches up from the database. So a
/// dead server costs neither memory nor a row per event. https://spec.matrix.org/v1.19/server-server-api/#transactions
class Outbox {
public:
    static constexpr std::size_t most_pdus = 50, most_edus = 100;  ///< Per transaction.
    static constexpr std::size_t most_queued = 200;                ///< Events in memory; beyond, they come from the database.
    static constexpr std::size_t most_receipts = 1'000, most_typing = 200, most_others = 100;  ///< Beyond, new ones are dropped.
    static constexpr std::size_t most_receipts_away = 100;         ///< While the server does not answer.
    static constexpr std::int64_t typing_life = 30'000;  ///< ms after which a typing notice is no longer worth sending.
    static constexpr std::int64_t first_pause = 2'000, longest_pause = 24LL * 3600 * 1000;
    static constexpr std::int64_t least_pause = 30'000;  ///< Once speaking to us has not helped.

    struct Pdu {
        Position pos;
        net::Bytes json;
    };
    struct Failure {
        std::int64_t since, retry_at, pause;  ///< ms
        std::int64_t tried_at = 0;
        bool contacted = false;               ///< It spoke to us since, which ended the waiting once.
    };
    /// `behind`: there may be events after `sent` in the database.
    Outbox(Position sent, bool behind, std::optional<Failure> failure = std::nullopt)
        : sent_(sent), newest_(sent), behind_(behind), failure_(failure) {}

    // --- what happened
    void add(Pdu pdu, std::int64_t now);
    void add_typing(const std::string& room, const std::string& user, bool typing, std::int64_t now);
    /// `thread` as in rooms::Receipt.
    void add_receipt(const std::string& room, const std::string& user, const std::string& thread, std::string event_id,
                     std::int64_t ts);
    /// Any other ephemeral event, whole: {"content":…,"edu_type":…}. Not kept while the server is away.
    void add_edu(std::string json, std::int64_t now);
    void delivered(std::int64_t now);
    /// `jitter`: 0.8 … 1.2
    void failed(std::int64_t now, double jitter);
    /// It will never take what was sent. Perhaps because of one event in it, or because it is too much at once: ephemeral events
    /// are dropped, the others go again in halves, and at last the one that is refused alone is left out.
    void refused();
    /// Events after sent(), in their order, all of them up to `upto` if `complete`.
    void loaded(std::vector<Pdu> pdus, Position upto, bool complete);
    void load_failed(std::int64_t now, double jitter);
    /// It proved that it is there: no more waiting. If it still does not take what we send (it refuses us, or can be reached one
    /// way only), all that it says to us is no reason to try more often than every `least_pause`.
    void contact(std::int64_t now);
    /// There is nothing for it up to this place: the cursor may move there if nothing waits. Returns whether it moved.
    bool skip_to(Position upto);

    // --- what to do
    struct Send {
        std::vector<Pdu> pdus;
        std::vector<std::string> edus;  ///< JSON texts.
    };
    struct Load {
        Position after;
    };
    struct Wait {
        std::int64_t until;
    };
    struct Rest {};
    using Action = std::variant<Rest, Send, Load, Wait>;
    /// Rest while an action is being performed: exactly one at a time.
    Action step(std::int64_t now);

    Position sent() const { return sent_; }
    bool is_busy() const { return in_flight_.has_value() || loading_; }
    bool has_work() const { return behind_ || !queue_.empty() || !typing_.empty() || !receipts_.empty() || !others_.empty(); }
    const std::optional<Failure>& failure() const { return failure_; }

private:
    using ReceiptKey = std::tuple<std::string, std::string, std::string>;  ///< room, user, thread
    struct Receipt {
        std::string event_id;
        std::int64_t ts;
    };
    struct Typing {
        bool typing;
        std::int64_t until;
    };
    struct InFlight {
        Position upto;
        std::vector<Pdu> pdus;
        std::size_t edus = 0;
        std::optional<Position> covered;  ///< Was covered_.
        std::map<ReceiptKey, Receipt> receipts;
    };
    bool is_away(std::int64_t now) const { return failure_ && failure_->retry_at > now; }
    void drop_queue();
    Send compose();
    void compose_edus(Send& send, InFlight& flight);
    void compose_receipts(Send& send, InFlight& flight);
    void pause(std::int64_t now, double jitter);

    Position sent_, newest_;
    std::optional<Position> covered_;  ///< What was loaded reaches up to here.
    bool behind_;
    bool loading_ = false;
    std::size_t at_once_ = most_pdus;  ///< Fewer after a refusal.
    std::deque<Pdu> queue_;
    std::map<std::pair<std::string, std::string>, Typing> typing_;  ///< (room, user)
    std::map<ReceiptKey, Receipt> receipts_;
    std::deque<std::string> others_;
    std::optional<InFlight> in_flight_;
    std::optional<Failure> failure_;
};

}  // namespace runde::federation
