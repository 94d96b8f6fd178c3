#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "federation/link.hpp"
#include "net/gate.hpp"
#include "tests/support/test_server.hpp"

namespace runde::tests {

/// The way between servers of one process: signed requests go straight into the other's dispatch. Can be cut. What our
/// servers ask and answer on it is held against the specification (a misfit fails the test case).
class TestLink : public federation::Link {
public:
    net::Task<federation::LinkAnswer> send(schema::ServerName destination, federation::LinkRequest request) override;
    /// The same for a request that no server of ours made: it may be wrong.
    net::Task<federation::LinkAnswer> carry(schema::ServerName destination, federation::LinkRequest request);

    /// Where requests to `name` go; nullptr: nobody is there.
    void connect(const std::string& name, server::Wiring* server) { servers_[name] = server; }
    bool cut = false;
    std::string from = "192.0.2.2";  ///< The address that requests come from.
    /// Sees every request before it is carried and may change it, or answer itself: a hostile network, a broken peer.
    std::function<std::optional<federation::LinkAnswer>(const std::string& destination, federation::LinkRequest&)> tamper;
    /// Sees every answer on its way back and may change it: a peer that lies.
    std::function<void(const federation::LinkRequest& request, federation::LinkAnswer& answer)> answered;
    /// Answers to requests whose target contains the text are on their way until the gate opens.
    std::map<std::string, std::shared_ptr<net::Gate>> held;
    int in_flight = 0;
    /// "PUT haven.test /_matrix/federation/v1/send/1", in their order; queries cut off.
    std::vector<std::string> log;

private:
    std::map<std::string, server::Wiring*> servers_;
};

/// Somebody of one of the two servers, with words for what plays need.
class Neighbour : public Person {
public:
    explicit Neighbour(Person person) : Person(std::move(person)) {}

    /// A room anybody may join, unless `body` says otherwise. Returns its id.
    std::string create_room(std::string_view body = R"({"preset":"public_chat"})");
    Answer join(const std::string& room, std::string_view via = "");
    Answer leave(const std::string& room);
    Answer invite(const std::string& room, const Person& guest);
    /// Sends a text; returns the event's id.
    std::string say(const std::string& room, std::string_view text);
    Answer send(const std::string& room, std::string_view type, std::string_view content);
    Answer set_state(const std::string& room, std::string_view type, std::string_view content, std::string_view key = "");
    /// What happened in the room, as far as this person can see: "+anna, +ben, anna: Hello, -ben".
    std::string sees(const std::string& room);

private:
    int sent_ = 0;
};

/// Two whole servers in this process, hearth.test and haven.test (or three, with harbour.test): each with its own database
/// and key, one clock that stands still, and a link between them that can be cut.
class TwoServers {
public:
    /// `adjust` may change anything of either server before they are built.
    enum class Size { two, three };
    explicit TwoServers(TestServer::Adjust adjust = {}, Size size = Size::two);
    ~TwoServers();

    Neighbour person(std::string_view server, std::string name);
    TestServer& server(std::string_view name) { return *servers_.at(std::string(name)); }

    /// Delivers until nothing is queued; what waits for a later try is tried while the link is whole.
    void settle();
    /// One server falls silent, and cannot be reached.
    void kill(std::string_view name) { link_->connect(std::string(name), nullptr); }
    void cut_link() { set_cut(true); }
    void restore_link() { set_cut(false); }
    /// Both servers end as processes end and start again on their databases.
    void restart();
    void advance(net::Milliseconds by) { server("hearth.test").advance(by); }
    TestLink& link() { return *link_; }

    /// A request of one server to the other, signed; for what no member can cause.
    federation::LinkAnswer ask(std::string_view from, std::string_view to, net::Method method, std::string target,
                               std::string body = {});

private:
    TestServer::Adjust for_server(std::string name, char seed);
    void set_cut(bool cut);
    void connect();
    bool is_settled();

    TestServer::Adjust adjust_;
    std::shared_ptr<TestLink> link_ = std::make_shared<TestLink>();
    std::shared_ptr<TestLoop> loop_ = std::make_shared<TestLoop>();
    std::map<std::string, std::unique_ptr<TestServer>> servers_;
};

}  // namespace runde::tests
