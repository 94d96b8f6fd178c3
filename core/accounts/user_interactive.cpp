#include "core/accounts/user_interactive.hpp"

#include <algorithm>

#include "net/clock.hpp"
#include "schema/signing.hpp"

namespace runde::accounts {

using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t most_sessions = 10'000;
constexpr std::int64_t lifetime_ms = 15 * 60 * 1000;

bool begins_with(const Flow& flow, const std::vector<std::string>& completed) {
    return completed.size() <= flow.size() && std::equal(completed.begin(), completed.end(), flow.begin());
}

bool is_complete(const Demand& demand, const std::vector<std::string>& completed) {
    return std::ranges::find(demand.flows, completed) != demand.flows.end();
}

/// Stages are passed in the order of a flow: is this one next in any flow that fits what was passed?
bool is_next(const Demand& demand, const std::vector<std::string>& completed, std::string_view stage) {
    return std::ranges::any_of(demand.flows, [&](const Flow& flow) {
        return begins_with(flow, completed) && completed.size() < flow.size() && flow[completed.size()] == stage;
    });
}

schema::JsonObject challenge(const Demand& demand, const std::string& session, const std::vector<std::string>& completed) {
    schema::JsonArray flows;
    for (const auto& flow : demand.flows)
        flows.push_back(schema::JsonObject{{"stages", schema::JsonArray(flow.begin(), flow.end())}});
    schema::JsonObject body{{"flows", std::move(flows)}, {"params", demand.params}, {"session", session}};
    if (!completed.empty()) body["completed"] = schema::JsonArray(completed.begin(), completed.end());
    return body;
}

}  // namespace

net::Task<Confirmation> UserInteractive::advance(const Demand& demand, const schema::JsonObject* auth) {
    forget_old_ones();
    std::optional<Refusal> failure;
    std::string id;
    if (auth) {
        const schema::Fields fields(*auth);
        if (const auto named = fields.string("session")) {
            id = *named;
            const auto found = sessions_.find(id);
            if (found == sessions_.end() || found->second.operation != demand.operation) {
                failure = Refusal(Reason::interactive_auth_failed, "");
                id.clear();
            }
        }
        if (id.empty()) id = begin(demand);

        const auto type = fields.string("type", 255);
        const auto completed = sessions_.at(id).completed;
        const bool passed_before = type && std::ranges::find(completed, *type) != completed.end();
        if (!failure && type && !passed_before) {
            if (is_next(demand, completed, *type)) {
                auto kept = sessions_.at(id).kept;
                try {
                    if (const auto check = demand.checks.find(*type); check != demand.checks.end())
                        co_await check->second(fields, kept);
                    // The check may have taken its time: the session may be gone, or gone further.
                    if (const auto state = sessions_.find(id); state != sessions_.end() && state->second.completed == completed) {
                        state->second.kept = std::move(kept);
                        state->second.completed.emplace_back(*type);
                    }
                } catch (const Refusal& refusal) {
                    if (refusal.reason == Reason::limit_exceeded) throw;
                    failure = refusal;
                }
            } else {
                failure = Refusal(Reason::interactive_auth_failed, "");
            }
        }
    } else {
        id = begin(demand);
    }

    const auto state = sessions_.find(id);
    if (state == sessions_.end()) {
        const auto& fresh = begin(demand);
        co_return Confirmation{
            .session = fresh, .challenge = challenge(demand, fresh, {}), .failure = Refusal(Reason::interactive_auth_failed, "")};
    }
    if (is_complete(demand, state->second.completed))
        co_return Confirmation{.complete = true, .session = id, .kept = state->second.kept};
    co_return Confirmation{
        .session = id, .challenge = challenge(demand, id, state->second.completed), .failure = std::move(failure)};
}

void UserInteractive::finish(const std::string& session) {
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return;
    by_age_.erase(found->second.age);
    sessions_.erase(found);
}

const std::string& UserInteractive::begin(const Demand& demand) {
    if (sessions_.size() >= most_sessions) finish(std::string(by_age_.front()));
    by_age_.push_back(schema::random_token(24));
    const auto& id = by_age_.back();
    sessions_.emplace(id, State{.operation = demand.operation, .began_ms = clock_.now_ms(), .age = std::prev(by_age_.end())});
    return id;
}

void UserInteractive::forget_old_ones() {
    const auto oldest = clock_.now_ms() - lifetime_ms;
    while (!by_age_.empty() && sessions_.at(by_age_.front()).began_ms < oldest) finish(std::string(by_age_.front()));
}

}  // namespace runde::accounts
