// Unread counts, held against somebody who simply counts.
#include <map>
#include <random>
#include <vector>

#include "tests/api/sync_support.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr auto with_threads =
    R"({"room":{"timeline":{"limit":1,"unread_thread_notifications":true},"state":{"lazy_load_members":true}}})";
constexpr auto without_threads = R"({"room":{"timeline":{"limit":1},"state":{"lazy_load_members":true}}})";

/// "3/1" notifications/highlights, then per thread in the order of `roots`.
std::string counts(const Answer& answer, const std::string& room, const std::vector<std::string>& roots = {}) {
    const auto pair = [&](const std::string& where) {
        const auto n = answer.at(where + "/notification_count"), h = answer.at(where + "/highlight_count");
        return (n.empty() ? "0" : n) + "/" + (h.empty() ? "0" : h);
    };
    auto out = pair(at("join", room, "/unread_notifications"));
    for (const auto& root : roots) out += " " + pair(at("join", room, "/unread_thread_notifications/" + root));
    return out;
}

/// Ben, who counts on his fingers what he has not read.
struct Fingers {
    struct Event {
        std::string id, root, sender;
        bool counted = false, mention = false, redacted = false;
    };
    std::vector<Event> events;
    int main_read = -1, all_read = -1;
    std::map<std::string, int> thread_read;
    bool mentions_only = false;

    int read_in(const std::string& root) const {
        if (root.empty()) return std::max(main_read, all_read);
        const auto own = thread_read.find(root);
        return std::max(all_read, own == thread_read.end() ? -1 : own->second);
    }
    std::pair<int, int> unread(const std::string& root) const {
        int n = 0, highlights = 0;
        for (int i = 0; i < static_cast<int>(events.size()); ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            if (event.root != root || i <= read_in(root) || event.sender == "ben" || event.redacted) continue;
            if (event.mention || (event.counted && !mentions_only)) ++n;
            if (event.mention) ++highlights;
        }
        return {n, highlights};
    }
    std::string apart(const std::vector<std::string>& roots) const {
        const auto text = [](std::pair<int, int> counted) { return fmt::format("{}/{}", counted.first, counted.second); };
        auto out = text(unread(""));
        for (const auto& root : roots) out += " " + text(unread(root));
        return out;
    }
    std::string together(const std::vector<std::string>& roots) const {
        auto sum = unread("");
        for (const auto& root : roots) {
            const auto thread = unread(root);
            sum.first += thread.first;
            sum.second += thread.second;
        }
        return fmt::format("{}/{}", sum.first, sum.second);
    }
    void say(std::string id, std::string root, std::string sender, bool counted, bool mention) {
        if (sender == "ben") {
            auto& place = root.empty() ? main_read : thread_read[root];
            place = std::max(place, static_cast<int>(events.size()));
        }
        events.push_back({std::move(id), std::move(root), std::move(sender), counted, mention, false});
    }
};

}  // namespace

TEST_CASE("what counts as unread") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna);
    bring(anna, ben, room);
    App phone(ben);
    CHECK(counts(phone.sync(), room) == "0/0");
    const auto first = say(anna, room, "Eins");
    CHECK(counts(phone.sync(), room) == "1/0");
    send(anna, room, "m.room.message", R"({"msgtype":"m.notice","body":"Hinweis"})");
    send(anna, room, "m.reaction",
         fmt::format(R"({{"m.relates_to":{{"rel_type":"m.annotation","event_id":"{}","key":"x"}}}})", first));
    send(
        anna, room, "m.room.message",
        fmt::format(
            R"({{"msgtype":"m.text","body":"* Eins!","m.new_content":{{}},"m.relates_to":{{"rel_type":"m.replace","event_id":"{}"}}}})",
            first));
    CHECK(counts(phone.sync(), room) == "1/0");
    send(anna, room, "m.room.message",
         fmt::format(R"({{"msgtype":"m.text","body":"Ben?","m.mentions":{{"user_ids":["{}"]}}}})", ben.id));
    CHECK(counts(phone.sync(), room) == "2/1");
    send(anna, room, "m.room.message", R"({"msgtype":"m.text","body":"Alle!","m.mentions":{"room":true}})");
    CHECK(counts(phone.sync(), room) == "3/2");

    SUBCASE("nobody has one's own to read") {
        App annas(anna);
        CHECK(counts(annas.sync(), room) == "0/0");
        say(ben, room, "Hier bin ich");
        CHECK(counts(phone.sync(), room) == "0/0");
        CHECK(counts(annas.sync(), room) == "1/0");
    }
    SUBCASE("@room is for those who may") {
        send(ben, room, "m.room.message", R"({"msgtype":"m.text","body":"Alle!","m.mentions":{"room":true}})");
        CHECK(counts(App(anna).sync(), room) == "1/0");
    }
    SUBCASE("another device hears of reading") {
        auto waiting = phone.begin();
        REQUIRE(ben.post(room_path(room, "/receipt/m.read.private/" + segment(first))) == "200");
        CHECK(counts(waiting.get(), room) == "2/2");
    }
    SUBCASE("a word of one's own, people one ignores, a room that is muted") {
        REQUIRE(ben.put("/pushrules/global/content/wort",
                        R"({"pattern":"Kaffee","actions":["notify",{"set_tweak":"highlight"}]})") == "200");
        const auto class_of_ben = [&] {
            return server.ask(
                fmt::format("SELECT push_class FROM user_rooms JOIN users USING (user_nid) JOIN rooms USING (room_nid) WHERE "
                            "localpart = 'ben' AND room_id = '{}'",
                            room));
        };
        const auto until = [&](std::string_view wanted) {
            for (int i = 0; i < 2000 && class_of_ben() != wanted; ++i) server.on_io([] {});
            REQUIRE(class_of_ben() == wanted);
        };
        until("4");
        say(anna, room, "Wer mag KAFFEE?");
        CHECK(counts(phone.sync(), room) == "4/3");
        say(anna, room, "Kaffeekanne");
        CHECK(counts(phone.sync(), room) == "5/3");
        REQUIRE(ben.put("/user/" + ben.id + "/account_data/m.ignored_user_list",
                        fmt::format(R"({{"ignored_users":{{"{}":{{}}}}}})", anna.id)) == "200");
        server.on_io([] {});
        REQUIRE(ben.del("/pushrules/global/content/wort") == "200");
        REQUIRE(ben.put("/user/" + ben.id + "/account_data/m.ignored_user_list", R"({"ignored_users":{}})") == "200");
        until("0");
        REQUIRE(ben.put("/pushrules/global/override/" + segment(room),
                        fmt::format(R"({{"conditions":[{{"kind":"event_match","key":"room_id","pattern":"{}"}}],"actions":[]}})",
                                    room)) == "200");
        until("2");
        CHECK(counts(App(ben).sync(), room) == "0/0");
    }
}

