// The open pages as a browser without a script asks for them: what they carry, in which words, and what they refuse.
#include <doctest/doctest.h>

#include <set>

#include "tests/support/test_server.hpp"

using namespace runde;
using tests::Answer;
using tests::TestServer;

namespace {

net::Request page(std::string path, std::string_view language = "de-DE") {
    net::Request made;
    made.path = made.target = std::move(path);
    if (const auto question = made.path.find('?'); question != std::string::npos) {
        const auto query = made.path.substr(question + 1);
        made.path.resize(question);
        made.query.push_back({query.substr(0, query.find('=')), query.substr(query.find('=') + 1)});
    }
    made.client_address = "192.0.2.1";
    made.headers.add("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
    made.headers.add("Accept-Language", std::string(language));
    return made;
}

std::string header(const Answer& answer, std::string_view name) { return std::string(answer.headers.find(name).value_or("")); }
bool says(const Answer& answer, std::string_view text) { return answer.text.find(text) != std::string::npos; }

constexpr std::string_view open_pages[] = {
    "/",        "/krise",          "/grundsaetze", "/impressum", "/datenschutz", "/hausregeln", "/barrierefreiheit",
    "/gruppen", "/gruppen?q=Angst"};

}  // namespace

TEST_CASE("every open page: whole without a script, strict, small, with the way out first") {
    TestServer server;
    for (const auto path : open_pages) {
        CAPTURE(path);
        const auto answer = server.http(page(std::string(path)));
        CHECK(answer.status == 200);
        CHECK(header(answer, "Content-Type") == "text/html; charset=utf-8");
        CHECK(header(answer, "Cache-Control") == "no-store");
        const auto policy = header(answer, "Content-Security-Policy");
        CHECK(policy.find("default-src 'none'") != std::string::npos);
        for (const auto* loose : {"unsafe", "*", "http:", "https:"}) CHECK(policy.find(loose) == std::string::npos);
        CHECK(says(answer, "<html lang=\"de\">"));
        CHECK(says(answer, R"(<a id="quick-exit" href="https://www.dwd.de/")"));
        CHECK_MESSAGE(answer.text.find("quick-exit") < answer.text.find("class=\"skip\""), "the way out has the first focus");
        CHECK(says(answer, R"(<main id="inhalt")"));
        for (const auto* inner : {"<style", "style=", "onclick", "<script>"}) CHECK_FALSE(says(answer, inner));
        CHECK(answer.text.size() < 24 * 1024);
        CHECK(answer.cost.reads <= 6);
    }
}

TEST_CASE("Sie, Du, Leichte Sprache and English: chosen once, by link, kept in a cookie that says nothing else") {
    TestServer server;
    CHECK(says(server.http(page("/")), "unter dem Namen, den Sie"));
    CHECK(says(server.http(page("/", "en-GB")), "<html lang=\"en\">"));

    const auto chosen = server.http(page("/?lang=du"));
    CHECK(says(chosen, "unter dem Namen, den du"));
    CHECK(header(chosen, "Set-Cookie") == "runde_sprache=du; Path=/; SameSite=Lax; Max-Age=31536000; Secure");

    auto later = page("/", "en-GB");
    later.headers.add("Cookie", "other=1; runde_sprache=leicht");
    const auto kept = server.http(later);
    CHECK(says(kept, "Selbst-Hilfe-Gruppe"));
    CHECK(header(kept, "Set-Cookie").empty());

    auto strange = page("/");
    strange.headers.add("Cookie", "runde_sprache=\"><script>");
    CHECK(says(server.http(strange), "unter dem Namen, den Sie"));
    CHECK_FALSE(says(server.http(page("/?lang=xx")), "xx"));
}

TEST_CASE("people get refusals as a page, apps as JSON") {
    TestServer server;
    server.check_against_spec = false;
    const auto missing = server.http(page("/gibt/es/nicht"));
    CHECK(missing.status == 404);
    CHECK(says(missing, "Diese Seite gibt es nicht"));
    auto app = page("/gibt/es/nicht");
    app.headers = {};
    CHECK(server.http(app) == "404 M_UNRECOGNIZED");
    CHECK(server.http(page("/_matrix/client/v3/no/such")) == "404 M_UNRECOGNIZED");
}

TEST_CASE("style, script and icon of the open pages are files that may be kept for ever") {
    TestServer server;
    const auto front = server.http(page("/"));
    std::set<std::string> files;
    for (auto at = front.text.find("/assets/"); at != std::string::npos; at = front.text.find("/assets/", at + 1))
        files.insert(front.text.substr(at, front.text.find('"', at) - at));
    CHECK(files.size() == 3);
    std::size_t weight = front.text.size();
    for (const auto& file : files) {
        CAPTURE(file);
        const auto answer = server.http(page(file));
        CHECK(answer.status == 200);
        CHECK(header(answer, "Cache-Control") == "public, max-age=31536000, immutable");
        weight += answer.text.size();
    }
    CHECK(weight < 50 * 1024);
}
