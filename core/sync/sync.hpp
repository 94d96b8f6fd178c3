#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/accounts/session.hpp"
#include "core/sync/filter.hpp"
#include "core/sync/hubs.hpp"
#include "core/sync/room_part.hpp"
#include "core/sync/token.hpp"
#include "net/http_message.hpp"

namespace runde::sync {

/// GET /sync as a device asks it. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync
struct SyncRequest {
    accounts::Session session;
    std::optional<Token> since;
    std::shared_ptr<const Filter> filter = Filter::none();
    bool full_state = false;
    bool use_state_after = false;
    net::Milliseconds timeout{0};                        ///< How long to wait when there is nothing new.
};

struct SyncAnswer {
    std::vector<net::Bytes> body;                        ///< JSON, in pieces.
    Token next;
    bool empty = true;                                   ///< Nothing in it but the token.
};

/// What has happened for a user, as JSON.
///
/// Round trips: none when the hub is in memory and every changed room's ring reaches back to the token (idle, one new
/// message, many); at most four for everything else, however many rooms, and two for a hub that is not in memory.
class Sync {
public:
    explicit Sync(Hubs& hubs) : hubs_(hubs) {}

    /// The answer as of now, empty or not. `nothing_until`: up to there the request was looked at before, and there
    /// was nothing for it.
    net::Task<SyncAnswer> answer(const SyncRequest& request, UserHubPtr hub, std::optional<Token> nothing_until = std::nullopt);

    Hubs& hubs() { return hubs_; }
    RecentFilters& filters() { return filters_; }

private:
    struct Plan;
    void plan_initial(Plan& plan);
    void plan_incremental(Plan& plan);
    void plan_room(Plan& plan, const RoomPlace& place, bool whole);
    net::Task<> find_newly_joined(Plan& plan);
    net::Task<> fetch(Plan& plan);
    net::Task<> find_threads(Plan& plan);
    net::Task<> bundle(Plan& plan);
    net::Task<> refill_mailbox(UserHubPtr hub, DeviceNid device, Position after);
    net::Task<std::vector<std::string>> changed_devices(const Plan& plan);
    net::Task<> forget_messages(UserNid user, DeviceNid device, Position up_to);

    Hubs& hubs_;
    RecentFilters filters_;
};

/// A /sync that waits. Held by its hub while it does; whoever made it must end it by answer, cancel or finish.
class Poll : public Waiter, public std::enable_shared_from_this<Poll> {
public:
    Poll(Sync& sync, SyncRequest request, UserHubPtr hub, Token seen, std::uint64_t version);

    /// Begins to wait; `answer` is called once, on the I/O thread.
    void start(std::function<void(SyncAnswer)> answer, std::function<void(std::exception_ptr)> failed);
    void cancel();                                       ///< Nobody wants the answer any more.
    void finish();                                       ///< Answer now, with what there is.

    bool cares_about(const Happened& happened) const override;
    void look() override;

private:
    net::Task<> look_now();
    void give(SyncAnswer answer);
    void leave();

    Sync& sync_;
    SyncRequest request_;
    UserHubPtr hub_;
    Token seen_;                                         ///< Up to here there was nothing.
    std::uint64_t version_;                              ///< Of the hub, when it was looked at last.
    bool looking_ = false, again_ = false, expired_ = false;
    std::function<void(SyncAnswer)> answer_;
    std::function<void(std::exception_ptr)> failed_;
    std::shared_ptr<void> timer_;
};

}  // namespace runde::sync
