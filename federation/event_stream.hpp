#pragma once
#include <memory>
#include <string>
#include <vector>

#include "federation/history.hpp"
#include "net/http_message.hpp"

namespace runde::federation {

/// A body that holds lists of a room's events, read from the database while it is sent: the state of a large room is many
/// megabytes, and in one piece it would have to stand in memory for as long as a slow reader takes.
class EventStream : public net::BodySource {
public:
    enum class As { pdus, ids };
    struct List {
        std::string before;                              ///< What stands before its first event, with the opening bracket.
        std::vector<schema::EventNid> events;
    };
    /// `tail` closes the last list and whatever stands around it. `place` is held until the body has been sent.
    EventStream(storage::Database& db, ServerView view, As as, std::vector<List> lists, std::string tail,
                std::shared_ptr<void> place = nullptr);

    net::Task<std::string> next() override;

private:
    net::Task<std::string> piece(const std::vector<schema::EventNid>& events);

    storage::Database& db_;
    ServerView view_;
    As as_;
    std::vector<List> lists_;
    std::string tail_;
    std::shared_ptr<void> place_;
    std::size_t list_ = 0, at_ = 0;
    bool is_first_ = true;
};

}  // namespace runde::federation
