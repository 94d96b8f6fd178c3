// The team's side of the door: docs/api.md#admission-team.
#include <charconv>

#include "api/client/rooms_support.hpp"
#include "api/selfhelp/admission_json.hpp"
#include "api/selfhelp/tables.hpp"

namespace runde::api::selfhelp {
namespace {

using runde::selfhelp::AdmissionOffice;
using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

AdmissionOffice::Member member(const Call& call) { return {call.session().user, call.session().administrator}; }

net::Task<net::Response> put_form(const Call& call, Services& services) {
    const auto fields = call.fields();
    const auto form = fields.required_array("fields");
    const auto deciders = fields.integer("deciders").value_or(1);
    auto recognises = fields.strings("recognises");
    if (!recognises) {  // Who saves questions alone does not take back whom the group trusts.
        const auto before = co_await services.admission.entrance(call.param("groupId"));
        recognises = before.recognises;
    }
    co_await services.admission.set_form(member(call), call.param("groupId"), form,
                                         static_cast<int>(std::clamp<std::int64_t>(deciders, 0, 3)), std::move(*recognises));
    const auto door = co_await services.admission.entrance(call.param("groupId"));
    auto body = to_json(door);
    JsonArray servers;
    for (const auto& server : door.recognises) servers.emplace_back(server);
    body["recognises"] = std::move(servers);
    co_return client::answer(body);
}

net::Task<net::Response> get_applications(const Call& call, Services& services) {
    const auto files = co_await services.admission.files(member(call), call.param("groupId"));
    const auto state = call.query("state");
    JsonArray applications;
    for (const auto& file : files)
        if (!state || file.row.state == *state) applications.push_back(to_json(file, View::team));
    co_return client::answer({{"applications", std::move(applications)}});
}

net::Task<net::Response> get_open_count(const Call& call, Services& services) {
    const auto open = co_await services.admission.open_files(member(call), call.param("groupId"));
    co_return client::answer({{"open", open}});
}

net::Task<net::Response> answer_file(const Call& call, Services& services) {
    const auto file = co_await services.admission.file(member(call), call.param("applicationId"));
    co_return client::answer(to_json(file, View::team));
}

net::Task<net::Response> post_vote(const Call& call, Services& services) {
    const auto fields = call.fields();
    const auto verdict = fields.required_string("verdict");
    if (verdict != "admit" && verdict != "decline") throw Refusal(Reason::invalid_param, "verdict is admit or decline");
    const std::string text(fields.string_or("text", "")), reason(fields.string_or("reason", ""));
    co_await services.admission.vote(member(call), call.param("applicationId"), verdict == "admit", text, reason);
    co_return co_await answer_file(call, services);
}

net::Task<net::Response> post_note(const Call& call, Services& services) {
    const std::string text(call.fields().required_string("text"));
    co_await services.admission.note(member(call), call.param("applicationId"), text);
    co_return co_await answer_file(call, services);
}

net::Task<net::Response> post_interviewed(const Call& call, Services& services) {
    co_await services.admission.interviewed(member(call), call.param("applicationId"));
    co_return co_await answer_file(call, services);
}

net::Task<net::Response> get_slots(const Call& call, Services& services) {
    const auto slots = co_await services.admission.slots(member(call), call.param("groupId"));
    JsonArray list;
    for (const auto& slot : slots) {
        auto entry = to_json(slot, true);
        entry["offered_by"] = slot.offered_by;
        if (slot.application) entry["application_id"] = *slot.application;
        list.push_back(std::move(entry));
    }
    co_return client::answer({{"slots", std::move(list)}});
}

net::Task<net::Response> post_slot(const Call& call, Services& services) {
    const auto fields = call.fields();
    storage::InterviewSlotRow slot{.group = call.param("groupId"),
                                   .offered_by = {},
                                   .begins = fields.required_integer("begins_ts"),
                                   .ends = fields.required_integer("ends_ts"),
                                   .way = std::string(fields.required_string("way", 40)),
                                   .place = std::string(fields.string_or("place", ""))};
    const auto id = co_await services.admission.offer_slot(member(call), std::move(slot));
    auto response = client::answer({{"slot_id", id}});
    response.status = 201;
    co_return response;
}

net::Task<net::Response> delete_slot(const Call& call, Services& services) {
    std::int64_t slot = 0;
    const auto& text = call.param("slotId");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slot);
    if (error != std::errc() || end != text.data() + text.size()) throw Refusal(Reason::not_found, "");
    co_await services.admission.withdraw_slot(member(call), call.param("groupId"), slot);
    co_return client::empty_answer();
}

net::Task<net::Response> get_counts(const Call& call, Services& services) {
    const auto counts = co_await services.admission.counts(member(call), call.param("groupId"));
    JsonArray list;
    for (const auto& count : counts) list.push_back(JsonObject{{"month", count.month}, {"outcome", count.outcome}, {"n", count.n}});
    co_return client::answer({{"counts", std::move(list)}});
}

constexpr std::string_view doc = "docs/api.md#admission-team";
constexpr Route routes[] = {
    {net::Method::put, "/_runde/v1/groups/{groupId}/admission", Access::user, Rate::write, put_form, doc},
    {net::Method::get, "/_runde/v1/groups/{groupId}/applications", Access::user, Rate::read, get_applications, doc},
    {net::Method::get, "/_runde/v1/groups/{groupId}/applications/count", Access::user, Rate::read, get_open_count, doc},
    {net::Method::get, "/_runde/v1/groups/{groupId}/slots", Access::user, Rate::read, get_slots, doc},
    {net::Method::post, "/_runde/v1/groups/{groupId}/slots", Access::user, Rate::write, post_slot, doc},
    {net::Method::delete_, "/_runde/v1/groups/{groupId}/slots/{slotId}", Access::user, Rate::write, delete_slot, doc},
    {net::Method::get, "/_runde/v1/groups/{groupId}/admission/counts", Access::user, Rate::read, get_counts, doc},
    {net::Method::get, "/_runde/v1/desk/applications/{applicationId}", Access::user, Rate::read, answer_file, doc},
    {net::Method::post, "/_runde/v1/desk/applications/{applicationId}/vote", Access::user, Rate::write, post_vote, doc},
    {net::Method::post, "/_runde/v1/desk/applications/{applicationId}/notes", Access::user, Rate::write, post_note, doc},
    {net::Method::post, "/_runde/v1/desk/applications/{applicationId}/interviewed", Access::user, Rate::write, post_interviewed,
     doc},
};

}  // namespace

std::span<const Route> admission_desk_routes() { return routes; }

}  // namespace runde::api::selfhelp