TEST_CASE("unread counts agree with fingers, whatever happens") {
    for (const unsigned seed : {1u, 2u, 3u}) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
        TestServer server;
        auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
        const auto room = create_room(anna);
        bring(anna, ben, room);
        bring(anna, carl, room);
        Fingers fingers;
        std::vector<std::string> roots;
        for (int i = 0; i < 3; ++i) {
            roots.push_back(say(anna, room, fmt::format("Thema {}", i)));
            fingers.say(roots.back(), "", "anna", true, false);
        }
        App phone(ben, with_threads);
        phone.sync();
        for (int step = 0; step < 60; ++step) {
            CAPTURE(step);
            auto& speaker = pick(5) == 0 ? ben : pick(2) == 0 ? anna : carl;
            const auto root = pick(2) == 0 ? std::string() : roots[static_cast<std::size_t>(pick(3))];
            const auto relation =
                root.empty() ? std::string() : fmt::format(R"(,"m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}})", root);
            const auto write = [&](std::string_view more, std::string_view type = "m.text") {
                return send(speaker, room, "m.room.message",
                            fmt::format(R"({{"msgtype":"{}","body":"{}"{}{}}})", type, step, more, relation));
            };
            switch (pick(10)) {
                case 0:
                case 1:
                case 2: fingers.say(write(""), root, speaker.name, true, false); break;
                case 3:
                    fingers.say(write(fmt::format(R"(,"m.mentions":{{"user_ids":["{}"]}})", ben.id)), root, speaker.name, true,
                                speaker.name != "ben");
                    break;
                case 4:
                    fingers.say(write(R"(,"m.mentions":{"room":true})"), root, speaker.name, true, speaker.name == "anna");
                    break;
                case 5: fingers.say(write("", "m.notice"), root, speaker.name, false, false); break;
                case 6: {
                    auto& victim =
                        fingers.events[static_cast<std::size_t>(3 + pick(static_cast<int>(fingers.events.size()) - 2) - 1)];
                    if (victim.redacted || victim.id == roots[2]) break;
                    REQUIRE(anna.put(room_path(room, fmt::format("/redact/{}/r{}", segment(victim.id), step)), "{}") == "200");
                    victim.redacted = true;
                    break;
                }
                case 7:
                case 8: {
                    const int index = pick(static_cast<int>(fingers.events.size()));
                    const auto& event = fingers.events[static_cast<std::size_t>(index)];
                    const auto type = pick(2) == 0 ? "m.read" : "m.read.private";
                    const bool threaded = pick(3) != 0;
                    // A redacted reply has lost its relation; apps do not mark it.
                    if (event.redacted) break;
                    const auto thread = event.root.empty() ? std::string("main") : event.root;
                    const auto body = threaded ? fmt::format(R"({{"thread_id":"{}"}})", thread) : std::string("{}");
                    REQUIRE(ben.post(room_path(room, fmt::format("/receipt/{}/{}", type, segment(event.id))), body) == "200");
                    auto& place = !threaded            ? fingers.all_read
                                  : event.root.empty() ? fingers.main_read
                                                       : fingers.thread_read[event.root];
                    place = std::max(place, index);
                    break;
                }
                case 9:
                    if (pick(3) == 0) server.restart();
                    break;
            }
            if (pick(2) == 0) {
                const auto news = phone.sync();
                if (news.has(at("join", room, "/unread_notifications"))) CHECK(counts(news, room, roots) == fingers.apart(roots));
            }
            if (pick(4) == 0) CHECK(counts(App(ben, with_threads).sync(), room, roots) == fingers.apart(roots));
            if (pick(4) == 0) CHECK(counts(App(ben, without_threads).sync(), room) == fingers.together(roots));
        }
        CHECK(counts(App(ben, with_threads).sync(), room, roots) == fingers.apart(roots));
        server.restart();
        CHECK(counts(App(ben, with_threads).sync(), room, roots) == fingers.apart(roots));
        CHECK(counts(App(ben, without_threads).sync(), room) == fingers.together(roots));
    }
}
