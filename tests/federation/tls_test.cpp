#include <doctest/doctest.h>
#include <fmt/format.h>

#include <future>
#include <thread>

#include "federation/http_link.hpp"
#include "federation/x_matrix.hpp"
#include "net/http_server.hpp"
#include "tests/support/test_certificate.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// A real listener with real TLS that is haven.test, and the link that hearth has to it.
class Shore {
public:
    explicit Shore(const std::vector<std::string>& certified = {"haven.test"}) : certificate_(certified) {
        net::HttpServerOptions options;
        options.tls = net::TlsFiles{certificate_.certificate(), certificate_.key()};
        listener_ =
            std::make_unique<net::HttpServer>(runtime_, options, [this](const net::Request& request) -> net::Task<net::Response> {
                heard = fmt::format("{} {} at {}", net::to_string(request.method), request.target,
                                    request.headers.find("Host").value_or("nowhere"));
                signed_as = std::string(request.headers.find("Authorization").value_or(""));
                if (drips) co_return dripping();
                co_return net::Response::json(says);
            });
        options_.trusted_ca_file = certificate_.authority();
        options_.allow_private_addresses = {"127.0.0.0/8"};
        options_.resolve = {{"haven.test", fmt::format("127.0.0.1:{}", listener_->port())}};
        io_ = std::thread([this] { runtime_.run(); });
    }
    ~Shore() {
        std::promise<void> gone;
        runtime_.post([&] {
            link_.reset();
            listener_.reset();
            gone.set_value();
        });
        gone.get_future().wait();
        runtime_.stop();
        io_.join();
    }
    federation::Options& options() { return options_; }

    /// "200", or why there was no answer.
    std::string ask(const std::string& server = "haven.test") {
        std::promise<std::string> outcome;
        const auto carry = [&]() -> net::Task<> {
            if (!link_) link_ = std::make_unique<federation::HttpLink>(runtime_, options_);
            try {
                federation::LinkRequest request{
                    .method = net::Method::put, .target = "/_matrix/federation/v1/send/1", .body = "{}"};
                request.authorization = "X-Matrix origin=\"hearth.test\"";
                request.limits = limits;
                const auto answer = co_await link_->send(*schema::ServerName::parse(server), std::move(request));
                outcome.set_value(std::to_string(answer.status));
            } catch (const federation::LinkFailed& failed) {
                outcome.set_value(failed.why);
            }
        };
        runtime_.spawn("test", carry());
        return outcome.get_future().get();
    }

    std::string heard, signed_as, says = "{}";
    federation::Limits limits;
    bool drips = false;  ///< Its answers come a byte at a time and never end.

private:
    class Drip : public net::BodySource {
    public:
        explicit Drip(net::Runtime& runtime) : runtime_(runtime) {}
        net::Task<std::string> next() override {
            co_await runtime_.clock().sleep(net::Milliseconds(5));
            co_return " ";
        }

    private:
        net::Runtime& runtime_;
    };
    net::Response dripping() {
        net::Response response;
        response.stream = std::make_unique<Drip>(runtime_);
        return response;
    }

    TestCertificate certificate_;
    net::Runtime runtime_;
    federation::Options options_;
    std::unique_ptr<net::HttpServer> listener_;
    std::unique_ptr<federation::HttpLink> link_;
    std::thread io_;
};

}  // namespace

TEST_CASE("a request reaches another server over real TLS") {
    Shore shore;
    CHECK(shore.ask() == "200");
    CHECK(shore.heard == "PUT /_matrix/federation/v1/send/1 at haven.test");
    CHECK(shore.signed_as == "X-Matrix origin=\"hearth.test\"");
}

TEST_CASE("but nobody is told anything who cannot prove to be that server") {
    SUBCASE("with a certificate for another name") {
        Shore shore({"harbour.test"});
        CHECK(shore.ask() == net::to_string(net::FetchError::tls));
        CHECK(shore.heard == "");
    }
    SUBCASE("with a certificate that nobody vouches for") {
        Shore shore;
        shore.options().trusted_ca_file.clear();
        CHECK(shore.ask() == net::to_string(net::FetchError::tls));
        CHECK(shore.heard == "");
    }
    SUBCASE("at a private address that the operator does not allow") {
        Shore shore;
        shore.options().allow_private_addresses = {"10.0.0.0/8"};
        CHECK(shore.ask() == net::to_string(net::FetchError::refused_by_filter));
        CHECK(shore.ask("127.0.0.1:1") == net::to_string(net::FetchError::refused_by_filter));
        CHECK(shore.heard == "");
    }
}

TEST_CASE("and nobody holds us up, or fills our memory") {
    Shore shore;
    SUBCASE("with an answer that comes a byte at a time") {
        shore.drips = true;
        shore.limits.whole = net::Milliseconds(300);
        CHECK(shore.ask() == net::to_string(net::FetchError::timeout));
    }
    SUBCASE("with one that never ends") {
        shore.drips = true;
        shore.limits.body_bytes = 8;
        CHECK(shore.ask() == net::to_string(net::FetchError::too_large));
    }
    SUBCASE("with one that is larger than it may be") {
        shore.says = std::string(5'000, ' ');
        shore.limits.body_bytes = 4'999;
        CHECK(shore.ask() == net::to_string(net::FetchError::too_large));
        shore.limits.body_bytes = 5'000;
        CHECK(shore.ask() == "200");
    }
}
