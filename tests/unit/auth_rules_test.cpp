#include "core/rooms/auth_rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "schema/signing.hpp"
#include "tests/support/room_play.hpp"

// Numbers are those of https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules; each case starts from an
// event that is allowed and changes one thing, so that the reason is why it is refused.
using namespace runde;
using namespace runde::tests;

namespace {

const std::vector<std::string> every_version{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"};

/// The versions from the first to the last given.
std::vector<std::string> versions(int first, int last) {
    return {every_version.begin() + first - 1, every_version.begin() + last};
}

/// A room that Anna began and Ben and Carl joined, Carl as a moderator.
RoomPlay circle(std::string_view version) {
    auto play = RoomPlay::begun(version);
    play.happens(membership(ben, ben, "join"));
    play.happens(membership(carl, carl, "join"));
    auto levels = play.now("m.room.power_levels")->content();
    levels["users"].as_object()[carl] = 50;
    play.happens({"m.room.power_levels", anna, "", std::move(levels)});
    return play;
}

void join_rule(RoomPlay& play, std::string_view rule) {
    play.given(state_event(anna, "m.room.join_rules", fmt::format(R"({{"join_rule":"{}"}})", rule)));
}

/// The room's power levels with one member of the content replaced (or removed, by null).
Line levels_with(const RoomPlay& play, const std::string& sender, std::string_view name, schema::Json value) {
    auto content = play.now("m.room.power_levels")->content();
    if (value.is_null())
        content.erase(name);
    else
        content[name] = std::move(value);
    return {"m.room.power_levels", sender, "", std::move(content)};
}

/// The same with one entry of one of its tables.
Line levels_with(const RoomPlay& play, const std::string& sender, std::string_view table,
                 std::string_view name, schema::Json value) {
    const auto content = play.now("m.room.power_levels")->content();
    auto entries = content.contains(table) ? content.at(table).as_object() : schema::JsonObject();
    if (value.is_null())
        entries.erase(name);
    else
        entries[name] = std::move(value);
    return levels_with(play, sender, table, std::move(entries));
}

}  // namespace

TEST_CASE("1: which room may begin") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        RoomPlay play(version);
        const auto creation = play.creation();
        REQUIRE(play.judge(creation) == "yes, a room begins");

        auto changed = creation;
        changed.after = {play.write(message(anna))};
        CHECK(play.judge(changed) == "no, a create event with something before it");

        changed = creation;
        changed.content["room_version"] = "org.example.unheard-of";
        CHECK(play.judge(changed) == "no, a room version that is not recognised");
        changed.content["room_version"] = 1;
        CHECK(play.judge(changed) == "no, a room version that is not recognised");
        changed.content.erase("room_version");
        CHECK(play.judge(changed) == "yes, a room begins");
    }
    for (const auto& version : versions(1, 11)) {
        RoomPlay play(version);
        auto creation = play.creation();
        creation.more["room_id"] = "!room:haven.test";
        CHECK(play.judge(creation) == "no, a room id of another server than the sender's");
    }
    for (const auto& version : versions(1, 10)) {
        RoomPlay play(version);
        auto creation = play.creation();
        creation.content.erase("creator");
        CHECK(play.judge(creation) == "no, no creator");
    }
}

TEST_CASE("1.2, 1.4: in version 12 a room is named by its beginning, and may have several creators") {
    RoomPlay play("12");
    auto creation = play.creation();
    creation.content["additional_creators"] = {ben, carl};
    REQUIRE(play.judge(creation) == "yes, a room begins");

    for (const schema::Json& wrong :
         {schema::Json(ben), schema::Json({ben, 7}), schema::Json({ben, "carl"}), schema::Json(nullptr)}) {
        creation.content["additional_creators"] = wrong;
        CHECK(play.judge(creation) == "no, additional creators that are no user ids");
    }
    creation.content["additional_creators"] = schema::JsonArray();
    CHECK(play.judge(creation) == "yes, a room begins");

    // A create event with a state key is none that schema::parse_event would refuse for its room id.
    creation.state_key = "elsewhere";
    creation.more["room_id"] = "!room";
    CHECK(play.judge(creation) == "no, a create event that chooses its room id");

    RoomPlay older("11");
    creation = older.creation();
    creation.content["additional_creators"] = "means nothing here";
    CHECK(older.judge(creation) == "yes, a room begins");
}

