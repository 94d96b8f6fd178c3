#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {

using accounts::PushRule;
using accounts::PushRules;
using accounts::RuleKind;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

RuleKind kind_of(const Call& call) {
    const auto kind = accounts::parse_rule_kind(call.param("kind"));
    if (!kind) throw Refusal(Reason::invalid_param, "unknown kind of push rule");
    return *kind;
}

net::Task<PushRules> rules_of(const Call& call, Services& services) {
    auto rules = co_await services.accounts.account_data.push_rules(call.session().user_nid, call.session().user);
    co_return rules;
}

net::Task<PushRule> require_rule(const Call& call, Services& services) {
    const auto kind = kind_of(call);
    const auto rules = co_await rules_of(call, services);
    const auto* rule = rules.find(kind, call.param("ruleId"));
    if (!rule) throw Refusal(Reason::not_found, "");
    co_return *rule;
}

net::Task<net::Response> change(const Call& call, Services& services, std::function<void(PushRules&)> what) {
    co_await services.accounts.account_data.change_push_rules(call.session().user_nid, call.session().user, std::move(what));
    co_return empty_answer();
}

// GET /_matrix/client/v3/pushrules/
net::Task<net::Response> get_all(const Call& call, Services& services) {
    const auto rules = co_await rules_of(call, services);
    co_return answer(rules.to_json());
}

// GET /_matrix/client/v3/pushrules/global/
net::Task<net::Response> get_global(const Call& call, Services& services) {
    const auto rules = co_await rules_of(call, services);
    co_return answer(rules.global());
}

// GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}
net::Task<net::Response> get_rule(const Call& call, Services& services) {
    const auto rule = co_await require_rule(call, services);
    co_return answer(rule.to_json());
}

// PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}
net::Task<net::Response> put_rule(const Call& call, Services& services) {
    const auto kind = kind_of(call);
    const auto fields = call.fields();
    PushRule rule{.id = call.param("ruleId"), .actions = accounts::checked_actions(fields.required_array("actions"))};
    if (kind == RuleKind::override_ || kind == RuleKind::underride) {
        const auto* conditions = fields.array("conditions");
        rule.conditions = conditions ? accounts::checked_conditions(*conditions) : schema::JsonArray();
    }
    if (kind == RuleKind::content)
        if (const auto pattern = fields.string("pattern")) rule.pattern = std::string(*pattern);
    const PushRules::Place place{.before = call.query("before"), .after = call.query("after")};
    auto response = co_await change(call, services, [&](PushRules& rules) { rules.put(kind, rule, place); });
    co_return response;
}

// DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}
net::Task<net::Response> delete_rule(const Call& call, Services& services) {
    const auto kind = kind_of(call);
    const auto& id = call.param("ruleId");
    auto response = co_await change(call, services, [&](PushRules& rules) { rules.remove(kind, id); });
    co_return response;
}

// GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled
net::Task<net::Response> get_enabled(const Call& call, Services& services) {
    const auto rule = co_await require_rule(call, services);
    JsonObject body;
    body["enabled"] = rule.enabled;
    co_return answer(body);
}

// PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled
net::Task<net::Response> put_enabled(const Call& call, Services& services) {
    const auto kind = kind_of(call);
    const auto& id = call.param("ruleId");
    const auto enabled = call.fields().boolean("enabled");
    if (!enabled) throw Refusal(Reason::missing_param, "enabled is missing");
    auto response = co_await change(call, services, [&](PushRules& rules) { rules.enable(kind, id, *enabled); });
    co_return response;
}

// GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions
net::Task<net::Response> get_actions(const Call& call, Services& services) {
    auto rule = co_await require_rule(call, services);
    JsonObject body;
    body["actions"] = std::move(rule.actions);
    co_return answer(body);
}

// PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions
net::Task<net::Response> put_actions(const Call& call, Services& services) {
    const auto kind = kind_of(call);
    const auto& id = call.param("ruleId");
    const auto actions = accounts::checked_actions(call.fields().required_array("actions"));
    auto response = co_await change(call, services, [&](PushRules& rules) { rules.set_actions(kind, id, actions); });
    co_return response;
}

constexpr auto get = net::Method::get;
constexpr auto put = net::Method::put;
constexpr Route routes[] = {
    {get, "/_matrix/client/v3/pushrules/", Access::user, Rate::read, get_all, "client-server-api/#get_matrixclientv3pushrules"},
    {get, "/_matrix/client/v3/pushrules/global/", Access::user, Rate::read, get_global,
     "client-server-api/#get_matrixclientv3pushrulesglobal"},
    {get, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}", Access::user, Rate::read, get_rule,
     "client-server-api/#get_matrixclientv3pushrulesglobalkindruleid"},
    {put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}", Access::user, Rate::write, put_rule,
     "client-server-api/#put_matrixclientv3pushrulesglobalkindruleid"},
    {net::Method::delete_, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}", Access::user, Rate::write, delete_rule,
     "client-server-api/#delete_matrixclientv3pushrulesglobalkindruleid"},
    {get, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled", Access::user, Rate::read, get_enabled,
     "client-server-api/#get_matrixclientv3pushrulesglobalkindruleidenabled"},
    {put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled", Access::user, Rate::write, put_enabled,
     "client-server-api/#put_matrixclientv3pushrulesglobalkindruleidenabled"},
    {get, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions", Access::user, Rate::read, get_actions,
     "client-server-api/#get_matrixclientv3pushrulesglobalkindruleidactions"},
    {put, "/_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions", Access::user, Rate::write, put_actions,
     "client-server-api/#put_matrixclientv3pushrulesglobalkindruleidactions"},
};

}  // namespace

std::span<const Route> push_rule_routes() { return routes; }

}  // namespace runde::api::client
