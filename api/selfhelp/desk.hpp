#pragma once
// What the handlers of organisation, groups and roles share.
#include <map>
#include <optional>
#include <string>

#include "api/client/rooms_support.hpp"
#include "api/router.hpp"
#include "api/services.hpp"
#include "core/selfhelp/roles.hpp"

namespace runde::api::selfhelp {

using client::answer;
using client::empty_answer;
namespace domain = runde::selfhelp;

inline std::int64_t now_ms(Services& services) { return services.runtime.clock().now_ms(); }

/// What the caller may do at this moment; of nobody, when nobody is signed in. One read.
net::Task<domain::Rights> rights(const Call& call, Services& services);

/// A text with its version, as all texts are told.
schema::JsonObject text_json(int version, const std::map<std::string, std::string>& by_register);
/// {"texts": {"sie": "…"}} of a request. Throws Refusal(missing_param, bad_json).
std::map<std::string, std::string> texts_of(const Call& call);

/// `from` and `limit` of a list that is short enough to be counted through.
struct Stretch {
    std::size_t offset, limit;
};
Stretch stretch(const Call& call, std::int64_t limit);
std::string next_token(std::size_t offset);

}  // namespace runde::api::selfhelp
