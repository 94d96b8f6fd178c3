// Servers that a room, or the operator, shuts out while their people are inside.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr auto without_haven = R"({"allow":["*"],"deny":["haven.test"],"allow_ip_literals":false})";
constexpr auto everybody = R"({"allow":["*"]})";

/// What hearth has sent haven since `log` was emptied, in transactions.
struct Overheard {
    explicit Overheard(TwoServers& world) {
        world.link().tamper = [this](const std::string& to,
                                     federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (to == "haven.test" && request.target.find("/send/") != std::string::npos) sent += request.body;
            return std::nullopt;
        };
    }
    bool has(std::string_view text) const { return sent.find(text) != std::string::npos; }
    std::string sent;
};

}  // namespace

TEST_CASE("a server that the room's ACL shuts out is told that, and nothing more") {
    SharedRoom play;
    Overheard haven(play.world);
    const auto before = play.anna.say(play.room, "All of us");
    play.world.settle();
    REQUIRE(play.anna.set_state(play.room, "m.room.server_acl", without_haven) == "200");
    play.world.settle();
    CHECK(haven.has(R"("type":"m.room.server_acl")"));
    const auto acl = play.ben.get(fmt::format("/rooms/{}/state/m.room.server_acl", segment(play.room)));
    CHECK(acl.at("/deny/0") == "haven.test");

    haven.sent.clear();
    play.anna.say(play.room, "Among ourselves");
    const auto path = fmt::format("/rooms/{}", segment(play.room));
    CHECK(play.anna.put(fmt::format("{}/typing/{}", path, segment(play.anna.id)), R"({"typing":true,"timeout":10000})") == "200");
    CHECK(play.anna.post(fmt::format("{}/receipt/m.read/{}", path, segment(before))) == "200");
    play.world.settle();
    CHECK(haven.sent.empty());
    CHECK(play.ben.sees(play.room) == "+ben, anna: All of us");

    SUBCASE("also after an outage, and a restart") {
        play.world.cut_link();
        play.anna.say(play.room, "Still among ourselves");
        play.world.settle();
        play.world.restart();
        play.world.restore_link();
        play.world.settle();
        CHECK_FALSE(haven.has("among ourselves"));
    }
    SUBCASE("until the room lets it in again") {
        REQUIRE(play.anna.set_state(play.room, "m.room.server_acl", everybody) == "200");
        play.anna.say(play.room, "Welcome back");
        play.world.settle();
        CHECK(play.ben.sees(play.room).ends_with("anna: Welcome back"));
        play.ben.say(play.room, "Thanks");
        play.world.settle();
        CHECK(play.anna.sees(play.room).ends_with("anna: Welcome back, ben: Thanks"));
    }
}

TEST_CASE("what waits for a server that was shut out meanwhile is not sent") {
    SharedRoom play;
    Overheard haven(play.world);
    play.world.cut_link();
    play.anna.say(play.room, "Waiting for haven");
    REQUIRE(play.anna.set_state(play.room, "m.room.server_acl", without_haven) == "200");
    play.world.settle();
    haven.sent.clear();
    play.world.restore_link();
    play.world.settle();
    CHECK_FALSE(haven.has("Waiting for haven"));
    // And what it sends meanwhile is not heard.
    const auto late = play.pdu(play.ben, "m.room.message", R"({"msgtype":"m.text","body":"Let me in"})");
    CHECK(play.deliver("hearth.test", {late}) == std::vector<std::string>{"Your server may not take part in this room."});
    CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: Waiting for haven");
}

TEST_CASE("what was acknowledged, but not worked on when its server was shut out, does not come in") {
    SharedRoom play;
    const auto rename = [&](const char* from, const char* to) {
        play.hearth().wiring().db.transact_now(
            [&](storage::Tx& tx) { tx.exec_once(fmt::format("ALTER TABLE {} RENAME TO {}", from, to), {}); });
    };
    const auto late = play.pdu(play.ben, "m.room.message", R"({"msgtype":"m.text","body":"Let me in"})");
    rename("pending_redactions", "gone");
    const auto taken = play.world.ask("haven.test", "hearth.test", net::Method::put, "/_matrix/federation/v1/send/1",
                                      fmt::format(R"({{"edus":[],"pdus":[{}]}})", late->json));
    CHECK(taken.status == 200);
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "1");
    bool is_shut_out = false;
    SUBCASE("shut out") {
        REQUIRE(play.anna.set_state(play.room, "m.room.server_acl", without_haven) == "200");
        is_shut_out = true;
    }
    SUBCASE("not shut out") {}
    rename("gone", "pending_redactions");
    play.world.settle();
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
    CHECK(play.anna.sees(play.room) == (is_shut_out ? "+anna, +ben" : "+anna, +ben, ben: Let me in"));
}

TEST_CASE("a room does not shut everybody out by mistake") {
    SharedRoom play;
    const auto acl = play.anna.set_state(play.room, "m.room.server_acl", everybody);
    play.world.settle();
    play.ben.say(play.room, "Good evening");
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Good evening");
    // Redacted, the lists would be empty: nobody would be let in.
    CHECK(play.anna.put(fmt::format("/rooms/{}/redact/{}/r1", segment(play.room), segment(acl.at("/event_id"))), "{}") ==
          "403 M_FORBIDDEN");
    play.world.settle();
    play.ben.say(play.room, "Still here");
    play.world.settle();
    CHECK(play.anna.sees(play.room).ends_with("ben: Still here"));
    // A list that is none is what they wrote.
    REQUIRE(play.anna.set_state(play.room, "m.room.server_acl", R"({"allow":"*"})") == "200");
    play.world.settle();
    play.ben.say(play.room, "And now?");
    play.world.settle();
    CHECK(play.anna.sees(play.room).ends_with("ben: Still here"));
}

TEST_CASE("a partner that the operator takes off the list, with rooms shared already") {
    auto partners = std::make_shared<std::vector<std::string>>();
    SharedRoom play(R"({"preset":"public_chat"})", [partners](server::WiringOptions& options) {
        if (options.accounts.server_name.str() != "hearth.test") return;
        options.federation.partners.clear();
        for (const auto& name : *partners) options.federation.partners.push_back(schema::ServerName::parse(name).value());
    });
    Overheard haven(play.world);
    play.anna.say(play.room, "All of us");
    play.world.settle();

    *partners = {"harbour.test"};
    play.world.restart();
    haven.sent.clear();
    play.anna.say(play.room, "Among ourselves");
    play.world.settle();
    CHECK(haven.sent.empty());
    CHECK(play.ben.sees(play.room) == "+ben, anna: All of us");
    const auto refused =
        play.world.ask("haven.test", "hearth.test", net::Method::put, "/_matrix/federation/v1/send/x", R"({"edus":[],"pdus":[]})");
    CHECK(refused.status == 403);
    // Nor is it asked about anything, and nobody here can go there.
    const auto elsewhere = play.ben.create_room();
    play.world.link().log.clear();
    CHECK(play.anna.join(elsewhere, "haven.test").status >= 400);
    CHECK(play.anna.invite(play.anna.create_room(), play.ben).status >= 400);
    CHECK(play.anna.get("/profile/%40ben%3Ahaven.test").status >= 400);
    for (const auto& line : play.world.link().log) CHECK_MESSAGE(line.find(" haven.test ") == line.npos, line);

    *partners = {"harbour.test", "haven.test"};
    play.world.restart();
    play.anna.say(play.room, "Back in partnership");
    play.world.settle();
    // It catches up like after an outage.
    CHECK(play.ben.sees(play.room) == "+ben, anna: All of us, anna: Among ourselves, anna: Back in partnership");
}
