// Who may read what of a room, and when.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

std::string create(Person& person, std::string_view body = R"({"preset":"public_chat"})") {
    const auto made = person.post("/createRoom", body);
    REQUIRE(made == "200");
    return made.at("/room_id");
}

std::string in(const std::string& room, std::string_view rest) { return fmt::format("/rooms/{}{}", segment(room), rest); }
std::string in_v1(const std::string& room, std::string_view rest) { return "/_matrix/client/v1" + in(room, rest); }

std::string say(Person& person, const std::string& room, std::string_view text, std::string_view txn, std::string_view more = "") {
    const auto sent = person.put(in(room, fmt::format("/send/m.room.message/{}", txn)),
                                 fmt::format(R"({{"msgtype":"m.text","body":"{}"{}}})", text, more));
    REQUIRE(sent == "200");
    return sent.at("/event_id");
}

std::string relates(std::string_view rel_type, const std::string& to) {
    return fmt::format(R"(,"m.relates_to":{{"rel_type":"{}","event_id":"{}"}},"m.new_content":{{"msgtype":"m.text","body":"neu"}})",
                       rel_type, to);
}

std::string bodies(const Answer& page) {
    std::string out;
    for (const auto& event : page["/chunk"].as_array()) {
        const auto* content = schema::object_at(event.as_object(), "content");
        const auto body = content ? schema::string_at(*content, "body") : std::nullopt;
        if (!out.empty()) out += ", ";
        out += body ? std::string(*body) : "(" + std::string(*schema::string_at(event.as_object(), "type")) + ")";
    }
    return out;
}

}  // namespace

TEST_CASE("whoever left learns nothing of what came later") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    const auto root = say(anna, room, "mit Ben", "1");
    REQUIRE(ben.post(in(room, "/leave")) == "200");
    REQUIRE(carl.post(in(room, "/join")) == "200");
    for (int i = 0; i < 120; ++i) say(carl, room, "ohne Ben", std::to_string(i));
    const auto later = anna.get(in(room, "/messages?dir=b&limit=1")).at("/start");

    const auto members = [&](Person& who, const std::string& more) { return who.get(in(room, "/members" + more)).text; };
    CHECK(members(anna, "?at=" + later).find(carl.id) != std::string::npos);
    CHECK(members(ben, "?at=" + later).find(carl.id) == std::string::npos);
    CHECK(members(ben, "").find(carl.id) == std::string::npos);
    // The first page is not lost among all that may not be read.
    CHECK(bodies(ben.get(in(room, "/messages?dir=b&limit=2"))) == "(m.room.member), mit Ben");
    CHECK(ben.get(in(room, "/event/" + segment(root))) == "200");
}

TEST_CASE("a stranger hears of an event what everybody hears of one that does not exist") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna);
    const auto said = say(anna, room, "unter uns", "1");
    for (const auto& id : {said, std::string("$nothing")}) {
        CHECK(ben.get(in(room, "/event/" + segment(id))) == "404 M_NOT_FOUND");
        CHECK(ben.get(in_v1(room, "/relations/" + segment(id))) == "404 M_NOT_FOUND");
    }
    CHECK(anna.get(in(room, "/event/" + segment(said))) == "200");
}

TEST_CASE("a transaction id counts per path") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    const auto said = say(anna, room, "vertippt", "1");
    const auto redaction = anna.put(in(room, "/redact/" + segment(said) + "/1"), "{}");
    REQUIRE(redaction == "200");
    CHECK(redaction.at("/event_id") != said);
    CHECK(anna.get(in(room, "/event/" + segment(said))).at("/content") == "{}");
    CHECK(anna.put(in(room, "/redact/" + segment(said) + "/1"), "{}").at("/event_id") == redaction.at("/event_id"));
    CHECK(anna.put(in(room, "/send/org.runde.test/1"), "{}").at("/event_id") != said);
    server.restart();
    CHECK(anna.put(in(room, "/redact/" + segment(said) + "/1"), "{}").at("/event_id") == redaction.at("/event_id"));
}