TEST_CASE("2: an event belongs to the room that its room id names") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(message(ben)) == "yes, a member may send this");
        play.forget("m.room.create");
        CHECK(play.judge(message(ben)) == "no, the room has no create event");
    }
    auto play = circle("12");
    auto elsewhere = message(ben);
    elsewhere.more["room_id"] = "!another";
    CHECK(play.judge(elsewhere) == "no, the room id does not name the room's create event");
}

TEST_CASE("3: which auth events an event may cite") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto event = play.write(message(ben));
        const auto create = play.now("m.room.create");
        std::vector<rooms::CitedEvent> cited{{play.now("m.room.power_levels").get()},
                                             {play.now("m.room.member", ben).get()}};
        if (!play.rules.room_id_is_create_hash) cited.push_back({create.get()});
        const auto check = [&](const schema::Event* named = nullptr) {
            return RoomPlay::text(
                rooms::check_auth_events(*event, play.rules, cited, named ? named : create.get()));
        };
        REQUIRE(check() == "yes, the auth events are as they must be");
        CHECK(event->auth_events.size() == cited.size());

        schema::EventPtr other;  // Lives as long as `cited` points to it.
        SUBCASE("3.1 two for one key") {
            other = play.write(membership(ben, ben, "join"));
            cited.push_back({other.get()});
            CHECK(check() == "no, two auth events for the same state");
        }
        SUBCASE("3.1 one event twice") {
            cited.push_back(cited.front());
            CHECK(check() == "no, two auth events for the same state");
        }
        SUBCASE("3.2 state that does not matter to a message") {
            cited.push_back({play.now("m.room.join_rules").get()});
            CHECK(check() == "no, an auth event that this event must not cite");
        }
        SUBCASE("3.2 somebody else's membership") {
            cited.push_back({play.now("m.room.member", anna).get()});
            CHECK(check() == "no, an auth event that this event must not cite");
        }
        SUBCASE("3.2 an event that is no state") {
            other = play.write(message(ben));
            cited.push_back({other.get()});
            CHECK(check() == "no, an auth event that this event must not cite");
        }
        SUBCASE("3.3 a rejected one") {
            cited.front().rejected = true;
            CHECK(check() == "no, an auth event was rejected");
        }
        SUBCASE("2.4, 3.2 the create event") {
            if (play.rules.room_id_is_create_hash) {
                cited.push_back({create.get()});
                CHECK(check() == "no, an auth event that this event must not cite");
            } else {
                cited.pop_back();
                CHECK(check() == "no, no create event among the auth events");
            }
        }
        SUBCASE("3.5 one of another room") {
            auto line = membership(ben, ben, "join");
            line.more["room_id"] = "!another:hearth.test";
            other = play.write(line);
            cited[1].event = other.get();
            CHECK(check() == "no, an auth event of another room");
        }
        SUBCASE("1: a create event needs none") {
            const auto creation = play.write(play.creation());
            CHECK(rooms::check_auth_events(*creation, play.rules, {}).allowed);
        }
    }
}

TEST_CASE("2: in version 12 the create event is named by the room id and must have been accepted") {
    auto play = circle("12");
    const auto event = play.write(message(ben));
    const rooms::CitedEvent cited[] = {{play.now("m.room.power_levels").get()},
                                       {play.now("m.room.member", ben).get()}};
    REQUIRE(rooms::check_auth_events(*event, play.rules, cited, play.now("m.room.create").get()).allowed);

    const std::string_view refused = "the room id does not name an accepted create event";
    CHECK(rooms::check_auth_events(*event, play.rules, cited).why == refused);
    auto other = play.creation();
    other.id = "another";
    CHECK(rooms::check_auth_events(*event, play.rules, cited, play.write(other).get()).why == refused);
    CHECK(rooms::check_auth_events(*event, play.rules, cited, play.now("m.room.join_rules").get()).why ==
          refused);
}

