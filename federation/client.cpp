#include "federation/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "federation/x_matrix.hpp"

namespace runde::federation {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

/// Enough for any error body; more is not worth reading.
constexpr std::size_t most_error_bytes = 64 * 1024;

constexpr std::size_t most_code_bytes = 100, most_text_bytes = 1'000;

bool is_of_code(unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; }

RemoteRefusal remote_refusal(const LinkAnswer& answer) {
    JsonObject body;
    try {
        auto parsed = schema::parse_json(answer.body.size() > most_error_bytes ? "{}" : answer.body);
        if (parsed.is_object()) body = std::move(parsed.get_object());
    } catch (const Refusal&) {
        // A proxy's page: the status says enough.
    }
    // They go into our log, and to our people: what is no code is none, and nobody writes them novels.
    std::string errcode(schema::string_at(body, "errcode").value_or(""));
    if (errcode.size() > most_code_bytes || !std::ranges::all_of(errcode, is_of_code)) errcode.clear();
    std::string text(schema::string_at(body, "error").value_or(""));
    if (text.size() > most_text_bytes) text.clear();
    return RemoteRefusal(answer.status, std::move(errcode), std::move(text), std::move(body));
}

JsonObject object_of(const std::string& text) {
    try {
        auto parsed = schema::parse_json(text);
        if (parsed.is_object()) return std::move(parsed.get_object());
    } catch (const Refusal&) {
    }
    throw RemoteRefusal(200, "", "The answer is no JSON object", {});
}

}  // namespace

std::string path(std::initializer_list<std::string_view> segments, std::string_view version) {
    auto whole = fmt::format("/_matrix/federation/{}", version);
    for (const auto segment : segments) whole += "/" + net::percent_encode(segment);
    return whole;
}

std::string with_query(std::string path, const std::vector<std::pair<std::string, std::string>>& query) {
    char before = '?';
    for (const auto& [name, value] : query) {
        path += std::exchange(before, '&') + net::percent_encode(name) + "=" + net::percent_encode(value);
    }
    return path;
}

net::Task<std::string> Client::text(schema::ServerName destination, net::Method method, std::string target, std::string body,
                                    Limits limits) {
    if (!partners_.include(destination.str()))
        throw Refusal(Reason::server_not_trusted, "This server does not talk to " + destination.str() + ".");
    LinkRequest request{.method = method, .target = std::move(target), .body = std::move(body), .limits = limits};
    request.authorization = authorization(net::to_string(method), request.target, identity_.server.str(), destination.str(),
                                          request.body, identity_.key);
    auto answer = co_await link_.send(destination, std::move(request));
    // Whoever answers with an error of its own is there, too; a proxy in front of a dead server is not.
    if (contact_ && answer.status < 500) contact_(destination);
    if (answer.status != 200) throw remote_refusal(answer);
    co_return std::move(answer.body);
}

net::Task<JsonObject> Client::get(schema::ServerName destination, std::string target, Limits limits) {
    const auto answer = co_await text(std::move(destination), net::Method::get, std::move(target), "", limits);
    co_return object_of(answer);
}

net::Task<JsonObject> Client::put(schema::ServerName destination, std::string target, std::string body, Limits limits) {
    const auto answer = co_await text(std::move(destination), net::Method::put, std::move(target), std::move(body), limits);
    co_return object_of(answer);
}

net::Task<JsonObject> Client::post(schema::ServerName destination, std::string target, std::string body, Limits limits) {
    const auto answer = co_await text(std::move(destination), net::Method::post, std::move(target), std::move(body), limits);
    co_return object_of(answer);
}

void rethrow_as_refusal() {
    try {
        throw;
    } catch (const RemoteRefusal& refused) {
        if (refused.status == 404 && refused.errcode == "M_NOT_FOUND") throw Refusal(Reason::not_found, refused.text);
        if (refused.errcode == "M_CONSENT_NOT_GIVEN") {
            // The member's app opens the other server's page, as it would ours.
            JsonObject extra;
            const auto uri = schema::string_at(refused.body, "consent_uri");
            if (uri && uri->starts_with("https://")) extra["consent_uri"] = *uri;
            throw Refusal(Reason::consent_not_given, refused.text, std::move(extra));
        }
        if (refused.errcode == "M_INVITE_BLOCKED") throw Refusal(Reason::forbidden, refused.text, {{"errcode", refused.errcode}});
        if (refused.status == 403) throw Refusal(Reason::forbidden, refused.text);
        if (refused.errcode == "M_UNABLE_TO_AUTHORISE_JOIN") throw Refusal(Reason::unable_to_authorise_join, refused.text);
        if (refused.errcode == "M_UNABLE_TO_GRANT_JOIN") throw Refusal(Reason::unable_to_grant_join, refused.text);
        if (refused.errcode == "M_INCOMPATIBLE_ROOM_VERSION") {
            JsonObject extra;
            if (const auto version = schema::string_at(refused.body, "room_version")) extra["room_version"] = *version;
            throw Refusal(Reason::incompatible_room_version, refused.text, std::move(extra));
        }
        throw Refusal(Reason::remote_failed, "");
    } catch (const LinkFailed&) {
        throw Refusal(Reason::remote_failed, "");
    }
}

}  // namespace runde::federation