TEST_CASE("what is bundled with an event is only what the reader may see") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    const auto root = say(anna, room, "alt", "1");
    const auto early = say(anna, room, "frühe Antwort", "2", relates("m.thread", root));
    REQUIRE(ben.post(in(room, "/leave")) == "200");
    say(anna, room, "* neu", "3", relates("m.replace", root));
    say(anna, room, "späte Antwort", "4", relates("m.thread", root));

    const auto path = in(room, "/event/" + segment(root));
    CHECK(anna.get(path).has("/unsigned/m.relations/m.replace"));
    CHECK(anna.get(path).at("/unsigned/m.relations/m.thread/count") == "2");
    CHECK_FALSE(ben.get(path).has("/unsigned/m.relations/m.replace"));
    CHECK(ben.get(path).text.find("späte") == std::string::npos);
    CHECK(bodies(ben.get(in_v1(room, "/relations/" + segment(root) + "/m.thread"))) == "frühe Antwort");
}

TEST_CASE("relations come page by page, in both directions, of one type or all") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    const auto root = say(anna, room, "Frage", "root");
    for (int i = 0; i < 5; ++i) say(anna, room, std::to_string(i), fmt::format("r{}", i), relates("m.thread", root));
    say(anna, room, "Verweis", "ref", relates("m.reference", root));
    const auto gone = say(anna, room, "weg", "gone", relates("m.thread", root));
    REQUIRE(anna.put(in(room, "/redact/" + segment(gone) + "/x"), "{}") == "200");

    const auto pages = [&](std::string_view type, std::string_view query) {
        std::string all, from;
        for (int page = 0; page < 10; ++page) {
            const auto answer = anna.get(in_v1(
                room, fmt::format("/relations/{}{}?limit=2{}{}", segment(root), type, query, from.empty() ? "" : "&from=" + from)));
            REQUIRE(answer == "200");
            all += (all.empty() ? "" : "| ") + bodies(answer) + " ";
            if (!answer.has("/next_batch")) break;
            from = answer.at("/next_batch");
        }
        return all;
    };
    CHECK(pages("/m.thread", "") == "4, 3 | 2, 1 | 0 ");
    CHECK(pages("/m.thread", "&dir=f") == "0, 1 | 2, 3 | 4 ");
    CHECK(pages("", "") == "Verweis, 4 | 3, 2 | 1, 0 ");
    CHECK(pages("/m.thread/m.room.message", "&dir=f") == "0, 1 | 2, 3 | 4 ");
    CHECK(pages("/m.thread/m.room.other", "") == " ");
    CHECK(pages("/m.thread", "&recurse=true") == "4, 3 | 2, 1 | 0 ");
}

TEST_CASE("jump to date finds the nearest event either way") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    server.advance(std::chrono::hours(1));
    const auto at_one = server.now_ms();
    const auto first = say(anna, room, "eins", "1");
    server.advance(std::chrono::hours(1));
    const auto second = say(anna, room, "zwei", "2");
    const auto jump = [&](std::int64_t ts, std::string_view dir) {
        return anna.get(in_v1(room, fmt::format("/timestamp_to_event?ts={}&dir={}", ts, dir)));
    };
    CHECK(jump(at_one, "f").at("/event_id") == first);
    CHECK(jump(at_one + 1, "f").at("/event_id") == second);
    CHECK(jump(at_one + 1, "b").at("/event_id") == first);
    CHECK(jump(server.now_ms() + 1, "f") == "404 M_NOT_FOUND");
    // It reads along an index, however long the history is.
    const auto plan = server.ask(
        "SET enable_seqscan = off; EXPLAIN (FORMAT JSON) SELECT event_id FROM events WHERE room_nid = 1 AND origin_ts >= 5 "
        "AND ord BETWEEN 1 AND 1000000000 ORDER BY origin_ts, ord LIMIT 1");
    CHECK(plan.find("events_time") != std::string::npos);
    CHECK(plan.find("Sort") == std::string::npos);
}

