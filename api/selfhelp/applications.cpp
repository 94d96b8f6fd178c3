// The applicant's side of the door: docs/api.md#admission.
#include "api/client/rooms_support.hpp"
#include "api/client/signed_in.hpp"
#include "api/selfhelp/admission_json.hpp"
#include "api/selfhelp/desk.hpp"
#include "api/selfhelp/tables.hpp"
#include "core/selfhelp/admission_texts.hpp"
#include "core/selfhelp/attestation.hpp"

namespace runde::api::selfhelp {
namespace {

using runde::selfhelp::AdmissionOffice;
using runde::selfhelp::ApplicationForm;
using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace admission = runde::selfhelp::admission;

std::optional<std::string> owned(std::optional<std::string_view> text) {
    return text ? std::optional(std::string(*text)) : std::nullopt;
}

ApplicationForm read_form(const Call& call, std::string group) {
    const auto fields = call.fields();
    ApplicationForm form{.group = std::move(group),
                         .answers = {},
                         .email = owned(fields.string("email", 254)),
                         .phone = owned(fields.string("phone", 40))};
    if (const auto* answers = fields.object("answers")) form.answers = *answers;
    if (const auto* attestation = fields.object("attestation")) form.attestation = *attestation;
    const auto way = runde::selfhelp::parse_register(fields.string_or("register", call.language() == "en" ? "en" : "sie"));
    if (!way) throw Refusal(Reason::invalid_param, "register is sie, du, leicht or en");
    form.way = *way;
    return form;
}

net::Response created(const JsonObject& body) {
    auto response = client::answer(body);
    response.status = 201;
    return response;
}

net::Task<net::Response> get_door(const Call& call, Services& services) {
    const auto door = co_await services.admission.entrance(call.param("groupId"));
    auto body = to_json(door);
    // Whom a group trusts is the team's business.
    const auto who = co_await rights(call, services);
    if (who.may_admit(call.param("groupId")))
        body["recognises"] = schema::JsonArray(door.recognises.begin(), door.recognises.end());
    co_return client::answer(body);
}

net::Task<net::Response> post_application(const Call& call, Services& services) {
    auto form = read_form(call, call.param("groupId"));
    const auto fields = call.fields();
    if (const auto& session = call.maybe_session()) {
        const auto id = co_await services.admission.apply({session->user, session->user_nid}, std::move(form));
        co_return created({{"application_id", id}, {"user_id", session->user.str()}});
    }
    if (form.attestation && !fields.has("account")) {
        // Somebody of another office: the attestation says who, and its signature that it is true. Without it being good
        // nothing happens, and what happens reaches nobody but that person.
        auto subject = runde::selfhelp::attestation::subject_of(*form.attestation);
        if (services.rooms.identity().is_local(subject)) throw Refusal(Reason::missing_token, "");
        const auto id = co_await services.admission.apply({subject, std::nullopt}, std::move(form));
        co_return created({{"application_id", id}, {"user_id", subject.str()}});
    }
    const auto* account = fields.object("account");
    if (!account) throw Refusal(Reason::missing_param, "account is missing: a pseudonym and a password, or sign in");
    const schema::Fields wanted(*account);
    const auto name = std::string(wanted.required_string("name", 255));
    const auto password = std::string(wanted.required_string("password", 512));
    const auto arrived = co_await services.admission.arrive(name, password, std::move(form));
    JsonObject body{{"application_id", arrived.application}, {"user_id", arrived.user.str()}, {"device_id", arrived.device_id}};
    body["access_token"] = arrived.tokens.access;
    co_return created(body);
}

net::Task<net::Response> get_mine(const Call& call, Services& services) {
    const auto rows = co_await services.admission.mine(call.session().user);
    JsonArray applications;
    for (const auto& row : rows) {
        JsonObject entry{{"application_id", row.id}, {"group_id", row.group}, {"state", row.state}, {"created_ts", row.created}};
        if (row.room) entry["room_id"] = *row.room;
        applications.push_back(std::move(entry));
    }
    co_return client::answer({{"applications", std::move(applications)}});
}

net::Task<net::Response> own_file(const Call& call, Services& services) {
    const auto file = co_await services.admission.own_file(call.session().user, call.param("applicationId"));
    co_return client::answer(to_json(file, View::applicant));
}

net::Task<net::Response> put_application(const Call& call, Services& services) {
    auto form = read_form(call, {});
    co_await services.admission.correct(call.session().user, call.param("applicationId"), std::move(form));
    co_return co_await own_file(call, services);
}

net::Task<net::Response> post_withdraw(const Call& call, Services& services) {
    co_await services.admission.withdraw(call.session().user, call.param("applicationId"));
    co_return client::empty_answer();
}

net::Task<net::Response> post_erase(const Call& call, Services& services) {
    co_await services.admission.erase_now(call.session().user, call.param("applicationId"));
    co_return client::empty_answer();
}

net::Task<net::Response> post_stay(const Call& call, Services& services) {
    co_await services.admission.stay(call.session().user, call.param("applicationId"));
    co_return co_await own_file(call, services);
}

net::Task<net::Response> put_slot(const Call& call, Services& services) {
    const auto slot = call.fields().required_integer("slot_id");
    co_await services.admission.pick_slot(call.session().user, call.param("applicationId"), slot);
    co_return co_await own_file(call, services);
}

net::Task<net::Response> delete_slot(const Call& call, Services& services) {
    co_await services.admission.give_slot_back(call.session().user, call.param("applicationId"));
    co_return co_await own_file(call, services);
}

net::Task<net::Response> get_calendar(const Call& call, Services& services) {
    const auto file = co_await services.admission.own_file(call.session().user, call.param("applicationId"));
    if (!file.slot) throw Refusal(Reason::not_found, "Es ist kein Termin vereinbart. / There is no appointment.");
    const auto way = runde::selfhelp::parse_register(file.row.way).value_or(runde::selfhelp::Register::sie);
    net::Response response;
    response.headers.add("Content-Type", "text/calendar; charset=utf-8");
    response.headers.add("Content-Disposition", "attachment; filename=\"termin.ics\"");
    response.body.push_back(net::bytes(admission::calendar_file(file.row.id + "@" + services.rooms.identity().server.str(),
                                                                file.slot->begins, file.slot->ends, admission::calendar_title(way),
                                                                file.slot->place, services.runtime.clock().now_ms())));
    co_return response;
}

net::Task<net::Response> get_copy(const Call& call, Services& services) {
    const auto copy = co_await services.admission.copy(call.session().user, call.param("applicationId"));
    auto response = client::answer(copy);
    response.headers.add("Content-Disposition", "attachment; filename=\"anfrage.json\"");
    co_return response;
}

net::Task<net::Response> post_attestation(const Call& call, Services& services) {
    const auto audience = schema::ServerName::parse(call.fields().required_string("audience", 255));
    if (!audience) throw Refusal(Reason::invalid_param, "audience is the name of a server");
    const auto attestation = co_await services.admission.attest(call.session().user, *audience);
    co_return client::answer({{"attestation", attestation}});
}

constexpr std::string_view doc = "docs/api.md#admission";
constexpr Route routes[] = {
    {net::Method::get, "/_runde/v1/groups/{groupId}/admission", Access::maybe_user, Rate::read, get_door, doc},
    {net::Method::post, "/_runde/v1/groups/{groupId}/applications", Access::maybe_user, Rate::registration, post_application, doc},
    {net::Method::get, "/_runde/v1/applications", Access::user, Rate::read, get_mine, doc},
    {net::Method::get, "/_runde/v1/applications/{applicationId}", Access::user, Rate::read, own_file, doc},
    {net::Method::put, "/_runde/v1/applications/{applicationId}", Access::user, Rate::write, put_application, doc},
    {net::Method::post, "/_runde/v1/applications/{applicationId}/withdraw", Access::user, Rate::write, post_withdraw, doc},
    {net::Method::post, "/_runde/v1/applications/{applicationId}/erase", Access::user, Rate::write, post_erase, doc},
    {net::Method::post, "/_runde/v1/applications/{applicationId}/stay", Access::user, Rate::write, post_stay, doc},
    {net::Method::put, "/_runde/v1/applications/{applicationId}/slot", Access::user, Rate::write, put_slot, doc},
    {net::Method::delete_, "/_runde/v1/applications/{applicationId}/slot", Access::user, Rate::write, delete_slot, doc},
    {net::Method::get, "/_runde/v1/applications/{applicationId}/slot.ics", Access::user, Rate::read, get_calendar, doc},
    {net::Method::get, "/_runde/v1/applications/{applicationId}/copy", Access::user, Rate::read, get_copy, doc},
    {net::Method::post, "/_runde/v1/attestations", Access::user, Rate::write, post_attestation, doc},
};

}  // namespace

std::span<const Route> application_routes() { return routes; }

}  // namespace runde::api::selfhelp
