#include "core/accounts/failed_logins.hpp"

#include <algorithm>
#include <utility>

#include "schema/refusal.hpp"

namespace runde::accounts {

static constexpr std::size_t most_names = 20'000;

FailedLogins::Tries& FailedLogins::tries(const std::string& name, std::int64_t now_ms) {
    auto found = young_.find(name);
    if (found == young_.end()) {
        if (young_.size() >= most_names) old_ = std::exchange(young_, {});
        const auto before = old_.find(name);
        found = young_.emplace(name, before == old_.end() ? Tries{0, now_ms} : before->second).first;
    }
    auto& entry = found->second;
    const auto passed = static_cast<double>(std::max<std::int64_t>(0, now_ms - entry.at_ms));
    entry.wrong = std::max(0.0, entry.wrong - passed / static_cast<double>(one_more_every_ms));
    entry.at_ms = now_ms;
    return entry;
}

void FailedLogins::require(const std::string& name, std::int64_t now_ms) {
    if (!young_.contains(name) && !old_.contains(name)) return;
    const double over = tries(name, now_ms).wrong + 1 - at_once;
    if (over <= 0) return;
    const auto wait = static_cast<std::int64_t>(over * static_cast<double>(one_more_every_ms)) + 1;
    throw schema::Refusal(schema::Reason::limit_exceeded, "", {{"retry_after_ms", wait}});
}

void FailedLogins::failed(const std::string& name, std::int64_t now_ms) { tries(name, now_ms).wrong += 1; }

void FailedLogins::succeeded(const std::string& name) {
    young_.erase(name);
    old_.erase(name);
}

}  // namespace runde::accounts