TEST_CASE("names stand in a page of history as they were") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    const auto called = [&](std::string_view name) {
        REQUIRE(ben.put(in(room, "/state/m.room.member/" + segment(ben.id)),
                        fmt::format(R"({{"membership":"join","displayname":"{}"}})", name)) == "200");
    };
    called("Ben der Ältere");
    const auto old = say(ben, room, "damals", "1");
    called("Ben");
    const auto now = say(ben, room, "heute", "2");

    const std::string lazy = "filter=" + segment(R"({"lazy_load_members":true})");
    const auto name_at = [&](const std::string& event) {
        const auto context = anna.get(in(room, "/context/" + segment(event) + "?limit=0&" + lazy));
        REQUIRE(context == "200");
        return context.at("/state/0/content/displayname");
    };
    CHECK(name_at(now) == "Ben");
    CHECK(name_at(old) == "Ben der Ältere");
    const auto from = anna.get(in(room, "/context/" + segment(old) + "?limit=0")).at("/end");
    const auto page = anna.get(in(room, "/messages?dir=b&limit=1&from=" + from + "&" + lazy));
    CHECK(page.at("/state/0/content/displayname") == "Ben der Ältere");
    // Nothing has changed since: nothing is read for it.
    CHECK(anna.get(in(room, "/messages?dir=b&limit=1&" + lazy)).cost.reads ==
          anna.get(in(room, "/messages?dir=b&limit=1")).cost.reads);
}

TEST_CASE("around an event: one neighbour when one is asked for") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    say(anna, room, "vorher", "1");
    const auto middle = say(anna, room, "mitten", "2");
    say(anna, room, "nachher", "3");
    const auto around = [&](int limit) {
        const auto context = anna.get(in(room, fmt::format("/context/{}?limit={}", segment(middle), limit)));
        REQUIRE(context == "200");
        return context["/events_before"].as_array().size() + context["/events_after"].as_array().size();
    };
    CHECK(around(0) == 0);
    CHECK(around(1) == 1);
    CHECK(around(2) == 2);
}

TEST_CASE("a filter for a page of history says which rooms, and what relates to the events") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    const auto asked = say(anna, room, "Frage", "1");
    const auto other = say(anna, room, "Ansage", "2");
    say(ben, room, "Antwort", "3", relates("m.thread", asked));
    say(anna, room, "Verweis", "4", relates("m.reference", other));
    const auto page = [&](std::string_view filter) {
        const auto answer = anna.get(in(room, "/messages?dir=b&limit=20&filter=" + segment(filter)));
        REQUIRE(answer == "200");
        return bodies(answer);
    };
    CHECK(page(R"({"related_by_rel_types":["m.thread"]})") == "Frage");
    CHECK(page(R"({"related_by_rel_types":["m.thread","m.reference"]})") == "Ansage, Frage");
    CHECK(page(fmt::format(R"({{"related_by_senders":["{}"]}})", ben.id)) == "Frage");
    CHECK(page(fmt::format(R"({{"related_by_senders":["{}"],"related_by_rel_types":["m.reference"]}})", ben.id)) == "");
    CHECK(page(fmt::format(R"({{"not_rooms":["{}"]}})", room)) == "");
    CHECK(page(R"({"rooms":["!other:hearth.test"]})") == "");
    CHECK(page(fmt::format(R"({{"rooms":["{}"],"types":["m.room.message"]}})", room)) == "Verweis, Antwort, Ansage, Frage");
}

TEST_CASE("what is found brings its bundle along, and what its reader was then") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna), second = create(anna);
    const auto root = say(anna, room, "Schmetterlinge", "1");
    say(anna, room, "ja", "2", relates("m.thread", root));
    say(anna, second, "Schmetterlinge anderswo", "3");
    const auto found =
        anna.post("/search", R"({"search_categories":{"room_events":{"search_term":"Schmetterlinge","order_by":"recent"}}})");
    REQUIRE(found == "200");
    const std::string results = "/search_categories/room_events/results";
    CHECK(found[results].as_array().size() == 2);
    CHECK(found.at(results + "/1/result/unsigned/m.relations/m.thread/count") == "1");
    CHECK(found.at(results + "/0/result/unsigned/membership") == "join");
}

