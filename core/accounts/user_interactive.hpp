#pragma once
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/task.hpp"
#include "schema/json.hpp"
#include "schema/refusal.hpp"

namespace runde::net {
class Clock;
}

namespace runde::accounts {

namespace stage {
constexpr std::string_view dummy = "m.login.dummy";
constexpr std::string_view password = "m.login.password";
constexpr std::string_view registration_token = "m.login.registration_token";
constexpr std::string_view terms = "m.login.terms";
}  // namespace stage

/// Checks what the client sent for one stage; throws Refusal when it is wrong. What it finds out (which user,
/// which token) goes into `kept` and is there when the whole flow is complete.
using StageCheck = std::function<net::Task<>(const schema::Fields& auth, schema::JsonObject& kept)>;
using Flow = std::vector<std::string>;

/// What somebody wants to do, and what they must go through for it.
struct Demand {
    std::string operation;      ///< With its object ("delete device X of user 7"): a confirmation serves for
                                ///< nothing else.
    std::vector<Flow> flows;    ///< Any one of them, its stages in order.
    schema::JsonObject params;  ///< What a client must know for a stage, by stage.
    std::map<std::string, StageCheck, std::less<>> checks;  ///< By stage; one without a check passes (dummy, terms).
};

struct Confirmation {
    bool complete = false;
    std::string session;  ///< For finish(), after the operation succeeded.
    schema::JsonObject kept;
    schema::JsonObject challenge;            ///< Unless complete: flows, params, session, completed.
    std::optional<schema::Refusal> failure;  ///< Why the stage just tried did not pass.
};

/// User-interactive authentication: the sessions between the first "401, please confirm" and the deed.
/// They live in memory: at most 10,000, each for 15 minutes; at the bound the oldest gives way, and whoever
/// had it begins again. I/O thread only.
/// https://spec.matrix.org/v1.19/client-server-api/#user-interactive-authentication-api
class UserInteractive {
public:
    explicit UserInteractive(net::Clock& clock) : clock_(clock) {}

    /// One request: `auth` is the member of that name, nullptr when absent. A stage that was passed is not
    /// asked again.
    net::Task<Confirmation> advance(const Demand& demand, const schema::JsonObject* auth);
    /// The operation is done: the confirmation cannot be used a second time.
    void finish(const std::string& session);

private:
    struct State {
        std::string operation;
        std::vector<std::string> completed;
        schema::JsonObject kept;
        std::int64_t began_ms;
        std::list<std::string>::iterator age;
    };
    const std::string& begin(const Demand& demand);
    void forget_old_ones();

    net::Clock& clock_;
    std::unordered_map<std::string, State> sessions_;
    std::list<std::string> by_age_;  ///< Oldest first.
};

}  // namespace runde::accounts
