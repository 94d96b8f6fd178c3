#include "api/public_rooms.hpp"

#include <algorithm>

namespace runde::api {

using schema::Reason;
using schema::Refusal;

namespace {

void set_network(rooms::DirectoryRequest& request, std::string network, bool all) {
    if (!network.empty() && all)
        throw Refusal(Reason::invalid_param, "third_party_instance_id and include_all_networks exclude each other");
    if (!network.empty()) request.network = std::move(network);
    request.all_networks = all;
}

}  // namespace

rooms::DirectoryRequest directory_query(const Call& call) {
    rooms::DirectoryRequest request;
    request.limit = static_cast<std::size_t>(call.query_number("limit", 100, 0, most_public_rooms));
    set_network(request, call.query("third_party_instance_id").value_or(""), call.query_flag("include_all_networks"));
    request.since = call.query("since").value_or("");
    return request;
}

rooms::DirectoryRequest directory_body(const Call& call) {
    const auto body = call.fields(true);
    rooms::DirectoryRequest request;
    const auto limit = body.integer("limit").value_or(100);
    if (limit < 0) throw Refusal(Reason::invalid_param, "limit must not be negative");
    request.limit = static_cast<std::size_t>(std::min<std::int64_t>(limit, most_public_rooms));
    set_network(request, std::string(body.string_or("third_party_instance_id", "")),
                body.boolean("include_all_networks").value_or(false));
    request.since = body.string_or("since", "");
    if (const auto* filter = body.object("filter")) {
        const schema::Fields fields(*filter);
        if (const auto term = fields.string("generic_search_term", 1000)) request.search_term = std::string(*term);
        if (const auto* types = fields.array("room_types")) {
            request.room_types.emplace();
            for (const auto& type : *types) {
                if (!type.is_null() && !type.is_string()) throw Refusal(Reason::bad_json, "room_types holds strings and null");
                request.room_types->push_back(type.is_null() ? std::nullopt : std::optional(std::string(type.get_string())));
            }
        }
    }
    return request;
}

net::Task<schema::JsonObject> directory_page(rooms::Rooms& rooms, rooms::DirectoryRequest request) {
    auto page = co_await runde::rooms::published_rooms(rooms, std::move(request));
    schema::JsonObject body{{"chunk", std::move(page.chunk)}, {"total_room_count_estimate", page.total}};
    if (!page.next.empty()) body["next_batch"] = page.next;
    if (!page.previous.empty()) body["prev_batch"] = page.previous;
    co_return body;
}

}  // namespace runde::api
