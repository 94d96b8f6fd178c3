#include <doctest/doctest.h>

#include "schema/json.hpp"
#include "schema/refusal.hpp"

using namespace runde::schema;

namespace {

/// How reading `text` ends: its canonical form, or the reason of the refusal.
std::string read(std::string_view text, Numbers numbers = Numbers::canonical, unsigned max_depth = 64) {
    try {
        return canonical_json(parse_json(text, numbers, max_depth), numbers);
    } catch (const Refusal& refusal) {
        return refusal.reason == Reason::not_json ? "not json" : "bad json: " + refusal.text;
    }
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

}  // namespace

TEST_CASE("canonical JSON: the examples of the specification") {
    CHECK(read("{}") == "{}");
    CHECK(read("{\n  \"one\": 1,\n  \"two\": \"Two\"\n}") == R"({"one":1,"two":"Two"})");
    CHECK(read(R"({"b": "2", "a": "1"})") == R"({"a":"1","b":"2"})");
    CHECK(read(R"({"b":"2","a":"1"})") == R"({"a":"1","b":"2"})");
    CHECK(read(R"({"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {
                   "display_name": "John Doe", "three_pids": [
                   {"medium": "email", "address": "john.doe@example.org"},
                   {"medium": "msisdn", "address": "123456789"}]}}})") ==
          R"({"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[)"
          R"({"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},)"
          R"("success":true}})");
    CHECK(read(R"({"a": "日本語"})") == R"({"a":"日本語"})");
    CHECK(read(R"({"本": 2, "日": 1})") == R"({"日":1,"本":2})");
    CHECK(read(R"({"a": "\u65E5"})") == R"({"a":"日"})");
    CHECK(read(R"({"a": null})") == R"({"a":null})");
    CHECK(canonical_json(parse_json(R"({"a": -0, "b": 1e10})")) == R"({"a":0,"b":10000000000})");
}

TEST_CASE("canonical JSON escapes as little as possible") {
    CHECK(read(R"(["\u0000\u0001\u001f \b\t\n\f\r \" \\ \/ \u007f \uD83D\uDE00"])") ==
          "[\"\\u0000\\u0001\\u001f \\b\\t\\n\\f\\r \\\" \\\\ / \x7f 😀\"]");
    CHECK(read(R"({"\n": 1, "": 2, "\u00e4": 3, "z": 4})") == R"({"":2,"\n":1,"z":4,"ä":3})");
}

TEST_CASE("keys are sorted by code point, not by UTF-16 unit") {
    // U+FF5E is above U+1F600 in UTF-16 (0xFF5E > 0xD83D) and below it by code point.
    CHECK(read(R"({"😀": 1, "～": 2})") == R"({"～":2,"😀":1})");
}

TEST_CASE("numbers of events are integers that every JSON library holds exactly") {
    CHECK(read("[9007199254740991,-9007199254740991,0]") == "[9007199254740991,-9007199254740991,0]");
    const std::string refused = "bad json: Numbers must be integers within ±(2^53-1).";
    for (const std::string number : {"9007199254740992", "-9007199254740992", "18446744073709551615", "1.0", "1.5", "1e3", "-0.0",
                                     "1e400", "123456789012345678901234567890"}) {
        CAPTURE(number);
        CHECK(read(number) == refused);
    }
    // What becomes no part of an event may hold them, except for what no double holds.
    CHECK(read("[1.5,9007199254740992]", Numbers::any) == "[1.5,9007199254740992]");
    CHECK(read("1e400", Numbers::any) == "bad json: A number is too large.");
    CHECK(read("-1e400", Numbers::any) == "bad json: A number is too large.");
    CHECK(read("1e-400", Numbers::any) == "0.0");
    CHECK_THROWS_AS(canonical_json(Json(1.5)), Refusal);
    CHECK_THROWS_AS(canonical_json(Json(std::uint64_t{1} << 60)), Refusal);
}

TEST_CASE("events of old rooms: floats are written as the servers wrote them that hashed them first") {
    CHECK(read("[50.57,50.0,1e10,1E16,1e-4,0.00001,-2.5e-7,0.1,1e300]", Numbers::any) ==
          "[50.57,50.0,10000000000.0,1e+16,0.0001,1e-05,-2.5e-07,0.1,1e+300]");
}

