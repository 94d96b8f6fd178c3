#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/timeline.hpp"
#include "federation/backfill.hpp"

/// Reading history of which this server has a part only.
namespace runde::federation {

class ReadingBack {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        Client& client;
        EventChecks& checks;
        Backfill& backfill;
    };
    explicit ReadingBack(Parts parts) : parts_(parts) {}

    /// rooms::page, whose gaps are filled as far as that goes in time. It ends where one stays, so that nobody reads past it;
    /// who asks again from its end may find more.
    net::Task<rooms::Page> page(const rooms::ReadableRoom& from, std::optional<rooms::Place> start, std::optional<rooms::Place> stop,
                                rooms::Direction direction, const rooms::EventFilter& filter, Patience& patience);

    /// rooms::nearest_event, and of all events where others may know a nearer one: because the answer lies beside a gap, or
    /// there is none.
    /// What they name is fetched and gets its place in the gap, so that it can be read with what is around it.
    /// https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1timestamp_to_eventroomid
    net::Task<std::optional<storage::StoredEvent>> nearest_anywhere(const rooms::ReadableRoom& from, std::int64_t ts, bool forward,
                                                                    Patience& patience);

    /// rooms::find_event, which looks for an event that lies in a gap in other servers, too: whoever follows a link to an old
    /// message finds it, although nobody here has read back so far.
    /// https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1eventeventid
    net::Task<rooms::TimelineEventPtr> find_event(const rooms::ReadableRoom& in, schema::EventId id, Patience& patience);

    bool is_idle() const { return running_ == 0; }

private:
    /// Several servers are asked side by side for one event: the first that has it answers.
    struct Question {
        rooms::RoomPtr room;
        std::optional<schema::EventId> id;               ///< nullopt: the one nearest to `ts`.
        std::int64_t ts = 0;
        bool forward = false;
        std::optional<std::int64_t> nearer_than;         ///< The time of the one that is here.
        std::size_t asked = 0, answered = 0;
        bool found = false;
        std::vector<std::shared_ptr<net::Gate>> waiting;

        bool is_wanted(std::int64_t origin_ts) const;
        bool is_over() const { return found || answered == asked; }
    };
    using QuestionPtr = std::shared_ptr<Question>;

    net::Task<> ask_all(QuestionPtr question, Patience& patience);
    net::Task<> ask(QuestionPtr question, schema::ServerName server);
    net::Task<bool> fetch(QuestionPtr question, schema::ServerName server);
    net::Task<bool> give_place(rooms::RoomPtr room, schema::ServerName server, schema::EventPtr event);
    void close(Question& question);

    /// More are not asked at once; who comes then reads what is here.
    static constexpr std::size_t most_questions = 200;
    static constexpr std::size_t most_in_vain = 1000;
    static constexpr net::Milliseconds remembers{60'000};

    Parts parts_;
    std::size_t running_ = 0;
    std::map<std::string, QuestionPtr> by_id_;           ///< Open ones, by room and event.
    std::map<std::string, std::int64_t> in_vain_;        ///< Nobody had it: until when nobody is asked again.
};

}  // namespace runde::federation
