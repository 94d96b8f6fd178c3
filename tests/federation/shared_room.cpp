#include "tests/federation/shared_room.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/rooms/room.hpp"
#include "federation/federation.hpp"

namespace runde::tests {

namespace {

rooms::RoomPtr find(TestServer& server, const std::string& room) {
    return server.runtime().wait(server.wiring().rooms.find(*schema::RoomId::parse(room)));
}

schema::EventPtr seal(TestServer& server, rooms::Room& of, schema::JsonObject object) {
    const auto& identity = server.wiring().identity;
    return schema::seal_event(std::move(object), of.rules(), identity.server.str(), identity.key);
}

}  // namespace

void hide_missing_events(TwoServers& world) {
    world.link().tamper = [](const std::string&, federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (request.target.find("/get_missing_events/") == std::string::npos) return std::nullopt;
        return federation::LinkAnswer{200, R"({"events":[]})"};
    };
}

void bring_in(TwoServers& world, const Neighbour& host, const Neighbour& guest, const std::string& room_id) {
    auto& resident = host.server;
    auto& newcomer = guest.server;
    const auto room = find(resident, room_id);
    const auto user = *schema::UserId::parse(guest.id);
    std::vector<schema::EventPtr> state;
    schema::JsonObject draft;
    resident.on_io([&] {
        room->for_each_state(
            [&](const rooms::StateEvent& event, const std::string&, const std::string&) { state.push_back(event.event()); });
        draft = room->build_template({.type = "m.room.member",
                                      .sender = user,
                                      .state_key = guest.id,
                                      .content = {{"membership", "join"}, {"displayname", guest.name}},
                                      .redacts = {}});
    });
    const auto join = seal(newcomer, *room, std::move(draft));
    std::vector<rooms::Incoming> incoming{{.event = join, .spread = true}};
    const auto taken = resident.runtime().wait(room->receive(std::move(incoming)));
    REQUIRE(taken.at(0).why == "accepted");
    const auto nid =
        schema::UserNid{std::stoll(newcomer.ask(fmt::format("SELECT user_nid FROM users WHERE localpart = '{}'", guest.name)))};
    newcomer.runtime().wait(newcomer.wiring().rooms.import(
        {.id = room->id(), .rules = room->rules(), .state = state, .auth_chain = {}, .join = join, .user = nid}));
    world.settle();
}

SharedRoom::SharedRoom(std::string_view body, TestServer::Adjust adjust)
    : world(std::move(adjust)),
      anna(world.person("hearth.test", "anna")),
      ben(world.person("haven.test", "ben")),
      room(anna.create_room(body)) {
    bring_in(world, anna, ben, room);
}

rooms::RoomPtr SharedRoom::room_at(std::string_view server) { return find(world.server(server), room); }

schema::EventPtr SharedRoom::pdu(const Neighbour& sender, std::string type, std::string_view content,
                                 std::optional<std::string> state_key, const std::function<void(schema::JsonObject&)>& change) {
    const auto at = find(sender.server, room);
    schema::JsonObject draft;
    sender.server.on_io([&] {
        draft = at->build_template({.type = std::move(type),
                                    .sender = *schema::UserId::parse(sender.id),
                                    .state_key = std::move(state_key),
                                    .content = schema::parse_json(content).get_object(),
                                    .redacts = {}});
    });
    if (change) change(draft);
    return seal(sender.server, *at, std::move(draft));
}

std::vector<std::string> SharedRoom::deliver(std::string_view to, const std::vector<schema::EventPtr>& events) {
    static int transactions = 0;
    const std::string from = to == "hearth.test" ? "haven.test" : "hearth.test";
    std::string pdus;
    for (const auto& event : events) pdus += (pdus.empty() ? "" : ",") + event->json;
    const auto answer = world.ask(from, to, net::Method::put, fmt::format("/_matrix/federation/v1/send/t{}", ++transactions),
                                  fmt::format(R"({{"edus":[],"origin":"{}","origin_server_ts":1,"pdus":[{}]}})", from, pdus));
    REQUIRE(answer.status == 200);
    const auto results = schema::parse_json(answer.body);
    std::vector<std::string> errors;
    for (const auto& event : events) {
        const auto* result = schema::object_at(results.at("pdus").get_object(), event->id.str());
        errors.emplace_back(!result ? "(no answer)" : schema::string_at(*result, "error").value_or(""));
    }
    world.settle();
    return errors;
}

}  // namespace runde::tests
