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
    Answer bound(const schema::JsonObject& proof) {
        const schema::JsonObject invite{{"address", "ben@example.org"},
                                        {"medium", "email"},
                                        {"mxid", ben.id},
                                        {"room_id", room},
                                        {"sender", anna.id},
                                        {"signed", proof}};
        const schema::JsonObject body{
            {"address", "ben@example.org"}, {"medium", "email"}, {"mxid", ben.id}, {"invites", schema::JsonArray{invite}}};
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