TEST_CASE("an event can be judged by what it cites") {
    for (const auto& version : {"11", "12"}) {
        auto play = circle(version);
        const auto event = play.write(message(ben));
        const auto create = play.now("m.room.create");
        std::vector<rooms::CitedEvent> cited{{play.now("m.room.power_levels").get()},
                                             {play.now("m.room.member", ben).get()}};
        if (!play.rules.room_id_is_create_hash) cited.push_back({create.get()});
        const auto* named = play.rules.room_id_is_create_hash ? create.get() : nullptr;
        CHECK(rooms::authorise(*event, play.rules, rooms::state_of(cited, named)).allowed);
        cited[1].rejected = true;
        CHECK(rooms::authorise(*event, play.rules, rooms::state_of(cited, named)).why ==
              "the sender is not in the room");
    }
}

TEST_CASE("4: a room that does not federate is for its own server") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(message(ben)) == "yes, a member may send this");
        auto creation = play.creation();
        creation.content["m.federate"] = false;
        play.given(creation);
        CHECK(play.judge(message(ben)) == "no, the room does not federate");
        CHECK(play.judge(membership(dora, dora, "join")) == "no, the room does not federate");
        CHECK(play.judge(message(carl)) == "yes, a member may send this");
        creation.content["m.federate"] = true;
        play.given(creation);
        CHECK(play.judge(message(ben)) == "yes, a member may send this");
        creation.content["m.federate"] = "false";  // Only false is false.
        play.given(creation);
        CHECK(play.judge(message(ben)) == "yes, a member may send this");
    }
}

TEST_CASE("until version 5, aliases belong to a server") {
    for (const auto& version : versions(1, 5)) {
        CAPTURE(version);
        auto play = circle(version);
        auto aliases =
            state_event(dora, "m.room.aliases", R"({"aliases":["#circle:haven.test"]})", "haven.test");
        CHECK(play.judge(aliases) == "yes, a server's own aliases");  // Dora is not even in the room.
        aliases.state_key = "hearth.test";
        CHECK(play.judge(aliases) == "no, aliases of another server");
        aliases.state_key.reset();
        CHECK(play.judge(aliases) == "no, aliases that are no state");
    }
    for (const auto& version : versions(6, 12)) {
        auto play = circle(version);
        const auto aliases = state_event(ben, "m.room.aliases", R"({"aliases":[]})", "haven.test");
        CHECK(play.judge(aliases) == "no, may not send this type");
        CHECK(play.judge(state_event(carl, "m.room.aliases", "{}", "haven.test")) ==
              "yes, a member may send this");
    }
}

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
    for (const auto& [version, creator, other] :
         {std::tuple{"10", carl, anna}, std::tuple{"11", anna, carl}}) {
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
        CHECK(play.judge(membership(dora, dora, "join")) ==
              (known ? "no, not invited" : "no, the join rule lets nobody in"));
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
            join.more["signatures"] = {{"haven.test", {{"ed25519:a", "c2ln"}}},
                                       {"hearth.test", {{"ed25519:a", "c2ln"}}}};
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
            for (const schema::Json& nobody :
                 {schema::Json("carl"), schema::Json(1), schema::Json(nullptr)}) {
                changed = join;
                changed.content["join_authorised_via_users_server"] = nobody;
                CHECK(play.judge(changed) == "no, not signed by the server that authorised the join");
            }
            CHECK(play.judge(membership(dora, dora, "join")) == "no, nobody authorised this join");

            // Who authorises must be in the room and may invite.
            changed = join;
            changed.content["join_authorised_via_users_server"] = "@emil:hearth.test";
            CHECK(play.judge(changed) == "no, authorised by somebody who may not invite");
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
        CHECK(play.judge(leave) == (version == "7"
                                        ? "yes, everybody may leave"
                                        : "no, not signed by the server that authorised the join"));
    }
}

