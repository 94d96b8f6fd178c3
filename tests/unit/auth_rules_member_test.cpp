#include "core/rooms/auth_rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "schema/signing.hpp"
#include "tests/support/circle.hpp"

// Numbers are those of https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules; each case starts from an
// event that is allowed and changes one thing, so that the reason is why it is refused.
using namespace runde;
using namespace runde::tests;

TEST_CASE("5.1, 5.8: a membership is of somebody, and of a known kind") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(membership(dora, dora, "join")) == "yes, the room is public");

        auto changed = membership(dora, dora, "join");
        changed.state_key.reset();
        CHECK(play.judge(changed) == "no, a membership of nobody");
        changed = membership(dora, dora, "join");
        changed.content.erase("membership");
        CHECK(play.judge(changed) == "no, no membership");
        changed.content["membership"] = 1;
        CHECK(play.judge(changed) == "no, no membership");
        CHECK(play.judge(membership(dora, dora, "lurk")) == "no, an unknown membership");
        CHECK(play.judge(membership(dora, dora, "")) == "no, an unknown membership");
    }
}

TEST_CASE("5.3.1: the creator enters first") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        RoomPlay play(version);
        play.happens(play.creation());
        REQUIRE(play.judge(membership(anna, anna, "join")) == "yes, the creator enters first");
        CHECK(play.judge(membership(carl, carl, "join")) == "no, not invited");

        auto later = membership(anna, anna, "join");
        later.after = {play.now("m.room.create"), play.write(message(anna))};
        CHECK(play.judge(later) == "no, not invited");
        later.after = {play.write(message(anna))};
        CHECK(play.judge(later) == "no, not invited");
    }
    // Who is the creator: up to version 10 the content says, since 11 whoever sent the event.
    for (const auto& [version, creator, other] : {std::tuple{"10", carl, anna}, std::tuple{"11", anna, carl}}) {
        RoomPlay play(version);
        auto creation = play.creation();
        creation.content["creator"] = carl;
        play.happens(creation);
        CHECK(play.judge(membership(creator, creator, "join")) == "yes, the creator enters first");
        CHECK(play.judge(membership(other, other, "join")) == "no, not invited");
    }
    // Additional creators have the power, but not the right to enter unasked.
    RoomPlay play("12");
    auto creation = play.creation();
    creation.content["additional_creators"] = schema::JsonArray{ben};
    play.happens(creation);
    CHECK(play.judge(membership(ben, ben, "join")) == "no, not invited");
}

TEST_CASE("5.3: who may join") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto join = membership(dora, dora, "join");
        REQUIRE(play.judge(join) == "yes, the room is public");

        CHECK(play.judge(membership(carl, dora, "join")) == "no, nobody joins for another");
        play.given(membership(carl, dora, "ban"));
        CHECK(play.judge(join) == "no, banned");
        play.given(membership(carl, dora, "leave"));
        CHECK(play.judge(join) == "yes, the room is public");

        join_rule(play, "invite");
        CHECK(play.judge(join) == "no, not invited");
        CHECK(play.judge(membership(ben, ben, "join")) == "yes, invited or already in");  // A new name, say.
        play.given(membership(ben, dora, "invite"));
        CHECK(play.judge(join) == "yes, invited or already in");

        join_rule(play, "private");
        CHECK(play.judge(join) == "no, the join rule lets nobody in");
        play.given(state_event(anna, "m.room.join_rules", R"({"join_rule":["public"]})"));
        CHECK(play.judge(join) == "no, the join rule lets nobody in");

        // Without a rule, as with "invite".
        play.given(state_event(anna, "m.room.join_rules", "{}"));
        CHECK(play.judge(join) == "yes, invited or already in");
        play.forget("m.room.join_rules");
        CHECK(play.judge(join) == "yes, invited or already in");
        play.forget("m.room.member", dora);
        CHECK(play.judge(join) == "no, not invited");
    }
}

TEST_CASE("5.3.4: the join rule knock is one since version 7") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        join_rule(play, "knock");
        const bool known = play.rules.knocking;
        CHECK(play.judge(membership(dora, dora, "join")) == (known ? "no, not invited" : "no, the join rule lets nobody in"));
        play.given(membership(ben, dora, "invite"));
        CHECK(play.judge(membership(dora, dora, "join")) ==
              (known ? "yes, invited or already in" : "no, the join rule lets nobody in"));
    }
}

