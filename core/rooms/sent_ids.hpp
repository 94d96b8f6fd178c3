#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "schema/ids.hpp"

namespace runde::rooms {

/// Which transaction ids a room has seen, so that the database is asked for one only when it may stand there.
///
/// Says "no" only when that is certain, and "perhaps" as seldom as memory allows: it keeps 8 bytes per id, for as long
/// as storage keeps the ids themselves. https://spec.matrix.org/v1.19/client-server-api/#transaction-identifiers
class SentIds {
public:
    /// `is_new_room`: nobody has sent anything here before.
    explicit SentIds(bool is_new_room = false, std::size_t most = 1 << 18) : most_(most), knows_all_devices_(is_new_room) {}

    /// What this device sent before we began is not known yet: ask storage for it, and tell by learned().
    bool must_learn(schema::DeviceNid device) const { return !knows_all_devices_ && !devices_.contains(device); }
    /// `ids`: all that storage has of the device in this room; `complete` false: there are more.
    void learned(schema::DeviceNid device, const std::vector<std::string>& ids, bool complete);

    bool may_have(schema::DeviceNid device, const std::string& id) const;
    void add(schema::DeviceNid device, const std::string& id, std::int64_t now_ms);

private:
    /// Ids are kept for at least this long: a day, and the time until they are purged (storage/retention).
    static constexpr std::int64_t generation_ms = 36LL * 3600 * 1000;
    static std::size_t hash_of(schema::DeviceNid device, const std::string& id);
    void age(std::int64_t now_ms);

    std::size_t most_;
    bool knows_all_devices_;
    boost::unordered_flat_map<schema::DeviceNid, bool> devices_;  ///< Known, and whether completely.
    boost::unordered_flat_set<std::size_t> young_, old_;
    std::int64_t young_since_ms_ = 0;
    bool young_overflowed_ = false, old_overflowed_ = false;
};

}  // namespace runde::rooms
