#include "api/selfhelp/desk.hpp"
#include "api/selfhelp/tables.hpp"
#include "core/selfhelp/door.hpp"

namespace runde::api::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;

net::Task<net::Response> get_rules(const Call& call, Services& services) {
    std::optional<int> version;
    if (call.query("version")) version = static_cast<int>(call.query_number("version", 1, 1, 1'000'000));
    const auto rules = co_await services.door.pledges.rules(call.param("groupId"), version);
    co_return answer(text_json(rules.version, rules.by_register));
}

net::Task<net::Response> put_rules(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    domain::require(who.may_run_group(call.param("groupId")));
    const int version = co_await services.door.pledges.set_rules(call.param("groupId"), texts_of(call), who.user);
    co_return answer({{"version", version}});
}

int version_of(const Call& call) {
    const auto version = call.fields().required_integer("version");
    if (version < 1 || version > 1'000'000)
        throw Refusal(Reason::invalid_param, "version is the number of the rules that were read");
    return static_cast<int>(version);
}

net::Task<net::Response> accept_rules(const Call& call, Services& services) {
    co_await services.door.pledges.accept(call.param("groupId"), call.session().user, version_of(call));
    co_return empty_answer();
}

net::Task<net::Response> get_acceptance(const Call& call, Services& services) {
    const auto group = co_await services.door.groups.require(call.param("groupId"));
    const auto who = co_await rights(call, services);
    domain::require(who.may_run_group(group.id) || who.has(domain::role::member, group.id));
    const auto count = co_await services.door.pledges.acceptance(group.id);
    co_return answer({{"accepted", count.accepted}, {"members", count.members}});
}

// --- with the address that M_CONSENT_NOT_GIVEN hands out

domain::ConsentToken consent(const Call& call, Services& services) {
    auto token = domain::ConsentToken::read(call.param("token"), services.rooms.identity().key);
    if (!token) throw Refusal(Reason::not_found, "Diese Adresse gilt nicht. / This address is not valid.");
    return *std::move(token);
}

net::Task<net::Response> get_consent(const Call& call, Services& services) {
    const auto token = consent(call, services);
    const auto group = co_await services.door.groups.require(token.group);
    const auto rules = co_await services.door.pledges.rules(token.group);
    const auto* standing = services.door.standing.group(token.group);
    auto body = text_json(rules.version, rules.by_register);
    body["group_id"] = group.id;
    body["group_name"] = group.card.name;
    body["user_id"] = token.user.str();
    body["accepted"] = !standing || !services.door.standing.must_accept(*standing, token.user.str());
    co_return answer(body);
}

net::Task<net::Response> post_consent(const Call& call, Services& services) {
    const auto token = consent(call, services);
    co_await services.door.pledges.accept(token.group, token.user, version_of(call));
    co_return empty_answer();
}

constexpr Route routes[] = {
    {net::Method::get, "/_runde/v1/groups/{groupId}/rules", Access::anyone, Rate::read, get_rules, "docs/api.md#rules"},
    {net::Method::put, "/_runde/v1/groups/{groupId}/rules", Access::user, Rate::write, put_rules, "docs/api.md#rules"},
    {net::Method::post, "/_runde/v1/groups/{groupId}/rules/accept", Access::user, Rate::write, accept_rules, "docs/api.md#rules"},
    {net::Method::get, "/_runde/v1/groups/{groupId}/rules/acceptance", Access::user, Rate::read, get_acceptance,
     "docs/api.md#rules"},
    {net::Method::get, "/_runde/v1/consent/{token}", Access::anyone, Rate::read, get_consent, "docs/api.md#rules"},
    {net::Method::post, "/_runde/v1/consent/{token}", Access::anyone, Rate::write, post_consent, "docs/api.md#rules"},
};

}  // namespace

std::span<const Route> rules_routes() { return routes; }

}  // namespace runde::api::selfhelp