TEST_CASE("5.2, 5.3.5: restricted joins since version 8, with knocking since 10") {
    for (const auto& version : every_version) {
        for (const std::string rule : {"restricted", "knock_restricted"}) {
            CAPTURE(version);
            CAPTURE(rule);
            auto play = circle(version);
            join_rule(play, rule);
            auto join = membership(dora, dora, "join", {{"join_authorised_via_users_server", carl}});
            join.more["signatures"] = {{"haven.test", {{"ed25519:a", "c2ln"}}}, {"hearth.test", {{"ed25519:a", "c2ln"}}}};
            if (!(rule == "restricted" ? play.rules.restricted_joins : play.rules.knock_restricted)) {
                CHECK(play.judge(join) == "no, the join rule lets nobody in");
                play.given(membership(ben, dora, "invite"));
                CHECK(play.judge(membership(dora, dora, "join")) == "no, the join rule lets nobody in");
                continue;
            }
            REQUIRE(play.judge(join) == "yes, authorised by a member who may invite");

            auto changed = join;
            changed.more = {};  // Only Dora's own server signed.
            CHECK(play.judge(changed) == "no, not signed by the server that authorised the join");
            changed = join;
            changed.more["signatures"].as_object()["hearth.test"] = {{"rsa:a", "c2ln"}};
            CHECK(play.judge(changed) == "no, not signed by the server that authorised the join");
            for (const schema::Json& nobody : {schema::Json("carl"), schema::Json(1), schema::Json(nullptr)}) {
                changed = join;
                changed.content["join_authorised_via_users_server"] = nobody;
                CHECK(play.judge(changed) == "no, not signed by the server that authorised the join");
            }
            CHECK(play.judge(membership(dora, dora, "join")) == "no, nobody authorised this join");

            // Who authorises must be in the room and may invite.
            changed = join;
            changed.content["join_authorised_via_users_server"] = "@emil:hearth.test";
            CHECK(play.judge(changed) == "no, authorised by somebody who may not invite");
            play.given(levels_with(play, anna, "invite", 50));
            CHECK(play.judge(join) == "yes, authorised by a member who may invite");
            play.given(levels_with(play, anna, "invite", 51));
            CHECK(play.judge(join) == "no, authorised by somebody who may not invite");
            changed.content["join_authorised_via_users_server"] = anna;
            CHECK(play.judge(changed) == "yes, authorised by a member who may invite");
            play.given(membership(anna, anna, "leave"));
            CHECK(play.judge(changed) == "no, authorised by somebody who may not invite");

            // 5.3.5.1: who was invited or is in needs nobody. 5.3.3: who is banned is not helped.
            play.given(membership(ben, dora, "invite"));
            CHECK(play.judge(membership(dora, dora, "join")) == "yes, invited or already in");
            play.given(membership(dora, dora, "join"));
            CHECK(play.judge(membership(dora, dora, "join")) == "yes, invited or already in");
            play.given(membership(carl, dora, "ban"));
            CHECK(play.judge(join) == "no, banned");
        }
    }
    // 5.2 holds for every membership, and only where there are restricted joins.
    for (const auto& version : versions(7, 8)) {
        auto play = circle(version);
        auto leave = membership(ben, ben, "leave", {{"join_authorised_via_users_server", carl}});
        CHECK(play.judge(leave) ==
              (version == "7" ? "yes, everybody may leave" : "no, not signed by the server that authorised the join"));
    }
}

TEST_CASE("5.4: who may invite") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto invite = membership(ben, dora, "invite");
        REQUIRE(play.judge(invite) == "yes, invited by a member who may");

        CHECK(play.judge(membership("@emil:hearth.test", dora, "invite")) == "no, the sender is not in the room");
        CHECK(play.judge(membership(ben, carl, "invite")) == "no, already in the room");
        play.given(membership(carl, dora, "ban"));
        CHECK(play.judge(invite) == "no, banned");
        play.given(membership(carl, dora, "leave"));
        CHECK(play.judge(invite) == "yes, invited by a member who may");
        play.given(membership(ben, dora, "invite"));
        CHECK(play.judge(invite) == "yes, invited by a member who may");

        play.given(levels_with(play, anna, "invite", 50));
        CHECK(play.judge(invite) == "no, may not invite");
        CHECK(play.judge(membership(carl, dora, "invite")) == "yes, invited by a member who may");
        play.given(levels_with(play, anna, "invite", 51));
        CHECK(play.judge(membership(carl, dora, "invite")) == "no, may not invite");
    }
}

