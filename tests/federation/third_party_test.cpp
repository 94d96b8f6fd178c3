// Invitations to an address whose owner is not known yet, and what an identity server sets off later.
// https://spec.matrix.org/v1.19/server-server-api/#third-party-invites
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/signing.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// Anna has invited an address into a closed room; the identity server will say that it is Ben's.
struct Promise {
    TwoServers world;
    Neighbour anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    std::string room = anna.create_room(R"({"preset":"private_chat"})");
    schema::SigningKey identity{"0", std::string(32, 'i')};
    std::string token = "a-token";

    Promise() {
        const auto key = schema::base64(identity.public_key());
        CHECK(
            anna.set_state(
                room, "m.room.third_party_invite",
                fmt::format(
                    R"({{"display_name":"b...@example.org","key_validity_url":"https://is.test/v","public_key":"{0}","public_keys":[{{"public_key":"{0}","key_validity_url":"https://is.test/v"}}]}})",
                    key),
                token) == "200");
    }
    schema::JsonObject is_signed(const std::string& mxid, const schema::SigningKey& by) {
        schema::JsonObject object{{"mxid", mxid}, {"token", token}};
        schema::sign_json(object, "is.test", by);
        return object;
    }
    /// What the identity server tells haven.
    Answer bound(const schema::JsonObject& proof) { return bound(proof, anna.id, ben.id); }
    Answer bound(const schema::JsonObject& proof, const std::string& inviter, const std::string& whose) {
        const schema::JsonObject invite{{"address", "ben@example.org"},
                                        {"medium", "email"},
                                        {"mxid", whose},
                                        {"room_id", room},
                                        {"sender", inviter},
                                        {"signed", proof}};
        const schema::JsonObject body{
            {"address", "ben@example.org"}, {"medium", "email"}, {"mxid", whose}, {"invites", schema::JsonArray{invite}}};
        auto answer =
            world.server("haven.test").http("PUT", "/_matrix/federation/v1/3pid/onbind", "", schema::to_text(schema::Json(body)));
        world.settle();
        return answer;
    }
};

}  // namespace

TEST_CASE("an address turns out to be Ben's: he is invited, and comes in") {
    Promise play;
    CHECK(play.bound(play.is_signed(play.ben.id, play.identity)) == "200");
    CHECK(play.ben.get("/sync").has(fmt::format("/rooms/invite/{}", play.room)));
    CHECK(play.anna.sees(play.room) == "+anna, ?ben");
    CHECK(play.ben.join(play.room) == "200");
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, ?ben, +ben");

    // The identity server repeats itself.
    CHECK(play.bound(play.is_signed(play.ben.id, play.identity)) == "200");
    CHECK(play.anna.sees(play.room) == "+anna, ?ben, +ben");
}

TEST_CASE("who is not invited by it") {
    Promise play;
    SUBCASE("without the key that stands in the room") {
        CHECK(play.bound(play.is_signed(play.ben.id, schema::SigningKey("0", std::string(32, 'x')))) == "200");
    }
    SUBCASE("somebody else than the proof names") { CHECK(play.bound(play.is_signed("@carl:haven.test", play.identity)) == "200"); }
    SUBCASE("by a token that nobody gave") {
        play.token = "another-token";
        CHECK(play.bound(play.is_signed(play.ben.id, play.identity)) == "200");
    }
    SUBCASE("after it was taken back") {
        CHECK(play.anna.set_state(play.room, "m.room.third_party_invite", "{}", play.token) == "200");
        CHECK(play.bound(play.is_signed(play.ben.id, play.identity)) == "200");
    }
    CHECK(play.anna.sees(play.room) == "+anna");
    CHECK_FALSE(play.ben.get("/sync").has(fmt::format("/rooms/invite/{}", play.room)));
}

TEST_CASE("what a stranger can do who says that an address is Ben's") {
    Promise play;
    auto& log = play.world.link().log;
    const auto asked = [&] {
        return std::ranges::count_if(log, [](const auto& line) { return line.find("/exchange_third_party_invite/") != line.npos; });
    };
    const schema::SigningKey nobodys("0", std::string(32, 'x'));
    SUBCASE("make us ask a server that he names: a few, and then no more until later") {
        int refused = 0;
        for (int i = 0; i < 40; ++i) {
            const auto inviter = fmt::format("@anna:s{}.test", i);
            refused += play.bound(play.is_signed(play.ben.id, nobodys), inviter, play.ben.id) == "429 M_LIMIT_EXCEEDED";
        }
        CHECK(asked() == 30);
        CHECK(refused == 10);
        play.world.advance(std::chrono::seconds(20));
        CHECK(play.bound(play.is_signed(play.ben.id, play.identity)) == "200");
        CHECK(play.anna.sees(play.room) == "+anna, ?ben");
    }
    SUBCASE("not even that in a room that we are in: we see ourselves that nobody promised it") {
        auto bea = play.world.person("haven.test", "bea");
        REQUIRE(play.anna.invite(play.room, bea) == "200");
        REQUIRE(bea.join(play.room) == "200");
        play.world.settle();
        CHECK(play.bound(play.is_signed(play.ben.id, nobodys)) == "200");
        CHECK(asked() == 0);
        CHECK(play.bound(play.is_signed(play.ben.id, play.identity)) == "200");
        CHECK(asked() == 1);
        CHECK(play.anna.sees(play.room) == "+anna, ?bea, +bea, ?ben");
    }
    SUBCASE("not even that with a proof for somebody else") {
        CHECK(play.bound(play.is_signed("@carl:haven.test", nobodys)) == "200");
        CHECK(asked() == 0);
    }
    SUBCASE("learn who has an account here: no") {
        const auto here = play.bound(play.is_signed(play.ben.id, nobodys), play.anna.id, play.ben.id);
        const auto not_here = play.bound(play.is_signed("@nobody:haven.test", nobodys), play.anna.id, "@nobody:haven.test");
        CHECK(here.summary() == not_here.summary());
        CHECK(asked() == 1);
    }
}
