#include <doctest/doctest.h>

#include "federation/server_keys.hpp"
#include "federation/x_matrix.hpp"

using namespace runde;
using namespace runde::federation;

namespace {

std::string read(std::string_view header) {
    const auto parsed = parse_x_matrix(header);
    if (!parsed) return "refused";
    return parsed->origin + " to " + parsed->destination.value_or("nobody") + " with " + parsed->key_id + ": " + parsed->signature;
}

}  // namespace

TEST_CASE("the Authorization header of servers, in all the forms that are out there") {
    const auto* good = "haven.test to hearth.test with ed25519:1: AbC+/=";
    CHECK(read(R"(X-Matrix origin="haven.test",destination="hearth.test",key="ed25519:1",sig="AbC+/=")") == good);
    CHECK(read(R"(x-matrix  ORIGIN="haven.test" , Destination="hearth.test"	,key="ed25519:1", sig="AbC+/=")") == good);
    CHECK(read("X-Matrix origin=haven.test,destination=hearth.test,key=ed25519:1,sig=AbC+/=") == good);
    CHECK(read(R"(X-Matrix sig="AbC+/=",key="ed25519:\1",origin="ha\ven.test",destination=hearth.test,more="a,b=\"c\"")") == good);
    CHECK(read(R"(X-Matrix ,origin=haven.test,,destination=hearth.test,key=ed25519:1,sig="AbC+/=",)") == good);
    CHECK(read("X-Matrix origin=haven.test,key=ed25519:1,sig=x") == "haven.test to nobody with ed25519:1: x");

    for (const auto* bad : {"X-Matrix", "X-Matrix ", "Bearer abc", "X-Matrixorigin=a,key=b,sig=c", "X-Matrix origin=a,key=b",
                            "X-Matrix origin=a,origin=b,key=c,sig=d", "X-Matrix origin=\"a,key=b,sig=c", "X-Matrix origin=\"a\\",
                            "X-Matrix origin=\"a\"b,key=c,sig=d", "X-Matrix origin,key=b,sig=c", "X-Matrix =a,origin=a,key=b,sig=c",
                            "X-Matrix origin=a key=b,sig=c"})
        CHECK_MESSAGE(read(bad) == "refused", bad);
}

TEST_CASE("what a server says of its keys is believed as far as it proves it") {
    const schema::SigningKey key("a", std::string(32, 'a')), former("old", std::string(32, 'o'));
    constexpr std::int64_t now = 1'700'000'000'000, day = 86'400'000;
    const auto text = write_server_keys("haven.test", key, {{former.key_id(), former.public_key(), now - day}}, now + day);
    const auto answer = schema::parse_json(text).get_object();

    const auto published = read_server_keys(answer, "haven.test", now);
    REQUIRE(published);
    REQUIRE(published->keys.size() == 2);
    CHECK(published->keys[0].key_id == "ed25519:a");
    CHECK(published->keys[0].public_key == key.public_key());
    CHECK(published->keys[0].valid_until == now + day);
    CHECK(published->keys[1].key_id == "ed25519:old");
    CHECK(published->keys[1].valid_until == now - day);

    SUBCASE("not for another server") { CHECK_FALSE(read_server_keys(answer, "hearth.test", now)); }
    SUBCASE("not with something changed") {
        auto changed = answer;
        changed["valid_until_ts"] = now + 2 * day;
        CHECK_FALSE(read_server_keys(changed, "haven.test", now));
    }
    SUBCASE("not without a signature") {
        auto changed = answer;
        changed.erase("signatures");
        CHECK_FALSE(read_server_keys(changed, "haven.test", now));
    }
    SUBCASE("for seven days at most") {
        const auto longer = schema::parse_json(write_server_keys("haven.test", key, {}, now + 365 * day)).get_object();
        CHECK(read_server_keys(longer, "haven.test", now)->keys[0].valid_until == now + 7 * day);
    }
    SUBCASE("a key of another algorithm is passed over") {
        auto more = schema::parse_json(write_server_keys("haven.test", key, {}, now + day)).get_object();
        more["verify_keys"].get_object()["curve448:x"] = {{"key", "AAAA"}};
        more.erase("signatures");
        schema::sign_json(more, "haven.test", key);
        CHECK(read_server_keys(more, "haven.test", now)->keys.size() == 1);
    }
}