TEST_CASE("5.4: who may invite") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto invite = membership(ben, dora, "invite");
        REQUIRE(play.judge(invite) == "yes, invited by a member who may");

        CHECK(play.judge(membership("@emil:hearth.test", dora, "invite")) ==
              "no, the sender is not in the room");
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
            return membership(ben, dora, "invite",
                              {{"third_party_invite", {{"display_name", "d..."}, {"signed", is_signed}}}});
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
                CHECK(play.judge(redeeming(changed, key)) ==
                      "no, a third-party invite without mxid or token");
            }
        }
        SUBCASE("5.4.1.4") {
            block["mxid"] = "@emil:hearth.test";
            CHECK(play.judge(redeeming(block, key)) == "no, a third-party invite for somebody else");
        }
        SUBCASE("5.4.1.5") {
            block["token"] = "another";
            CHECK(play.judge(redeeming(block, key)) ==
                  "no, a third-party invite that the room does not know");
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
            for (const auto signatures :
                 {R"({})", R"(7)", R"({"identity.test":{}})", R"({"identity.test":[]})",
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
            CHECK(play.judge(leave) ==
                  (play.rules.knocking ? "yes, everybody may leave" : "no, nothing to leave"));
        }
        SUBCASE("5.5.4 kicking") {
            REQUIRE(play.judge(membership(carl, ben, "leave")) ==
                    "yes, kicked or unbanned by a member who may");
            CHECK(play.judge(membership(dora, ben, "leave")) == "no, the sender is not in the room");
            CHECK(play.judge(membership(ben, carl, "leave")) == "no, may not kick");
            CHECK(play.judge(membership(carl, anna, "leave")) == "no, may not kick somebody of this level");
            play.given(levels_with(play, anna, "users", ben, 50));
            CHECK(play.judge(membership(carl, ben, "leave")) == "no, may not kick somebody of this level");
            play.given(levels_with(play, anna, "users", ben, 49));
            CHECK(play.judge(membership(carl, ben, "leave")) ==
                  "yes, kicked or unbanned by a member who may");
            play.given(levels_with(play, anna, "kick", 51));
            CHECK(play.judge(membership(carl, ben, "leave")) == "no, may not kick");
        }
        SUBCASE("5.5.3 unbanning") {
            play.given(membership(anna, dora, "ban"));
            REQUIRE(play.judge(membership(carl, dora, "leave")) ==
                    "yes, kicked or unbanned by a member who may");
            play.given(levels_with(play, anna, "ban", 51));
            CHECK(play.judge(membership(carl, dora, "leave")) == "no, may not unban");
            play.given(levels_with(play, anna, "ban", 50));
            play.given(levels_with(play, anna, "kick", 51));
            CHECK(play.judge(membership(carl, dora, "leave")) == "no, may not kick");
        }
        SUBCASE("taking back an invite") {
            play.given(membership(ben, dora, "invite"));
            CHECK(play.judge(membership(carl, dora, "leave")) ==
                  "yes, kicked or unbanned by a member who may");
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

TEST_CASE("6: only members speak") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(message(ben)) == "yes, a member may send this");
        CHECK(play.judge(message(dora)) == "no, the sender is not in the room");
        for (const auto kind : {"invite", "leave", "ban", "knock"}) {
            play.given(membership(ben, ben, kind));
            CHECK(play.judge(message(ben)) == "no, the sender is not in the room");
        }
    }
}

TEST_CASE("7: promising an invite takes the level to invite") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto promise = state_event(ben, "m.room.third_party_invite", "{}", "token");
        REQUIRE(play.judge(promise) == "yes, a member who may invite");  // Not state_default, 50.
        play.given(levels_with(play, anna, "invite", 1));
        CHECK(play.judge(promise) == "no, may not invite");
    }
}

