#include "server/config.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

using namespace runde;
using server::Config;
using server::ConfigError;

namespace {

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

Config read(std::string_view toml) { return server::read_config(toml, "runde.toml", nothing); }

/// What the operator is told, "" if nothing is wrong.
std::string complaint(std::string_view toml) {
    try {
        server::check(read(toml));
        return "";
    } catch (const ConfigError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("the sample file in docs is the one the program prints, and changes nothing") {
    std::ifstream in(RUNDE_SOURCE_DIR "/docs/runde.toml.sample");
    std::ostringstream text;
    text << in.rdbuf();
    CHECK_MESSAGE(text.str() == server::sample_config(), "write it again: runde check-config --sample > docs/runde.toml.sample");
    CHECK(complaint(text.str()) == "");

    // With every key switched on it is still what the program does anyway.
    std::string all = text.str(), line, active;
    std::istringstream lines(all);
    while (std::getline(lines, line)) {
        const bool key = line.starts_with('#') && line.size() > 1 && line[1] != ' ';
        active += (key ? line.substr(1) : line) + "\n";
    }
    CHECK(complaint(active) == "");
}

TEST_CASE("keys are read from the file, and the environment wins") {
    const auto toml = R"(
        server_name = "hearth.example"
        [database]
        readers = 2
        [[listener]]
        bind = "::"
        port = 443
        serves = ["client", "web"]
        [[listener]]
        port = 9090
        serves = ["metrics"]
        [federation]
        resolve = { "haven.example" = "127.0.0.1:8448" }
    )";
    const auto config = read(toml);
    CHECK(config.server_name == "hearth.example");
    CHECK(config.database.readers == 2);
    REQUIRE(config.listeners.size() == 2);
    CHECK(config.listeners[0].bind == "::");
    CHECK(config.listeners[1].serves == std::vector<std::string>{"metrics"});
    CHECK(config.federation.resolve.at("haven.example") == "127.0.0.1:8448");
    CHECK(config.registration.mode == "application");

    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "RUNDE_SERVER_NAME") return "other.example";
        if (name == "RUNDE_DATABASE_READERS") return "4";
        if (name == "RUNDE_RATE_LIMITS_ENABLED") return "false";
        if (name == "RUNDE_LISTENER_PORT") return "8443";
        if (name == "RUNDE_FEDERATION_PARTNERS") return "a.example,b.example";
        return std::nullopt;
    };
    const auto changed = server::read_config(toml, "runde.toml", environment);
    CHECK(changed.server_name == "other.example");
    CHECK(changed.database.readers == 4);
    CHECK_FALSE(changed.rate_limits.enabled);
    CHECK(changed.listeners[0].port == 8443);
    CHECK(changed.listeners[1].port == 9090);
    CHECK(changed.federation.partners == std::vector<std::string>{"a.example", "b.example"});
    const auto wrong = [](const std::string& name) -> std::optional<std::string> {
        if (name == "RUNDE_DATABASE_READERS") return "four";
        return std::nullopt;
    };
    CHECK_THROWS_AS(server::read_config("", "runde.toml", wrong), ConfigError);
}

TEST_CASE("mistakes are named with their place, and with what was probably meant") {
    CHECK(complaint("server_nam = \"a.example\"") == "runde.toml:1: there is no key \"server_nam\"; did you mean \"server_name\"?");
    CHECK(complaint("\n[registration]\nmod = \"open\"") ==
          "runde.toml:3: [registration] there is no key \"mod\"; did you mean \"mode\"?");
    CHECK(complaint("[registrations]\n") == "runde.toml:1: there is no key \"registrations\"; did you mean \"registration\"?");
    CHECK(complaint("[[listener]]\nprot = 1") == "runde.toml:2: there is no key \"prot\"; did you mean \"port\"?");
    CHECK(complaint("[database]\nreaders = \"two\"") == "runde.toml:2: [database] readers must be a whole number");
    CHECK(complaint("[database]\nreaders = 2.5") == "runde.toml:2: [database] readers must be a whole number");
    CHECK(complaint("server_name = ").starts_with("runde.toml:1: "));
    CHECK(complaint("[listener]\nport = 1").find("two brackets") != std::string::npos);
}

TEST_CASE("values that cannot be meant, and what this version cannot do") {
    CHECK(complaint("server_name = \"not a name\"").starts_with("server_name"));
    CHECK(complaint("[registration]\nmode = \"opne\"").find("closed, token, open") != std::string::npos);
    CHECK(complaint("[database]\nreaders = 0").starts_with("[database] readers is 0"));
    CHECK(complaint("[[listener]]\nport = 70000").starts_with("[[listener]] port"));
    CHECK(complaint("[[listener]]\ntls_key = \"key.pem\"").find("belong together") != std::string::npos);
    CHECK(complaint("[[listener]]\nserves = [\"cleint\"]").starts_with("[[listener]] serves"));
    CHECK(complaint("[turn]\nuris = [\"turn:turn.example\"]").find("cannot do that yet") != std::string::npos);
}

TEST_CASE("secrets may stand in files of their own") {
    const std::string file = std::tmpnam(nullptr);
    std::ofstream(file) << "kept apart\n";
    CHECK(read("[registration]\nshared_secret_file = \"" + file + "\"").registration.shared_secret == "kept apart");
    std::remove(file.c_str());
    CHECK_THROWS_AS(read("[registration]\nshared_secret_file = \"" + file + "\""), ConfigError);
}
