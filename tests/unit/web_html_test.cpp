// What the open pages are made of: HTML that cannot be broken into, addresses, texts in their forms, dates.
#include <doctest/doctest.h>

#include "api/web/dates.hpp"
#include "api/web/html.hpp"
#include "api/web/phrase.hpp"

using namespace runde::api::web;

TEST_CASE("what somebody wrote stays text, in an element and in an attribute") {
    const std::string written = R"("><script>alert('Anna & Ben')</script>)";
    CHECK(html("<p>{}</p>", written).str() == "<p>&quot;&gt;&lt;script&gt;alert(&#39;Anna &amp; Ben&#39;)&lt;/script&gt;</p>");
    CHECK(html(R"(<input value="{}">)", written).str().find('<', 1) == std::string::npos);
    CHECK(html("<p {}></p>", attribute("title", written)).str().find("<script") == std::string::npos);
    CHECK(html("<p>{}</p>", html("<b>{}</b>", 3)).str() == "<p><b>3</b></p>");
    CHECK(html("<input {}>", flag("checked", false) + flag("required", true)).str() == "<input required>");
    // A place in what somebody wrote is not a place.
    CHECK(html("<i>{}</i><b>{}</b>", "{}", "x").str() == "<i>{}</i><b>x</b>");
}

TEST_CASE("an address leads to our pages, another website, a mail or a phone, and nowhere else") {
    const auto href = [](std::string_view address) { return html("<a href=\"{}\"></a>", Url(address)).str(); };
    for (const auto* good : {"/gruppen", "/gruppen?q=a", "#inhalt", "?lang=du", "https://hearth.example/a", "http://hearth.example",
                             "mailto:a@b.example", "tel:112"})
        CHECK(href(good) == std::string("<a href=\"") + good + "\"></a>");
    for (const auto* bad : {"javascript:alert(1)", "java\nscript:alert(1)", " javascript:x", "data:text/html,x", "//evil.example",
                            "/\\evil.example", "gruppen", ""})
        CHECK_MESSAGE(href(bad) == "<a href=\"#\"></a>", bad);
    CHECK(href("/gruppen?q=\"><script>") == "<a href=\"/gruppen?q=&quot;&gt;&lt;script&gt;\"></a>");
}

TEST_CASE("a text speaks as its reader has chosen, and in Sie where it has no other form") {
    constexpr Phrase all{{.sie = "Ihr", .du = "Dein", .leicht = "Der", .en = "Your"}};
    CHECK(all.in(Tone::sie) == "Ihr");
    CHECK(all.in(Tone::du) == "Dein");
    CHECK(all.in(Tone::leicht) == "Der");
    CHECK(all.in(Tone::en) == "Your");
    constexpr Phrase few{{.sie = "Suche", .en = "Search"}};
    CHECK(few.in(Tone::du) == "Suche");
    CHECK(few.in(Tone::leicht) == "Suche");
}

TEST_CASE("times are German times, in summer and in winter") {
    const std::int64_t winter = 1795539900000, summer = 1782923400000;
    CHECK(in_german_time(winter, Length::day_of_week, Words::german) == "Dienstag, 24. November 2026");
    CHECK(in_german_time(winter, Length::time, Words::german) == "18:05");
    CHECK(in_german_time(winter, Length::day_of_week, Words::english) == "Tuesday, 24 November 2026");
    CHECK(machine_time(winter) == "2026-11-24T18:05:00+01:00");
    CHECK(machine_time(summer) == "2026-07-01T18:30:00+02:00");
    CHECK(in_german_time(1772323200000, Length::day, Words::german) == "1. März 2026");
}
