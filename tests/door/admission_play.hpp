#pragma once
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/selfhelp/admission_office.hpp"
#include "tests/support/test_server.hpp"

namespace runde::tests {

constexpr std::int64_t hour_ms = 3'600'000, day_ms = 24 * hour_ms;

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// A group with its door: Petra moderates it, Olaf is of the office, Ben is in it.
class AdmissionPlay {
public:
    explicit AdmissionPlay(TestServer::Adjust adjust = {})
        : server(std::move(adjust)), petra(server.person("petra")), olaf(server.person("olaf")), ben(server.person("ben")) {
        grant(petra.id, "moderator", "abend");
        server.ask(
            fmt::format("INSERT INTO role_grants (user_id, role, granted_by, granted_at) VALUES ('{}', 'office', 'command line', "
                        "0) RETURNING 1",
                        olaf.id));
    }

    /// Makes the group "abend".
    void group(std::string_view admission, std::optional<int> seats = {}, bool waiting_list = true) {
        storage::GroupRow wish;
        wish.id = "abend";
        wish.created_by = olaf.id;
        wish.admission = admission;
        wish.seats = seats;
        wish.waiting_list = waiting_list;
        wish.card.name = "Abendgruppe";
        wish.card.topic = "sucht";
        wish.card.forms = {"online"};
        const auto made = server.runtime().wait(server.wiring().door.groups.make(wish));
        rooms = {{"space", *made.space_id}, {"forum", *made.forum_id}, {"chat", *made.chat_id}, {"card", *made.card_id}};
        grant_now();
    }
    void member(const Person& person) { grant(person.id, "member", "abend"), grant_now(); }

    /// Sends a request that must be answered with `status`.
    static Answer must(Answer answer, std::string_view status) {
        CHECK(answer == status);
        return answer;
    }
    /// Somebody without an account asks to join.
    Person arrives(const std::string& name, const std::string& more = R"("answers":{"anliegen":"Ich komme nicht zur Ruhe"})") {
        Person person(server, name, "correct horse " + name);
        const std::string way = contains(more, "register") ? "" : R"("register":"sie",)";
        const auto answer =
            server.http("POST", "/_runde/v1/groups/abend/applications", {},
                        fmt::format(R"({{"account":{{"name":"{}","password":"{}"}},{}{}}})", name, person.password, way, more));
        REQUIRE_MESSAGE(answer.status == 201, answer);
        person.take_session(answer);
        applications[name] = answer.at("/application_id");
        settle();
        return person;
    }
    Answer file(Person& person) { return person.get("/_runde/v1/applications/" + applications[person.name]); }
    Answer act(Person& person, const std::string& what, std::string_view body = "{}") {
        const auto answer = person.post("/_runde/v1/applications/" + applications[person.name] + "/" + what, body);
        settle();
        return answer;
    }
    Answer vote(Person& by, const Person& about, std::string_view verdict, std::string_view text = "",
                std::string_view reason = "") {
        const auto answer = by.post("/_runde/v1/desk/applications/" + applications[about.name] + "/vote",
                                    fmt::format(R"({{"verdict":"{}","text":"{}","reason":"{}"}})", verdict, text, reason));
        settle();
        return answer;
    }
    Answer desk(Person& by, const Person& about) { return by.get("/_runde/v1/desk/applications/" + applications[about.name]); }
    std::string slot(Person& by, std::int64_t in = day_ms, std::string_view way = "phone") {
        const auto begins = server.now_ms() + in;
        const auto answer = by.post(
            "/_runde/v1/groups/abend/slots",
            fmt::format(R"({{"begins_ts":{},"ends_ts":{},"way":"{}","place":"0561 1234"}})", begins, begins + hour_ms, way));
        CHECK(answer.status == 201);
        return answer.at("/slot_id");
    }
    Answer picks(Person& person, const std::string& slot_id) {
        const auto answer =
            person.put("/_runde/v1/applications/" + applications[person.name] + "/slot", R"({"slot_id":)" + slot_id + "}");
        settle();
        return answer;
    }

    std::string reception(Person& person) { return file(person).at("/room_id"); }
    Answer says(Person& person, const std::string& room, std::string_view text) {
        const auto answer = person.put(fmt::format("/rooms/{}/send/m.room.message/{}", segment(room), ++transaction),
                                       fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", text));
        settle();
        return answer;
    }
    /// What is said in a room, oldest first, one line each.
    std::string read(Person& person, const std::string& room) {
        const auto answer = person.get("/rooms/" + segment(room) + "/messages?dir=f&limit=100");
        REQUIRE(answer.status == 200);
        std::string text;
        for (const auto& event : answer["/chunk"].as_array())
            if (event.at("type") == "m.room.message")
                if (const auto body = schema::string_at(event.at("content").as_object(), "body")) text += std::string(*body) + "\n";
        return text;
    }
    /// How `user` stands to a room, as the service account sees it.
    std::string membership(const std::string& room, const std::string& user) {
        const auto found = server.runtime().wait(server.wiring().rooms.find(*schema::RoomId::parse(room)));
        if (!found) return "no room";
        std::string word;
        server.on_io([&] {
            const auto content = found->state_content("m.room.member", user);
            word = schema::string_at(content, "membership").value_or("never");
        });
        return word;
    }
    std::string counts() {
        return server.ask("SELECT string_agg(outcome || ' ' || n, ', ' ORDER BY outcome) FROM admission_counts");
    }

    void settle() { server.runtime().wait(server.wiring().jobs.settle()); }
    void pass(std::int64_t ms) {
        server.advance(net::Milliseconds(ms));
        settle();
    }

    /// The whole database as text, with every bytea also as what it holds.
    std::string dump() {
        std::unique_ptr<FILE, decltype(&pclose)> pipe(
            popen(
                ("/usr/lib/postgresql/15/bin/pg_dump --data-only --dbname='" + server.wiring().options.database_url + "'").c_str(),
                "r"),
            pclose);
        REQUIRE(pipe);
        std::string text;
        char buffer[65536];
        for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe.get())) > 0;) text.append(buffer, n);
        REQUIRE(text.find("PostgreSQL database dump complete") != text.npos);
        const auto hex = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
        std::string decoded;
        for (auto at = text.find("\\\\x"); at != text.npos; at = text.find("\\\\x", at + 3))
            for (auto i = at + 3; i + 1 < text.size() && std::isxdigit(text[i]) && std::isxdigit(text[i + 1]); i += 2)
                decoded += static_cast<char>(hex(text[i]) * 16 + hex(text[i + 1]));
        return text + decoded;
    }

    TestServer server;
    Person petra, olaf, ben;
    std::map<std::string, std::string> rooms, applications;

    /// What was granted, or written past the server, holds from here on.
    void grant_now() {
        for (const auto& sql : grants) server.ask(sql);
        grants.clear();
        server.runtime().wait(server.wiring().door.standing.refresh());
    }

private:
    void grant(const std::string& user, const std::string& role, const std::string& in) {
        grants.push_back(
            fmt::format("INSERT INTO role_grants (user_id, role, group_id, granted_by, granted_at) VALUES ('{}', '{}', '{}', "
                        "'command line', 0) RETURNING 1",
                        user, role, in));
    }
    std::vector<std::string> grants;  ///< Until the group is there.
    int transaction = 0;
};

}  // namespace runde::tests