TEST_CASE("5.4.1: an invite to an e-mail address is redeemed") {
    const auto key = schema::SigningKey::generate(), strangers_key = schema::SigningKey::generate();
    const auto encoded = [](const schema::SigningKey& k) { return schema::base64(k.public_key()); };
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        join_rule(play, "invite");
        auto promise = state_event(ben, "m.room.third_party_invite", R"({"display_name":"d..."})", "token");
        promise.content["public_key"] = encoded(key);
        play.happens(promise);

        auto block = json(R"({"token":"token"})");
        block["mxid"] = dora;
        const auto redeeming = [&](schema::JsonObject is_signed, const schema::SigningKey& with) {
            schema::sign_json(is_signed, "identity.test", with);
            return membership(ben, dora, "invite", {{"third_party_invite", {{"display_name", "d..."}, {"signed", is_signed}}}});
        };
        const auto invite = redeeming(block, key);
        REQUIRE(play.judge(invite) == "yes, a third-party invite was redeemed");
        const auto event = play.write(invite);
        CHECK(std::ranges::find(event->auth_events, play.now("m.room.third_party_invite", "token")->id) !=
              event->auth_events.end());

        SUBCASE("5.4.1.1") {
            play.given(membership(carl, dora, "ban"));
            CHECK(play.judge(invite) == "no, banned");
        }
        SUBCASE("5.4.1.2") {
            auto changed = invite;
            changed.content["third_party_invite"].as_object().erase("signed");
            CHECK(play.judge(changed) == "no, a third-party invite that is not signed");
            changed.content["third_party_invite"] = 1;
            CHECK(play.judge(changed) == "no, a third-party invite that is not signed");
        }
        SUBCASE("5.4.1.3") {
            for (const auto name : {"mxid", "token"}) {
                auto changed = block;
                changed.erase(name);
                CHECK(play.judge(redeeming(changed, key)) == "no, a third-party invite without mxid or token");
            }
        }
        SUBCASE("5.4.1.4") {
            block["mxid"] = "@emil:hearth.test";
            CHECK(play.judge(redeeming(block, key)) == "no, a third-party invite for somebody else");
        }
        SUBCASE("5.4.1.5") {
            block["token"] = "another";
            CHECK(play.judge(redeeming(block, key)) == "no, a third-party invite that the room does not know");
        }
        SUBCASE("5.4.1.6") {
            auto changed = invite;
            changed.sender = carl;
            CHECK(play.judge(changed) == "no, a third-party invite by somebody else");
        }
        SUBCASE("5.4.1.7 with another key") {
            const std::string_view refused = "no, a third-party invite whose signature does not match";
            CHECK(play.judge(redeeming(block, strangers_key)) == refused);
            promise.content["public_keys"] = {{{"public_key", encoded(strangers_key)}}};
            play.given(promise);
            CHECK(play.judge(redeeming(block, strangers_key)) == "yes, a third-party invite was redeemed");
            promise.content.erase("public_key");
            promise.content["public_keys"] = {1, "key", schema::JsonObject(), {{"public_key", "AAAA"}}};
            play.given(promise);
            CHECK(play.judge(invite) == refused);
        }
        SUBCASE("5.4.1.7 without a signature") {
            const std::string_view refused = "no, a third-party invite whose signature does not match";
            for (const auto signatures : {R"({})", R"(7)", R"({"identity.test":{}})", R"({"identity.test":[]})",
                                          R"({"identity.test":{"ed25519:1":7}})", R"({"identity.test":{"ed25519:1":"!"}})"}) {
                auto changed = invite;
                changed.content["third_party_invite"].as_object()["signed"].as_object()["signatures"] =
                    schema::parse_json(signatures);
                CHECK(play.judge(changed) == refused);
            }
            // What was signed is what counts.
            auto changed = invite;
            changed.content["third_party_invite"].as_object()["signed"].as_object()["more"] = true;
            CHECK(play.judge(changed) == refused);
        }
    }
}

