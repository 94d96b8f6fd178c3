#include "api/client/rooms_support.hpp"

namespace runde::api::client {

using schema::Reason;
using schema::Refusal;

net::Task<rooms::Person> caller(const Call& call, Services& services) {
    auto person = co_await rooms::find_person(services.db, call.session().user);
    if (!person) throw Refusal(Reason::unknown_token, "This account has been closed.");
    co_return *std::move(person);
}

net::Task<rooms::ReadableRoom> readable_room(const Call& call, Services& services) {
    co_return co_await rooms::require_readable(services.rooms, room_id(call), call.session().user, call.session().device_nid);
}

rooms::EventFilter event_filter(const Call& call, int default_limit, int least) {
    rooms::EventFilter filter;
    if (const auto text = call.query("filter"); text && !text->empty()) {
        const auto json = schema::parse_json(*text);
        filter = rooms::EventFilter::parse(schema::Fields::of(json).raw());
    }
    if (!filter.limit_given || call.query("limit"))
        filter.limit = static_cast<int>(call.query_number("limit", default_limit, least, 1000));
    return filter;
}

std::optional<rooms::Place> place(const Call& call, std::string_view name) {
    const auto token = call.query(name);
    if (!token || token->empty()) return std::nullopt;
    const auto parsed = rooms::Place::parse(*token);
    if (!parsed) throw Refusal(Reason::invalid_param, std::string(name) + " is not a token of this server");
    return parsed;
}

std::vector<std::string> via(const Call& call) {
    std::vector<std::string> servers;
    for (const auto& [name, value] : call.request().query)
        if ((name == "via" || name == "server_name") && servers.size() < 20) servers.push_back(value);
    return servers;
}

}  // namespace runde::api::client
