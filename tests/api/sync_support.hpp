#pragma once
// Words of the plays about /sync.
#include <fmt/format.h>

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "tests/support/test_server.hpp"

namespace runde::tests {

inline std::string room_path(const std::string& room, std::string_view rest) {
    return fmt::format("/rooms/{}{}", segment(room), rest);
}

inline std::string create_room(Person& person, std::string_view body = "{}") {
    const auto made = person.post("/createRoom", body);
    REQUIRE(made == "200");
    return made.at("/room_id");
}

/// Invites and joins.
inline void bring(Person& host, Person& guest, const std::string& room) {
    REQUIRE(host.post(room_path(room, "/invite"), fmt::format(R"({{"user_id":"{}"}})", guest.id)) == "200");
    REQUIRE(guest.post(room_path(room, "/join")) == "200");
}

/// Sends an event; returns its id.
inline std::string send(Person& person, const std::string& room, std::string_view type, std::string_view content) {
    static int txn = 0;
    const auto sent = person.put(room_path(room, fmt::format("/send/{}/t{}", type, ++txn)), content);
    REQUIRE(sent == "200");
    return sent.at("/event_id");
}
inline std::string say(Person& person, const std::string& room, std::string_view text) {
    return send(person, room, "m.room.message", fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", text));
}
inline std::string reply_in_thread(Person& person, const std::string& room, std::string_view root, std::string_view text) {
    return send(
        person, room, "m.room.message",
        fmt::format(R"({{"msgtype":"m.text","body":"{}","m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}}}})", text, root));
}

/// Bodies of messages, types of everything else: "Hallo, (m.room.member)".
inline std::string told(const schema::Json& events) {
    std::string out;
    if (!events.is_array()) return out;
    for (const auto& event : events.get_array()) {
        const auto* content = schema::object_at(event.as_object(), "content");
        const auto body = content ? schema::string_at(*content, "body") : std::nullopt;
        if (!out.empty()) out += ", ";
        out += body ? std::string(*body) : fmt::format("({})", std::string(*schema::string_at(event.as_object(), "type")));
    }
    return out;
}

/// Somebody's app: remembers its token, and looks into the answers by room.
class App {
public:
    explicit App(Person& person, std::string filter = {}) : person_(person), filter_(std::move(filter)) {}

    Answer sync(std::string_view more = "") {
        auto answer = person_.get(path(more));
        REQUIRE(answer == "200");
        take(answer);
        return answer;
    }
    std::future<Answer> begin(std::string_view more = "&timeout=30000") { return person_.begin("GET", path(more)); }
    void take(const Answer& answer) { since_ = answer.at("/next_batch"); }
    const std::string& since() const { return since_; }
    void go_back_to(std::string since) { since_ = std::move(since); }

private:
    std::string path(std::string_view more) const {
        return fmt::format("/sync?{}{}{}", since_.empty() ? "" : "since=" + since_,
                           filter_.empty() ? "" : "&filter=" + segment(filter_), more);
    }
    Person& person_;
    std::string filter_, since_;
};

inline std::string at(std::string_view section, const std::string& room, std::string_view rest) {
    return fmt::format("/rooms/{}/{}{}", section, room, rest);
}
inline std::string timeline(const Answer& answer, const std::string& room, std::string_view section = "join") {
    return told(answer[at(section, room, "/timeline/events")]);
}
/// Sorted: "m.room.create, m.room.member/@anna:hearth.test".
inline std::string state(const Answer& answer, const std::string& room, std::string_view section = "join",
                         std::string_view name = "state") {
    std::set<std::string> found;
    const auto& events = answer[at(section, room, fmt::format("/{}/events", name))];
    if (!events.is_array()) return "";
    for (const auto& event : events.get_array()) {
        const auto key = std::string(*schema::string_at(event.as_object(), "state_key"));
        found.insert(std::string(*schema::string_at(event.as_object(), "type")) + (key.empty() ? "" : "/" + key));
    }
    std::string out;
    for (const auto& entry : found) out += (out.empty() ? "" : ", ") + entry;
    return out;
}

}  // namespace runde::tests
