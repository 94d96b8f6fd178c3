// What the operator reads when another server misbehaves: who and why, and nothing of anybody's.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "federation/x_matrix.hpp"
#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// Reads along what is written to the log. Begins before the servers and ends after them: no thread logs meanwhile.
class Reader {
public:
    Reader() : level_(spdlog::get_level()) {
        sink_->set_pattern("%l %v");
        spdlog::default_logger()->sinks().push_back(sink_);
        spdlog::set_level(spdlog::level::info);
    }
    ~Reader() {
        std::erase(spdlog::default_logger()->sinks(), sink_);
        spdlog::set_level(level_);
    }
    std::vector<std::string> lines() const { return sink_->last_formatted(); }
    std::size_t lines_with(std::string_view what) const {
        return static_cast<std::size_t>(
            std::ranges::count_if(lines(), [&](const auto& line) { return line.find(what) != line.npos; }));
    }

private:
    std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_ = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1000);
    spdlog::level::level_enum level_;
};

}  // namespace

TEST_CASE("the log names the server and the reason, once, and nobody's name or words") {
    Reader log;
    SharedRoom play;
    constexpr auto target = "/_matrix/federation/v1/query/profile?user_id=%40anna%3Ahearth.test";
    SUBCASE("a forged request") {
        const schema::SigningKey forged("of_n", std::string(32, 'x'));
        play.world.link().tamper = [&](const std::string& to,
                                       federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (to == "hearth.test" && request.target == target)
                request.authorization = federation::authorization("GET", target, "haven.test", "hearth.test", "", forged);
            return std::nullopt;
        };
        const auto ask = [&] { return play.world.ask("haven.test", "hearth.test", net::Method::get, target).status; };
        for (int i = 0; i < 20; ++i) CHECK(ask() == 401);
        CHECK(log.lines_with("haven.test: a request in this name was refused: The signature is wrong") == 1);
        play.world.advance(std::chrono::minutes(11));
        CHECK(ask() == 401);
        CHECK(log.lines_with("(19 times more before)") == 1);
    }
    SUBCASE("an event that the rules of the room do not allow") {
        play.deliver("hearth.test", {play.pdu(play.ben, "m.room.name", R"({"name":"Secret name"})", "")});
        CHECK(log.lines_with("haven.test: an event did not come in: ") == 1);
    }
    SUBCASE("a server that does not answer") {
        play.world.cut_link();
        play.anna.say(play.room, "Secret words");
        play.world.settle();
        CHECK(log.lines_with("haven.test does not answer: connect") == 1);
    }
    SUBCASE("an error code that is none") {
        play.world.link().tamper = [](const std::string& to, federation::LinkRequest&) -> std::optional<federation::LinkAnswer> {
            if (to != "haven.test") return std::nullopt;
            return federation::LinkAnswer{403, "{\"errcode\":\"M_X\\n[error] @ben:haven.test did it\"}"};
        };
        play.anna.say(play.room, "Secret words");
        while (log.lines_with("haven.test refused a transaction of 1 events: 403") == 0) std::this_thread::yield();
    }
    for (const auto& line : log.lines())
        for (const auto* private_matter : {"@", "Secret", "anna", "!", "$"})
            CHECK_MESSAGE(line.find(private_matter) == line.npos, line);
}