TEST_CASE("8: every type has its level") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(message(ben)) == "yes, a member may send this");
        const auto topic = [](const std::string& sender) {
            return state_event(sender, "m.room.topic", R"({"topic":"T"})");
        };
        CHECK(play.judge(topic(ben)) == "no, may not send this type");
        CHECK(play.judge(topic(carl)) == "yes, a member may send this");

        play.given(levels_with(play, anna, "events", "m.room.topic", 51));
        CHECK(play.judge(topic(carl)) == "no, may not send this type");
        play.given(levels_with(play, anna, "events", "m.room.topic", 0));
        CHECK(play.judge(topic(ben)) == "yes, a member may send this");
        play.given(levels_with(play, anna, "state_default", 0));
        CHECK(play.judge(state_event(ben, "m.room.name", "{}")) == "yes, a member may send this");
        play.given(levels_with(play, anna, "events_default", 1));
        CHECK(play.judge(message(ben)) == "no, may not send this type");
        play.given(levels_with(play, anna, "users_default", 1));
        CHECK(play.judge(message(ben)) == "yes, a member may send this");
    }
}

TEST_CASE("8: a room without power levels has its creator's") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        play.forget("m.room.power_levels");
        CHECK(play.judge(state_event(anna, "m.room.topic", "{}")) == "yes, a member may send this");
        CHECK(play.judge(state_event(carl, "m.room.topic", "{}")) == "no, may not send this type");
        CHECK(play.judge(message(ben)) == "yes, a member may send this");
        CHECK(play.judge(membership(anna, ben, "leave")) == "yes, kicked or unbanned by a member who may");
    }
}

TEST_CASE("creators stand above every level, since version 12") {
    auto play = circle("12");
    auto creation = play.creation();
    creation.content["additional_creators"] = schema::JsonArray{dora};
    play.given(creation);
    play.happens(membership(dora, dora, "join"));
    play.given(levels_with(play, anna, "events", "m.room.topic", 9007199254740991));
    play.given(levels_with(play, anna, "users", carl, 9007199254740991));
    CHECK(play.judge(state_event(anna, "m.room.topic", "{}")) == "yes, a member may send this");
    CHECK(play.judge(state_event(dora, "m.room.topic", "{}")) == "yes, a member may send this");
    CHECK(play.judge(membership(dora, carl, "ban")) == "yes, banned by a member who may");
    CHECK(play.judge(membership(carl, dora, "ban")) == "no, may not ban somebody of this level");
    CHECK(play.judge(membership(dora, anna, "leave")) == "no, may not kick somebody of this level");

    auto older = circle("11");
    older.given(creation);
    older.given(membership(dora, dora, "join"));
    CHECK(older.judge(state_event(dora, "m.room.topic", "{}")) == "no, may not send this type");
}

TEST_CASE("9: state in a person's name is that person's") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto status = [](const std::string& sender, std::string key) {
            return state_event(sender, "org.example.status", "{}", std::move(key));
        };
        REQUIRE(play.judge(status(carl, carl)) == "yes, a member may send this");
        CHECK(play.judge(status(carl, ben)) == "no, state of another person");
        CHECK(play.judge(status(anna, carl)) == "no, state of another person");
        CHECK(play.judge(status(carl, "@")) == "no, state of another person");
        CHECK(play.judge(status(carl, "#" + ben)) == "yes, a member may send this");
    }
}

