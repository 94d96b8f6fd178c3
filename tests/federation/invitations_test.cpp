// Invitations across servers that are not wanted, or whose servers are gone.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/room_rules.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

bool is_offered(Neighbour& person, const std::string& room) {
    const auto answer = person.get("/sync");
    REQUIRE(answer == "200");
    return answer.has(fmt::format("/rooms/invite/{}", room));
}

}  // namespace

TEST_CASE("an invitation whose server is gone can be declined, in every room version") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    std::vector<std::string> rooms;
    for (const auto& rules : schema::all_room_rules()) {
        rooms.push_back(anna.create_room(fmt::format(R"({{"preset":"private_chat","room_version":"{}"}})", rules.version)));
        REQUIRE(anna.invite(rooms.back(), ben) == "200");
        REQUIRE(is_offered(ben, rooms.back()));
    }
    SUBCASE("it does not answer") { world.cut_link(); }
    SUBCASE("it answers with nonsense") {
        world.link().tamper = [](const std::string& to, federation::LinkRequest&) -> std::optional<federation::LinkAnswer> {
            if (to != "hearth.test") return std::nullopt;
            return federation::LinkAnswer{200, R"({"event":{},"room_version":"none"})"};
        };
    }
    SUBCASE("it knows nothing of it any more") {
        world.link().tamper = [](const std::string& to, federation::LinkRequest&) -> std::optional<federation::LinkAnswer> {
            if (to != "hearth.test") return std::nullopt;
            return federation::LinkAnswer{404, R"({"errcode":"M_NOT_FOUND","error":"This server is in no such room."})"};
        };
    }
    for (const auto& room : rooms) {
        CAPTURE(room);
        CHECK(ben.leave(room) == "200");
        CHECK_FALSE(is_offered(ben, room));
        CHECK(ben.post(fmt::format("/rooms/{}/forget", segment(room))) == "200");
    }
    world.restart();
    for (const auto& room : rooms) CHECK_FALSE(is_offered(ben, room));
}
