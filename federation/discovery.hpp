#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "net/gate.hpp"
#include "net/http_client.hpp"
#include "net/resolver.hpp"
#include "net/runtime.hpp"
#include "schema/ids.hpp"

/// From a server's name to where it is. https://spec.matrix.org/v1.19/server-server-api/#resolving-server-names
namespace runde::federation {

/// One place to try.
struct Place {
    std::string host;         ///< A name, or an address without brackets.
    std::uint16_t port;
    std::string host_header;  ///< With the port only where the spec says so.
    std::string tls_name;     ///< Whose certificate it must show: a name, or an address without brackets.
    bool operator==(const Place&) const = default;
};

/// The process as a machine without network: tell it what was found, it says what to ask next.
class DiscoverySteps {
public:
    explicit DiscoverySteps(const schema::ServerName& server);

    struct AskWellKnown {
        std::string host;
    };
    struct AskSrv {
        std::string name;     ///< "_matrix-fed._tcp.hearth.example"
    };
    struct Found {
        std::vector<Place> places;  ///< In the order to try them; never empty.
    };
    using Step = std::variant<AskWellKnown, AskSrv, Found>;
    const Step& step() const { return step_; }

    /// `delegated`: m.server of a proper answer; nullopt when there was none.
    void well_known(const std::optional<schema::ServerName>& delegated);
    /// Empty when there is no such record, or DNS failed.
    void srv(const std::vector<net::SrvTarget>& targets);

private:
    void ask_srv_of(std::string host);
    std::string host_;            ///< Which the certificate must be for.
    bool deprecated_srv_ = false; ///< The older record name was asked for.
    Step step_;
};

/// What a /.well-known/matrix/server said, and for how long to believe it: by Cache-Control, between 5 minutes and
/// 48 hours, 24 hours by default; an error for a minute, doubling with each further one to an hour.
struct WellKnown {
    std::optional<schema::ServerName> delegated;
    std::int64_t keep_ms;
};
/// `answer`: nullopt when there was none at all. `failures`: how many errors there were before, in a row.
WellKnown read_well_known(const std::optional<net::ClientResponse>& answer, int failures);

/// Performs the steps and remembers what was found. I/O thread only.
class Discovery {
public:
    /// The part of the world that it asks; tests have another.
    class World {
    public:
        virtual ~World() = default;
        virtual net::Task<std::optional<net::ClientResponse>> well_known(std::string host) = 0;
        virtual net::Task<std::vector<net::SrvTarget>> srv(std::string name) = 0;
    };
    /// `resolve`: server name -> "host:port", asked before anything else; the certificate must still be for the server's name.
    Discovery(net::Runtime& runtime, World& world, const std::map<std::string, std::string>& resolve);

    /// Never throws for what the world answers: at worst the place is the server's name and port 8448. Empty when it takes
    /// longer than `patience`; the search goes on, for whoever asks next.
    net::Task<std::vector<Place>> find(schema::ServerName server, net::Milliseconds patience);
    /// Nobody was there: what was found is looked up again, unless that is less than 5 minutes ago.
    void doubt(const schema::ServerName& server);

private:
    struct Entry {
        std::vector<Place> places;
        std::int64_t found = 0, until = 0;
        int failures = 0;         ///< Of its well-known, in a row.
        bool searching = false;
        std::vector<std::shared_ptr<net::Gate>> waiting;
    };
    static constexpr std::size_t most_entries = 20'000;
    net::Task<> search(schema::ServerName server);
    std::int64_t now() const { return runtime_.clock().now_ms(); }

    net::Runtime& runtime_;
    World& world_;
    std::map<std::string, Place> fixed_;
    std::unordered_map<std::string, Entry> entries_;
};

}  // namespace runde::federation