TEST_CASE("a search tells of a room's state what the searcher may read") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    REQUIRE(anna.put(in(room, "/state/m.room.topic"), R"({"topic":"für alle"})") == "200");
    say(anna, room, "Schmetterlinge", "1");
    const auto search = [&](Person& who) {
        const auto found = who.post(
            "/search",
            R"({"search_categories":{"room_events":{"search_term":"Schmetterlinge","include_state":true,"event_context":{"include_profile":true}}}})");
        REQUIRE(found == "200");
        CHECK(found["/search_categories/room_events/results"].as_array().size() == 1);
        return found;
    };
    const std::string name = "/search_categories/room_events/results/0/context/profile_info/@anna:hearth.test/displayname";
    CHECK(search(ben).text.find("für alle") != std::string::npos);

    REQUIRE(anna.post(in(room, "/ban"), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    REQUIRE(carl.post(in(room, "/join")) == "200");
    REQUIRE(anna.put(in(room, "/state/m.room.topic"), R"({"topic":"nicht für Ben"})") == "200");
    REQUIRE(anna.put(fmt::format("/profile/{}/displayname", segment(anna.id)), R"({"displayname":"Anna nach Ben"})") == "200");
    const auto of_ben = search(ben), of_anna = search(anna);
    CHECK(of_anna.text.find("nicht für Ben") != std::string::npos);
    CHECK(of_ben.text.find("nicht für Ben") == std::string::npos);
    CHECK(of_ben.text.find("für alle") != std::string::npos);
    CHECK(of_ben.text.find(carl.id) == std::string::npos);
    CHECK(of_ben.text.find("Anna nach Ben") == std::string::npos);
    // What somebody was called when they wrote is their name beside it.
    CHECK(of_ben.at(name) == "anna");
    CHECK(of_anna.at(name) == "anna");
}

TEST_CASE("only what stands in the room can be redacted") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna), second = create(anna);
    const auto here = say(anna, room, "hier", "1"), there = say(anna, second, "dort", "2");
    CHECK(anna.put(in(room, fmt::format("/redact/{}/3", segment(there))), "{}") == "404 M_NOT_FOUND");
    CHECK(anna.put(in(room, "/redact/%24nothing/4"), "{}") == "404 M_NOT_FOUND");
    CHECK(anna.put(in(room, "/send/m.room.redaction/5"), fmt::format(R"({{"redacts":"{}"}})", there)) == "404 M_NOT_FOUND");
    CHECK(anna.get(in(second, "/event/" + segment(there))).at("/content/body") == "dort");
    CHECK(anna.put(in(room, fmt::format("/redact/{}/6", segment(here))), "{}") == "200");
    CHECK(anna.put(in(room, fmt::format("/redact/{}/6", segment(here))), "{}") == "200");
    CHECK_FALSE(anna.get(in(room, "/event/" + segment(here))).has("/content/body"));
}