TEST_CASE("what the strict reader refuses") {
    SUBCASE("what is not JSON") {
        for (const std::string text : {"", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "+1", ".5", "1.", "nul",
                                       "NaN", "[1] // comment", "\"\t\"", "\"\\x\"", "\"open"}) {
            CAPTURE(text);
            CHECK(read(text, Numbers::any) == "not json");
        }
    }
    SUBCASE("trailing bytes") {
        CHECK(read("{} ") == "{}");
        CHECK(read("{}x") == "not json");
        CHECK(read("{}{}") == "not json");
        CHECK(read(std::string_view("{}\0", 3)) == "not json");
    }
    SUBCASE("a byte order mark") { CHECK(read("\xEF\xBB\xBF{}") == "not json"); }
    SUBCASE("duplicate keys, also when written differently") {
        const std::string twice = "bad json: An object names the same member twice.";
        CHECK(read(R"({"a":1,"a":1})") == twice);
        CHECK(read(R"({"a":1,"\u0061":2})") == twice);
        CHECK(read(R"([{"x":{"b":[],"b":{}}}])") == twice);
        CHECK(read(R"({"a":{"a":{"a":1}},"b":{"a":1}})") == R"({"a":{"a":{"a":1}},"b":{"a":1}})");
    }
    SUBCASE("too many levels") {
        CHECK(read(nested(64)) == nested(64));
        CHECK(read(nested(65)) == "bad json: JSON may be at most 64 levels deep.");
        CHECK(read(nested(3), Numbers::any, 2) == "bad json: JSON may be at most 2 levels deep.");
        CHECK(read(std::string(1'000'000, '[')) == "bad json: JSON may be at most 64 levels deep.");
    }
    SUBCASE("half of a surrogate pair") {
        for (const std::string text : {R"("\ud83d")", R"("\ud83dx")", R"("\ude00")", R"("\ud83d\ud83d")", R"({"\ud83d":1})",
                                       R"("\ud83d\n")", R"("\ud83d and much more text behind it")"}) {
            CAPTURE(text);
            CHECK(read(text) == "not json");
        }
    }
    SUBCASE("what is not UTF-8") {
        for (const std::string text : {"\"\x80\"", "\"\xC0\xAF\"", "\"\xC3\"", "\"\xE0\x80\xAF\"", "\"\xED\xA0\x80\"",
                                       "\"\xF4\x90\x80\x80\"", "\"\xFF\"", "{\"\xC3\x28\":1}"}) {
            CAPTURE(text);
            CHECK(read(text) == "not json");
        }
    }
}

TEST_CASE("is_utf8 agrees with the reader") {
    CHECK(is_utf8("Grüße 日本 😀"));
    CHECK(is_utf8(""));
    for (const auto text :
         {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF", "a\xE2\x82"})
        CHECK_FALSE(is_utf8(text));
}

TEST_CASE("Fields say what is wrong with a member") {
    const Json body = parse_json(R"({"name":"Anna","age":41,"whole":3.0,"half":3.5,"yes":true,"none":null,
                                     "list":["a","b"],"mixed":["a",1],"more":{}})");
    const auto fields = Fields::of(body);
    const auto why = [](auto&& get) -> std::string {
        try {
            get();
        } catch (const Refusal& refusal) {
            return (refusal.reason == Reason::missing_param ? "missing: " : "bad: ") + refusal.text;
        }
        return "fine";
    };
    CHECK(fields.required_string("name") == "Anna");
    CHECK(fields.integer("age") == 41);
    CHECK(fields.integer("whole") == 3);
    CHECK(fields.boolean_or("yes", false));
    CHECK(fields.strings("list") == std::vector<std::string>{"a", "b"});
    CHECK(fields.string("absent") == std::nullopt);
    CHECK(fields.object("absent") == nullptr);
    CHECK(why([&] { fields.required_string("absent"); }) == "missing: 'absent' is missing.");
    CHECK(why([&] { fields.string("age"); }) == "bad: 'age' must be a string.");
    // null is how some languages write "absent".
    CHECK(fields.string("none") == std::nullopt);
    CHECK(fields.object("none") == nullptr);
    CHECK(fields.boolean_or("none", true));
    CHECK(why([&] { fields.required_string("none"); }) == "missing: 'none' is missing.");
    CHECK(why([&] { fields.string("name", 3); }) == "bad: 'name' is longer than 3 bytes.");
    CHECK(why([&] { fields.integer("half"); }) == "bad: 'half' must be an integer.");
    CHECK(why([&] { fields.boolean("name"); }) == "bad: 'name' must be true or false.");
    CHECK(why([&] { fields.strings("mixed"); }) == "bad: 'mixed' must be an array of strings.");
    CHECK(why([&] { fields.required_object("list"); }) == "bad: 'list' must be an object.");
    CHECK(why([&] { fields.required_array("more"); }) == "bad: 'more' must be an array.");
    CHECK(why([] { Fields::of(Json("text")); }) == "bad: A JSON object is expected.");
}
