#include "federation/complaints.hpp"

#include <spdlog/spdlog.h>

namespace runde::federation {

void Complaints::about(std::string_view server, std::string_view why) {
    const auto now = clock_.now_ms();
    if (made_.size() >= most_kept) std::erase_if(made_, [&](const auto& entry) { return entry.second.next <= now; });
    // Of servers that nobody counts any more, invented ones most likely, one line speaks for all.
    const auto who = made_.size() < most_kept ? std::string(server) : "many servers";
    auto& made = made_[{who, std::string(why)}];
    if (made.next > now) {
        ++made.since;
        return;
    }
    if (made.since > 0)
        spdlog::warn("{}: {} ({} times more before)", who, why, made.since);
    else
        spdlog::warn("{}: {}", who, why);
    made = {now + quiet_ms, 0};
}

}  // namespace runde::federation
