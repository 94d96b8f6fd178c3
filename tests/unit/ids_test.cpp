#include <doctest/doctest.h>

#include <string>

#include "schema/ids.hpp"

using namespace runde::schema;

TEST_CASE("server names") {
    for (const auto name : {"matrix.org", "matrix.org:8888", "1.2.3.4", "1.2.3.4:1234", "[1234:5678::abcd]",
                            "[1234:5678::abcd]:5678", "localhost", "xn--hrth-5qa.example", "MATRIX.ORG"}) {
        CAPTURE(name);
        REQUIRE(ServerName::parse(name));
        CHECK(ServerName::parse(name)->str() == name);
    }
    for (const auto name : {"", ":8448", "a b", "hörth.example", "host:", "host:65536", "host:123456", "host:8a", "host:1:2",
                            "[::1", "[::1]x", "[]", "[::g]", "::1", "user@host", "host/path", "a_b"}) {
        CAPTURE(name);
        CHECK_FALSE(ServerName::parse(name));
    }
    CHECK(ServerName::parse("[::1]:8448")->host() == "[::1]");
    CHECK(ServerName::parse("[::1]:8448")->port() == 8448);
    CHECK(ServerName::parse("[::1]")->port() == std::nullopt);
    CHECK(ServerName::parse("hearth.test:8448")->host() == "hearth.test");
    CHECK(ServerName::parse("hearth.test")->port() == std::nullopt);
}

TEST_CASE("user ids, also those that nobody may choose any more") {
    const auto anna = UserId::parse("@anna:hearth.test:8448");
    REQUIRE(anna);
    CHECK(anna->localpart() == "anna");
    CHECK(anna->server() == "hearth.test:8448");
    for (const auto id : {"@Anna:hearth.test", "@:hearth.test", "@ä ö!:hearth.test", "@a/b+c=d:[::1]"}) {
        CAPTURE(id);
        CHECK(UserId::parse(id));
    }
    for (const auto id : {"", "@", "@anna", "@anna:", "anna:hearth.test", "#anna:hearth.test", "@anna:hearth test",
                          "@an:na:hearth.test", "@\xFF:hearth.test"}) {
        CAPTURE(id);
        CHECK_FALSE(UserId::parse(id));
    }
    CHECK_FALSE(UserId::parse(std::string_view("@a\0b:hearth.test", 16)));
    const std::string server = ":hearth.test";
    CHECK(UserId::parse("@" + std::string(254 - server.size(), 'a') + server));
    CHECK_FALSE(UserId::parse("@" + std::string(255 - server.size(), 'a') + server));
}

TEST_CASE("room aliases") {
    CHECK(RoomAlias::parse("#Dienstagsrunde für alle:hearth.test"));
    CHECK_FALSE(RoomAlias::parse("#:hearth.test"));
    CHECK_FALSE(RoomAlias::parse("#tuesday"));
    CHECK_FALSE(RoomAlias::parse("@tuesday:hearth.test"));
}

TEST_CASE("room ids with and without a server") {
    CHECK(RoomId::parse("!evening:hearth.test")->server() == "hearth.test");
    CHECK(RoomId::parse("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM")->server() == std::nullopt);
    for (const auto id : {"", "!", "!:hearth.test", "!evening:", "!evening:a b", "#evening:hearth.test"}) {
        CAPTURE(id);
        CHECK_FALSE(RoomId::parse(id));
    }
    CHECK_FALSE(RoomId::parse("!" + std::string(255, 'a')));
}

TEST_CASE("event ids of all generations") {
    for (const auto id :
         {"$142857:hearth.test", "$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk", "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"})
        CHECK(EventId::parse(id));
    CHECK_FALSE(EventId::parse("$"));
    CHECK_FALSE(EventId::parse("142857:hearth.test"));
    CHECK_FALSE(EventId::parse("$" + std::string(255, 'a')));
}
