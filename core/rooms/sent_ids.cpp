#include "core/rooms/sent_ids.hpp"

#include <functional>
#include <utility>

namespace runde::rooms {

std::size_t SentIds::hash_of(schema::DeviceNid device, const std::string& id) {
    return std::hash<std::string>()(id) ^ static_cast<std::size_t>(schema::raw(device)) * 0x9E3779B97F4A7C15u;
}

void SentIds::age(std::int64_t now_ms) {
    if (now_ms - young_since_ms_ < generation_ms) return;
    old_ = std::exchange(young_, {});
    old_overflowed_ = std::exchange(young_overflowed_, false);
    young_since_ms_ = now_ms;
}

void SentIds::learned(schema::DeviceNid device, const std::vector<std::string>& ids, bool complete) {
    devices_.insert_or_assign(device, complete);
    if (complete)
        for (const auto& id : ids) young_.insert(hash_of(device, id));
}

bool SentIds::may_have(schema::DeviceNid device, const std::string& id) const {
    if (young_overflowed_ || old_overflowed_) return true;
    if (const auto known = devices_.find(device); known != devices_.end() ? !known->second : !knows_all_devices_) return true;
    const auto hash = hash_of(device, id);
    return young_.contains(hash) || old_.contains(hash);
}

void SentIds::add(schema::DeviceNid device, const std::string& id, std::int64_t now_ms) {
    age(now_ms);
    if (young_.size() >= most_)
        young_overflowed_ = true;
    else
        young_.insert(hash_of(device, id));
}

}  // namespace runde::rooms