TEST_CASE("10.1 to 10.3: how levels are written") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const bool strict = play.rules.integer_power_levels_only;
        REQUIRE(play.judge(levels_with(play, anna, "ban", 60)) == "yes, changes levels within reach");

        for (const auto name :
             {"users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"}) {
            CAPTURE(name);
            for (const schema::Json& value :
                 {schema::Json("7"), schema::Json(schema::JsonArray()), schema::Json(true)}) {
                const auto verdict = play.judge(levels_with(play, anna, name, value));
                CHECK(verdict ==
                      (strict ? "no, a level is not an integer" : "yes, changes levels within reach"));
            }
        }
        for (const auto table : {"events", "notifications"}) {
            for (const schema::Json& value : {schema::Json("7"), schema::Json({{"m.room.name", "7"}})}) {
                const auto verdict = play.judge(levels_with(play, anna, table, value));
                CHECK(verdict == (strict ? "no, a level in events or notifications is not an integer"
                                         : "yes, changes levels within reach"));
            }
        }

        auto users = play.now("m.room.power_levels")->content().at("users").as_object();
        users[ben] = " +010 ";
        CHECK(play.judge(levels_with(play, anna, "users", users)) ==
              (strict ? "no, a level in users is not an integer" : "yes, changes levels within reach"));
        for (const schema::Json& value :
             {schema::Json("ten"), schema::Json(schema::JsonObject()), schema::Json(false)}) {
            users[ben] = value;
            CHECK(play.judge(levels_with(play, anna, "users", users)) ==
                  "no, a level in users is not an integer");
        }
        users.erase(ben);
        users["ben"] = 10;
        CHECK(play.judge(levels_with(play, anna, "users", users)) ==
              "no, users holds a key that is no user id");
        CHECK(play.judge(levels_with(play, anna, "users", schema::JsonArray())) ==
              "no, a level in users is not an integer");
    }
}

TEST_CASE("10.4: creators are not listed, since version 12") {
    auto play = circle("12");
    auto creation = play.creation();
    creation.content["additional_creators"] = schema::JsonArray{dora};
    play.given(creation);
    REQUIRE(play.judge(levels_with(play, anna, "users", ben, 10)) == "yes, changes levels within reach");
    CHECK(play.judge(levels_with(play, anna, "users", anna, 100)) == "no, creators have no level to be set");
    CHECK(play.judge(levels_with(play, anna, "users", dora, 0)) == "no, creators have no level to be set");
    play.forget("m.room.power_levels");
    Line first{"m.room.power_levels", anna, "", json("{}")};
    CHECK(play.judge(first) == "yes, the first power levels");
    first.content["users"] = schema::JsonObject{{dora, 100}};
    CHECK(play.judge(first) == "no, creators have no level to be set");
}

TEST_CASE("10.5: the first power levels may say anything") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        play.forget("m.room.power_levels");
        Line first{"m.room.power_levels", anna, "", json(R"({"ban":1000})")};
        first.content["users"] = schema::JsonObject{{ben, 1000}};
        CHECK(play.judge(first) == "yes, the first power levels");
        first.sender = ben;
        CHECK(play.judge(first) == "no, may not send this type");
    }
}

TEST_CASE("10.6: no single level is changed from or to above one's own") {
    for (const auto& version : every_version) {
        for (const std::string name :
             {"users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"}) {
            CAPTURE(version);
            CAPTURE(name);
            auto play = circle(version);
            const std::string_view refused = "no, changes a level above the sender's own";
            const std::string_view allowed = "yes, changes levels within reach";
            CHECK(play.judge(levels_with(play, carl, name, 50)) == allowed);  // Added.
            CHECK(play.judge(levels_with(play, carl, name, 51)) == refused);
            play.given(levels_with(play, anna, name, 50));
            if (name == "events_default" || name == "users_default")
                play.given(levels_with(play, anna, name, 40));
            CHECK(play.judge(levels_with(play, carl, name, 30)) == allowed);  // Changed.
            CHECK(play.judge(levels_with(play, carl, name, 51)) == refused);
            CHECK(play.judge(levels_with(play, carl, name, nullptr)) == allowed);  // Removed.

            if (name == "state_default") continue;  // Carl could not send it at all.
            play.given(levels_with(play, anna, name, 51));
            if (name == "users_default") continue;
            CHECK(play.judge(levels_with(play, carl, name, 50)) == refused);
            CHECK(play.judge(levels_with(play, carl, name, nullptr)) == refused);
            CHECK(play.judge(levels_with(play, carl, name, 51)) == allowed);  // Not altered.
        }
    }
}

