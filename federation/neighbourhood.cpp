#include "federation/neighbourhood.hpp"

namespace runde::federation {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::ServerName;

namespace {

constexpr Limits alias_limits{.whole = net::Milliseconds(10'000), .body_bytes = 256 * 1024};
constexpr Limits directory_limits{.whole = net::Milliseconds(20'000), .body_bytes = 4 * 1024 * 1024};
constexpr Limits hierarchy_limits{.whole = net::Milliseconds(5'000), .body_bytes = 2 * 1024 * 1024};
constexpr std::size_t most_asked_for_hierarchy = 3;
constexpr Limits profile_limits{.whole = net::Milliseconds(2'000), .body_bytes = 64 * 1024};
constexpr std::size_t most_servers = 50;

}  // namespace

net::Task<rooms::RoomPtr> Neighbourhood::join(rooms::Person user, schema::RoomId room, std::vector<std::string> via,
                                              JsonObject content) {
    co_return co_await joining_.join(std::move(user), std::move(room), std::move(via), std::move(content));
}

net::Task<> Neighbourhood::knock(rooms::Person user, schema::RoomId room, std::vector<std::string> via, JsonObject content) {
    co_await joining_.knock(std::move(user), std::move(room), std::move(via), std::move(content));
}

net::Task<> Neighbourhood::leave(rooms::Person user, schema::RoomId room, JsonObject content) {
    co_await joining_.leave(std::move(user), std::move(room), std::move(content));
}

net::Task<> Neighbourhood::invite(rooms::RoomPtr room, schema::UserId inviter, schema::UserId invited, JsonObject content) {
    co_await invitations_.invite(std::move(room), std::move(inviter), std::move(invited), std::move(content));
}

net::Task<rooms::ResolvedAlias> Neighbourhood::resolve_alias(schema::RoomAlias alias) {
    const Refusal nothing(Reason::not_found, "There is no such room alias.");
    const auto server = ServerName::parse(alias.server());
    if (!server) throw nothing;
    JsonObject answer;
    try {
        answer =
            co_await client_.get(*server, with_query(path({"query", "directory"}), {{"room_alias", alias.str()}}), alias_limits);
    } catch (const LinkFailed&) {
        throw Refusal(Reason::remote_failed, "");
    } catch (const RemoteRefusal& refused) {
        if (refused.status >= 500) throw Refusal(Reason::remote_failed, "");
        throw nothing;
    }
    const auto room = schema::RoomId::parse(schema::string_at(answer, "room_id").value_or(""));
    if (!room) throw nothing;
    rooms::ResolvedAlias found{*room, {}};
    if (const auto* servers = schema::array_at(answer, "servers"))
        for (const auto& entry : *servers)
            if (entry.is_string() && found.servers.size() < most_servers && ServerName::parse(entry.get_string()))
                found.servers.emplace_back(entry.get_string());
    if (found.servers.empty()) found.servers.push_back(server->str());
    co_return found;
}

net::Task<std::optional<JsonObject>> Neighbourhood::hierarchy(schema::RoomId room, std::vector<std::string> via) {
    std::size_t asked = 0;
    for (const auto& name : via) {
        const auto server = ServerName::parse(name);
        if (!server || *server == client_.own_name() || asked++ == most_asked_for_hierarchy) continue;
        try {
            co_return co_await client_.get(*server, path({"hierarchy", room.str()}), hierarchy_limits);
        } catch (const LinkFailed&) {
        } catch (const RemoteRefusal&) {
        } catch (const Refusal&) {
            // No partner: the next one.
        }
    }
    co_return std::nullopt;
}

net::Task<JsonObject> Neighbourhood::public_rooms(std::string server_name, rooms::DirectoryRequest request) {
    const auto server = ServerName::parse(server_name);
    if (!server) throw Refusal(Reason::invalid_param, "server is not the name of a server");
    JsonObject body{{"limit", request.limit}};
    if (!request.since.empty()) body["since"] = request.since;
    JsonObject filter;
    if (request.search_term) filter["generic_search_term"] = *request.search_term;
    if (request.room_types) {
        JsonArray types;
        for (const auto& type : *request.room_types) types.push_back(type ? schema::Json(*type) : schema::Json(nullptr));
        filter["room_types"] = std::move(types);
    }
    if (!filter.empty()) body["filter"] = std::move(filter);
    if (request.network) body["third_party_instance_id"] = *request.network;
    if (request.all_networks) body["include_all_networks"] = true;
    JsonObject answer;
    try {
        answer = co_await client_.post(*server, path({"publicRooms"}), schema::canonical_json(body), directory_limits);
    } catch (...) {
        rethrow_as_refusal();
    }
    // Only what the specification names passes through, and only rooms that look like rooms.
    JsonObject page;
    JsonArray chunk;
    if (auto* rooms = answer.if_contains("chunk"); rooms && rooms->is_array())
        for (auto& room : rooms->get_array())
            if (room.is_object() && schema::RoomId::parse(schema::string_at(room.get_object(), "room_id").value_or("")) &&
                schema::integer_at(room.get_object(), "num_joined_members")) {
                // Our clients may rely on what the other server should have said.
                for (const auto* name : {"world_readable", "guest_can_join"})
                    room.get_object()[name] = schema::boolean_at(room.get_object(), name).value_or(false);
                chunk.push_back(std::move(room));
            }
    page["chunk"] = std::move(chunk);
    for (const auto* name : {"next_batch", "prev_batch"})
        if (const auto token = schema::string_at(answer, name)) page[name] = *token;
    if (const auto total = schema::integer_at(answer, "total_room_count_estimate")) page["total_room_count_estimate"] = *total;
    co_return page;
}

net::Task<std::optional<JsonObject>> Neighbourhood::profile(schema::UserId user, std::optional<std::string> field) {
    const auto server = ServerName::parse(user.server());
    if (!server) co_return std::nullopt;
    std::vector<std::pair<std::string, std::string>> query{{"user_id", user.str()}};
    if (field) query.emplace_back("field", *field);
    try {
        auto answer = co_await client_.get(*server, with_query(path({"query", "profile"}), query), profile_limits);
        // "Either exclude it or give it the value null": our people are told what is there.
        JsonObject profile;
        for (auto& [name, value] : answer)
            if (!value.is_null() && (!field || name == *field)) profile[name] = std::move(value);
        co_return std::move(profile);
    } catch (const LinkFailed&) {
    } catch (const RemoteRefusal&) {
    } catch (const Refusal&) {
        // No partner.
    }
    co_return std::nullopt;
}

}  // namespace runde::federation
