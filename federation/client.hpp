#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/rooms/room.hpp"
#include "federation/link.hpp"
#include "federation/partners.hpp"
#include "schema/json.hpp"
#include "schema/refusal.hpp"

namespace runde::federation {

/// The other server answered, and the answer was no (or no JSON object: status 200 with an empty errcode).
struct RemoteRefusal : std::exception {
    RemoteRefusal(int http_status, std::string code, std::string say, schema::JsonObject whole)
        : status(http_status), errcode(std::move(code)), text(std::move(say)), body(std::move(whole)) {}
    const char* what() const noexcept override { return errcode.c_str(); }
    int status;
    std::string errcode, text;
    schema::JsonObject body;
    /// It does not know this request: try the older version of the endpoint.
    bool is_unrecognized() const { return (status == 404 || status == 405 || status == 400) && errcode == "M_UNRECOGNIZED"; }
};

/// "/_matrix/federation/v1/state/" + encoded segments: path({"state", room_id}). A version other than v1 is `version`.
std::string path(std::initializer_list<std::string_view> segments, std::string_view version = "v1");
/// Appends "?a=1&b=2", encoded; names may repeat.
std::string with_query(std::string path, const std::vector<std::pair<std::string, std::string>>& query);

/// Asks other servers, in our name: every request is signed. I/O thread only.
///
/// All of them throw LinkFailed (nobody answered in time), RemoteRefusal (a status other than 200, or no JSON object)
/// and Refusal(server_not_trusted) for a server that is no partner, which is never contacted.
class Client {
public:
    Client(const rooms::Identity& identity, const Partners& partners, Link& link)
        : identity_(identity), partners_(partners), link_(link) {}

    net::Task<schema::JsonObject> get(schema::ServerName destination, std::string target, Limits limits = {});
    /// `body` must be canonical JSON: it is signed as it stands.
    net::Task<schema::JsonObject> put(schema::ServerName destination, std::string target, std::string body, Limits limits = {});
    net::Task<schema::JsonObject> post(schema::ServerName destination, std::string target, std::string body, Limits limits = {});
    /// The answer as it came, for what is too large to be read in one piece. Throws RemoteRefusal when not 200.
    net::Task<std::string> text(schema::ServerName destination, net::Method method, std::string target, std::string body,
                                Limits limits);

    const schema::ServerName& own_name() const { return identity_.server; }
    /// Called for every server that answered sensibly: it is there.
    void on_contact(std::function<void(const schema::ServerName&)> listener) { contact_ = std::move(listener); }

private:
    const rooms::Identity& identity_;
    const Partners& partners_;
    Link& link_;
    std::function<void(const schema::ServerName&)> contact_;
};

/// What a member of ours hears when another server did not do as asked: its own refusal if it is one that we know, else
/// Refusal(remote_failed). Call inside a catch block; passes on everything that has nothing to do with other servers.
[[noreturn]] void rethrow_as_refusal();

}  // namespace runde::federation