TEST_CASE("10.6: what is spelled differently is not altered") {
    for (const auto& version : versions(1, 9)) {
        auto play = circle(version);
        play.given(levels_with(play, anna, "ban", 90));
        CHECK(play.judge(levels_with(play, carl, "ban", "90")) == "yes, changes levels within reach");
        CHECK(play.judge(levels_with(play, carl, "ban", "91")) ==
              "no, changes a level above the sender's own");
    }
}

TEST_CASE("10.7, 10.8: levels of events and notifications") {
    for (const auto& version : every_version) {
        for (const std::string table : {"events", "notifications"}) {
            CAPTURE(version);
            CAPTURE(table);
            auto play = circle(version);
            const bool checked = table == "events" || play.rules.notifications_levels_checked;
            const std::string_view allowed = "yes, changes levels within reach";
            const std::string refused = !checked ? std::string(allowed)
                                        : table == "events"
                                            ? "no, changes an event's level above the sender's own"
                                            : "no, changes a notification's level above the sender's own";
            play.given(levels_with(play, anna, table, schema::JsonObject{{"mine", 50}, {"above", 51}}));
            CHECK(play.judge(levels_with(play, carl, table, "mine", 1)) == allowed);
            CHECK(play.judge(levels_with(play, carl, table, "mine", nullptr)) == allowed);
            CHECK(play.judge(levels_with(play, carl, table, "mine", 51)) == refused);
            CHECK(play.judge(levels_with(play, carl, table, "above", 1)) == refused);
            CHECK(play.judge(levels_with(play, carl, table, "above", nullptr)) == refused);
            CHECK(play.judge(levels_with(play, carl, table, "above", 51)) == allowed);
            CHECK(play.judge(levels_with(play, carl, table, "new", 50)) == allowed);
            CHECK(play.judge(levels_with(play, carl, table, "new", 51)) == refused);
        }
    }
}

TEST_CASE("10.9, 10.10: levels of people") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const std::string_view allowed = "yes, changes levels within reach";
        const std::string_view refused = "no, changes a user's level at or above the sender's own";
        const std::string emil = "@emil:hearth.test", frieda = "@frieda:hearth.test";
        play.given(levels_with(play, anna, "users", emil, 50));
        play.given(levels_with(play, anna, "users", frieda, 51));

        CHECK(play.judge(levels_with(play, carl, "users", ben, 50)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", ben, 51)) == refused);
        play.given(levels_with(play, anna, "users", ben, 49));
        CHECK(play.judge(levels_with(play, carl, "users", ben, 10)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", ben, nullptr)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", ben, 50)) == allowed);
        for (const auto& other : {emil, frieda}) {
            CHECK(play.judge(levels_with(play, carl, "users", other, 10)) == refused);
            CHECK(play.judge(levels_with(play, carl, "users", other, nullptr)) == refused);
        }
        // One's own level may go down, never up.
        CHECK(play.judge(levels_with(play, carl, "users", carl, 10)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", carl, nullptr)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", carl, 51)) == refused);
    }
}

TEST_CASE("until version 2, the rules decide about redactions") {
    for (const auto& version : versions(1, 2)) {
        CAPTURE(version);
        auto play = circle(version);
        const auto redaction = [](const std::string& sender, schema::Json redacts) {
            Line line{"m.room.redaction", sender, std::nullopt, {}};
            line.more["redacts"] = std::move(redacts);
            return line;
        };
        CHECK(play.judge(redaction(carl, "$x:haven.test")) == "yes, may redact what others wrote");
        CHECK(play.judge(redaction(ben, "$x:haven.test")) == "yes, redacts an event of the same server");
        CHECK(play.judge(redaction(ben, "$x:hearth.test")) == "no, may not redact what others wrote");
        CHECK(play.judge(redaction(ben, "$x")) == "no, may not redact what others wrote");
        CHECK(play.judge(redaction(ben, 7)) == "no, may not redact what others wrote");
        play.given(levels_with(play, anna, "redact", 51));
        CHECK(play.judge(redaction(carl, "$x:haven.test")) == "no, may not redact what others wrote");
        CHECK(play.judge(redaction(carl, "$x:hearth.test")) == "yes, redacts an event of the same server");
    }
}