TEST_CASE("5.5: who may leave, kick and unban") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        SUBCASE("5.5.1 leaving") {
            const auto leave = membership(dora, dora, "leave");
            CHECK(play.judge(leave) == "no, nothing to leave");
            play.given(membership(ben, dora, "invite"));
            CHECK(play.judge(leave) == "yes, everybody may leave");
            play.given(membership(dora, dora, "join"));
            CHECK(play.judge(leave) == "yes, everybody may leave");
            play.given(membership(carl, dora, "ban"));
            CHECK(play.judge(leave) == "no, nothing to leave");
            play.given(membership(carl, dora, "leave"));
            CHECK(play.judge(leave) == "no, nothing to leave");
            play.given(membership(dora, dora, "knock"));
            CHECK(play.judge(leave) == (play.rules.knocking ? "yes, everybody may leave" : "no, nothing to leave"));
        }
        SUBCASE("5.5.4 kicking") {
            REQUIRE(play.judge(membership(carl, ben, "leave")) == "yes, kicked or unbanned by a member who may");
            CHECK(play.judge(membership(dora, ben, "leave")) == "no, the sender is not in the room");
            CHECK(play.judge(membership(ben, carl, "leave")) == "no, may not kick");
            CHECK(play.judge(membership(carl, anna, "leave")) == "no, may not kick somebody of this level");
            play.given(levels_with(play, anna, "users", ben, 50));
            CHECK(play.judge(membership(carl, ben, "leave")) == "no, may not kick somebody of this level");
            play.given(levels_with(play, anna, "users", ben, 49));
            CHECK(play.judge(membership(carl, ben, "leave")) == "yes, kicked or unbanned by a member who may");
            play.given(levels_with(play, anna, "kick", 51));
            CHECK(play.judge(membership(carl, ben, "leave")) == "no, may not kick");
        }
        SUBCASE("5.5.3 unbanning") {
            play.given(membership(anna, dora, "ban"));
            REQUIRE(play.judge(membership(carl, dora, "leave")) == "yes, kicked or unbanned by a member who may");
            play.given(levels_with(play, anna, "ban", 51));
            CHECK(play.judge(membership(carl, dora, "leave")) == "no, may not unban");
            play.given(levels_with(play, anna, "ban", 50));
            play.given(levels_with(play, anna, "kick", 51));
            CHECK(play.judge(membership(carl, dora, "leave")) == "no, may not kick");
        }
        SUBCASE("taking back an invite") {
            play.given(membership(ben, dora, "invite"));
            CHECK(play.judge(membership(carl, dora, "leave")) == "yes, kicked or unbanned by a member who may");
            CHECK(play.judge(membership(ben, dora, "leave")) == "no, may not kick");
        }
    }
}

TEST_CASE("5.6: who may ban") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(membership(carl, ben, "ban")) == "yes, banned by a member who may");
        CHECK(play.judge(membership(carl, dora, "ban")) == "yes, banned by a member who may");

        CHECK(play.judge(membership("@emil:hearth.test", ben, "ban")) == "no, the sender is not in the room");
        CHECK(play.judge(membership(ben, dora, "ban")) == "no, may not ban");
        CHECK(play.judge(membership(carl, anna, "ban")) == "no, may not ban somebody of this level");
        CHECK(play.judge(membership(carl, carl, "ban")) == "no, may not ban somebody of this level");
        play.given(levels_with(play, anna, "users", ben, 50));
        CHECK(play.judge(membership(carl, ben, "ban")) == "no, may not ban somebody of this level");
        play.given(levels_with(play, anna, "ban", 51));
        CHECK(play.judge(membership(carl, dora, "ban")) == "no, may not ban");
    }
}

TEST_CASE("5.7: who may knock, since version 7") {
    for (const auto& version : every_version) {
        for (const std::string rule : {"knock", "knock_restricted"}) {
            CAPTURE(version);
            CAPTURE(rule);
            auto play = circle(version);
            join_rule(play, rule);
            const auto knock = membership(dora, dora, "knock");
            if (!play.rules.knocking) {
                CHECK(play.judge(knock) == "no, an unknown membership");
                continue;
            }
            if (rule == "knock_restricted" && !play.rules.knock_restricted) {
                CHECK(play.judge(knock) == "no, nobody may knock here");
                continue;
            }
            REQUIRE(play.judge(knock) == "yes, everybody else may knock");

            CHECK(play.judge(membership(ben, dora, "knock")) == "no, nobody knocks for another");
            CHECK(play.judge(membership(ben, ben, "knock")) == "no, no need to knock");
            play.given(knock);
            CHECK(play.judge(knock) == "yes, everybody else may knock");
            play.given(membership(ben, dora, "invite"));
            CHECK(play.judge(knock) == "no, no need to knock");
            play.given(membership(carl, dora, "ban"));
            CHECK(play.judge(knock) == "no, banned");
            play.given(membership(carl, dora, "leave"));
            CHECK(play.judge(knock) == "yes, everybody else may knock");
            for (const auto other : {"public", "invite", "restricted", "private"}) {
                join_rule(play, other);
                CHECK(play.judge(knock) == "no, nobody may knock here");
            }
        }
    }
}