TEST_CASE("a search is narrowed by its filter, and its pages stay whole") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto room = create(anna, R"({"preset":"public_chat","name":"Schmetterlinge"})");
    REQUIRE(ben.post(in(room, "/join")) == "200");
    REQUIRE(carl.post(in(room, "/join")) == "200");
    for (int i = 0; i < 6; ++i) {
        say(anna, room, fmt::format("Schmetterlinge von Anna {}", i), fmt::format("a{}", i));
        say(ben, room, fmt::format("Schmetterlinge von Ben {}", i), fmt::format("b{}", i));
        say(carl, room, fmt::format("Schmetterlinge von Carl {}", i), fmt::format("c{}", i), i == 3 ? R"(,"url":"mxc://x/y")" : "");
    }
    const auto found = [&](const std::string& filter, std::string_view order = "recent") {
        std::string out, from;
        for (int pages = 0; pages < 30; ++pages) {
            const auto answer = anna.post(
                "/search" + (from.empty() ? "" : "?next_batch=" + segment(from)),
                fmt::format(
                    R"({{"search_categories":{{"room_events":{{"search_term":"Schmetterlinge","order_by":"{}","filter":{}}}}}}})",
                    order, filter));
            REQUIRE(answer == "200");
            const auto& results = answer["/search_categories/room_events/results"].as_array();
            CHECK(results.size() <= 2);
            for (const auto& one : results) {
                const auto& event = one.at("result");
                const auto& content = event.at("content").as_object();
                const auto text = schema::string_at(content, "body").value_or("(name)");
                out += text == "(name)" ? "name " : std::string(text.substr(text.size() - 3)) + " ";
            }
            from = answer.at("/search_categories/room_events/next_batch");
            if (from.empty()) break;
        }
        return out;
    };
    const auto only = fmt::format(R"({{"limit":2,"senders":["{}","{}"],"types":["m.room.message"]}})", anna.id, carl.id);
    CHECK(found(only) == "l 5 a 5 l 4 a 4 l 3 a 3 l 2 a 2 l 1 a 1 l 0 a 0 ");
    CHECK(found(fmt::format(R"({{"limit":2,"not_senders":["{}","{}"]}})", anna.id, carl.id)) == "n 5 n 4 n 3 n 2 n 1 n 0 ");
    CHECK(found(R"({"limit":2,"types":["m.room.name"]})") == "name ");
    CHECK(found(R"({"limit":2,"contains_url":true})") == "l 3 ");
    CHECK(found(R"({"limit":2,"types":[]})") == "");
    CHECK(found(R"({"limit":2,"not_types":["m.room.name"]})", "rank").size() == 18 * 4);
}

TEST_CASE("lazy loading narrows what stands around an event to the members who wrote, and nothing else") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    const auto said = say(anna, room, "hier", "1");
    const auto state = [&](std::string_view filter) {
        const auto around = anna.get(in(room, fmt::format("/context/{}?limit=0&filter={}", segment(said), segment(filter))));
        REQUIRE(around == "200");
        std::string out;
        for (const auto& event : around["/state"].as_array()) {
            out += *schema::string_at(event.as_object(), "type");
            out += *schema::string_at(event.as_object(), "state_key");
            out += ' ';
        }
        return out;
    };
    const auto whole = state("{}"), lazy = state(R"({"lazy_load_members":true})");
    CHECK(whole.find("m.room.member" + ben.id) != std::string::npos);
    CHECK(lazy.find("m.room.member" + ben.id) == std::string::npos);
    CHECK(lazy.find("m.room.member" + anna.id) != std::string::npos);
    CHECK(lazy.find("m.room.create") != std::string::npos);
    CHECK(lazy.find("m.room.power_levels") != std::string::npos);
    CHECK(state(R"({"lazy_load_members":true,"types":["m.room.create"]})") == "m.room.create ");
}

TEST_CASE("members: one membership, or all but one, or both as an or") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl"), dora = server.person("dora");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    REQUIRE(ben.post(in(room, "/leave")) == "200");
    REQUIRE(anna.post(in(room, "/invite"), fmt::format(R"({{"user_id":"{}"}})", carl.id)) == "200");
    REQUIRE(anna.post(in(room, "/ban"), fmt::format(R"({{"user_id":"{}"}})", dora.id)) == "200");
    const auto who = [&](const std::string& query) {
        const auto members = anna.get(in(room, "/members" + query));
        std::string out;
        for (const auto* person : {&anna, &ben, &carl, &dora})
            if (members.text.find(fmt::format(R"("state_key":"{}")", person->id)) != std::string::npos) out += person->id[1];
        return out;
    };
    CHECK(who("?membership=join") == "a");
    CHECK(who("?not_membership=leave") == "acd");
    CHECK(who("?membership=leave&not_membership=leave") == "abcd");
    CHECK(who("?membership=join&not_membership=ban") == "abc");
    CHECK(who("?membership=ban&not_membership=join") == "bcd");
}