TEST_CASE("since version 3, a redaction is an event like others, and is applied only where it may") {
    for (const auto& version : versions(3, 12)) {
        CAPTURE(version);
        auto play = circle(version);
        const auto annas = play.happens(message(anna)), bens = play.happens(message(ben));
        const auto redaction = [&](const std::string& sender, const schema::EventPtr& target) {
            Line line{"m.room.redaction", sender, std::nullopt, {}};
            (play.rules.redacts_in_content ? line.content : line.more)["redacts"] = target->id.str();
            return play.happens(line);
        };
        const auto applied = [&](const std::string& sender, const schema::EventPtr& target) {
            return RoomPlay::text(
                rooms::may_redact(*redaction(sender, target), *target, play.rules, play.lookup()));
        };
        CHECK(applied(carl, bens) == "yes, may redact what others wrote");
        CHECK(applied(ben, bens) == "yes, redacts an event of the same server");
        CHECK(applied(ben, annas) == "no, may not redact what others wrote");
        play.happens(levels_with(play, anna, "redact", 51));
        CHECK(applied(carl, bens) == "no, may not redact what others wrote");
        CHECK(applied(carl, annas) == "yes, redacts an event of the same server");
        CHECK(applied(anna, bens) == "yes, may redact what others wrote");

        CHECK(rooms::may_redact(*redaction(anna, annas), *bens, play.rules, play.lookup()).why ==
              "redacts another event");
        auto line = message(ben);
        line.more["room_id"] = "!another:haven.test";
        const auto elsewhere = play.write(line);
        CHECK(applied(anna, elsewhere) == "no, redacts an event of another room");

        play.happens(levels_with(play, anna, "events", "m.room.redaction", 1));
        CHECK(play.judge({"m.room.redaction", ben, std::nullopt, {}}) == "no, may not send this type");
    }
}

TEST_CASE("which auth events an event selects") {
    const auto keys = [](std::string_view version, const Line& line) {
        const auto wanted = rooms::auth_types_for(line.type, line.sender, line.state_key.value_or(""),
                                                  line.content, *schema::find_room_rules(version));
        std::string text;
        for (const auto& key : wanted) text += fmt::format("{}|{} ", key.type.substr(7), key.state_key);
        return text;
    };
    const auto in = [&](std::string_view version, const Line& line, std::string_view more) {
        const auto create = version == "12" ? "" : "create| ";
        CHECK(keys(version, line) == fmt::format("{}power_levels| member|{} {}", create, line.sender, more));
    };
    const auto about_dora = fmt::format("member|{} ", dora);
    for (const auto& version : every_version) {
        CAPTURE(version);
        in(version, message(ben), "");
        in(version, state_event(ben, "m.room.topic", "{}"), "");
        in(version, membership(ben, ben, "join"), "join_rules| ");
        in(version, membership(ben, dora, "invite"), about_dora + "join_rules| ");
        in(version, membership(ben, dora, "leave"), about_dora);
        in(version, membership(ben, dora, "ban"), about_dora);
        in(version, membership(ben, ben, "knock"), "join_rules| ");
        const auto promise = json(R"({"third_party_invite":{"signed":{"token":"t"}}})");
        in(version, membership(ben, dora, "invite", promise),
           about_dora + "join_rules| third_party_invite|t ");
        in(version, membership(ben, dora, "leave", promise), about_dora);
        in(version, membership(ben, dora, "invite", json(R"({"third_party_invite":{"signed":{"token":1}}})")),
           about_dora + "join_rules| ");

        const schema::JsonObject authorised{{"join_authorised_via_users_server", dora}};
        const bool restricted = schema::find_room_rules(version)->restricted_joins;
        in(version, membership(ben, ben, "join", authorised),
           restricted ? "join_rules| " + about_dora : "join_rules| ");
        in(version, membership(ben, ben, "leave", authorised), "");
        CHECK(keys(version, RoomPlay(version).creation()).empty());
    }
}
