#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schema/ids.hpp"

namespace runde::rooms {

using schema::EventNid;

/// A room's own numbering of its (type, state_key) pairs: dense, handed out by the room's single writer, never taken
/// back. So a set of state is an array indexed by key number. Mirrors the table room_state.
class StateDictionary {
public:
    using KeyNo = int;

    std::optional<KeyNo> find(std::string_view type, std::string_view state_key) const;
    /// The number of the pair; a new one when it is met for the first time.
    KeyNo intern(std::string_view type, std::string_view state_key);
    void restore(KeyNo number, std::string type, std::string state_key);  ///< While a room is loaded.

    const std::string& type(KeyNo number) const { return names_[index(number)].first; }
    const std::string& state_key(KeyNo number) const { return names_[index(number)].second; }
    KeyNo next() const { return static_cast<KeyNo>(names_.size()) + 1; }  ///< Numbers begin with 1.

private:
    static std::size_t index(KeyNo number) { return static_cast<std::size_t>(number - 1); }
    static std::string joined(std::string_view type, std::string_view state_key);

    std::vector<std::pair<std::string, std::string>> names_;
    std::unordered_map<std::string, KeyNo> numbers_;
};

/// One state of a room: key number -> event. Copying costs a pointer per 256 keys: pages are shared until written.
class StateSet {
public:
    using KeyNo = StateDictionary::KeyNo;

    std::optional<EventNid> find(KeyNo key) const;
    void set(KeyNo key, std::optional<EventNid> event);
    /// Calls f(key, event) for every key that has an event, in the order of the keys.
    void for_each(const std::function<void(KeyNo, EventNid)>& f) const;
    /// Calls f(key, mine, theirs) for every key whose event differs. Pages shared by both are skipped unseen.
    void for_each_difference(const StateSet& other,
                             const std::function<void(KeyNo, std::optional<EventNid>, std::optional<EventNid>)>& f) const;
    bool operator==(const StateSet& other) const;

private:
    static constexpr std::size_t page_size = 256;
    using Page = std::array<std::int64_t, page_size>;  // 0: nothing set
    std::vector<std::shared_ptr<Page>> pages_;         // null: an empty page
};

}  // namespace runde::rooms
