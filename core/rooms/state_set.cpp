#include "core/rooms/state_set.hpp"

#include <stdexcept>

namespace runde::rooms {

std::string StateDictionary::joined(std::string_view type, std::string_view state_key) {
    std::string key;
    key.reserve(type.size() + state_key.size() + 1);
    key.append(type);
    key.push_back('\0');  // Event types hold no NUL that matters here: two pairs may only meet on equal text.
    key.append(state_key);
    return key;
}

std::optional<StateDictionary::KeyNo> StateDictionary::find(std::string_view type, std::string_view state_key) const {
    const auto found = numbers_.find(joined(type, state_key));
    if (found == numbers_.end()) return std::nullopt;
    return found->second;
}

StateDictionary::KeyNo StateDictionary::intern(std::string_view type, std::string_view state_key) {
    const auto [entry, is_new] = numbers_.try_emplace(joined(type, state_key), next());
    if (is_new) names_.emplace_back(type, state_key);
    return entry->second;
}

void StateDictionary::restore(KeyNo number, std::string type, std::string state_key) {
    if (number != next()) throw std::logic_error("state keys of a room must be restored in order, without gaps");
    numbers_.emplace(joined(type, state_key), number);
    names_.emplace_back(std::move(type), std::move(state_key));
}

std::optional<EventNid> StateSet::find(KeyNo key) const {
    const auto at = static_cast<std::size_t>(key);
    const auto page = at / page_size;
    if (page >= pages_.size() || !pages_[page]) return std::nullopt;
    const auto value = (*pages_[page])[at % page_size];
    if (value == 0) return std::nullopt;
    return EventNid{value};
}

void StateSet::set(KeyNo key, std::optional<EventNid> event) {
    const auto at = static_cast<std::size_t>(key);
    const auto number = at / page_size;
    if (number >= pages_.size()) pages_.resize(number + 1);
    auto& page = pages_[number];
    if (!page)
        page = std::make_shared<Page>(Page{});
    else if (page.use_count() > 1)
        page = std::make_shared<Page>(*page);
    (*page)[at % page_size] = event ? schema::raw(*event) : 0;
}

void StateSet::for_each(const std::function<void(KeyNo, EventNid)>& f) const {
    for (std::size_t number = 0; number < pages_.size(); ++number) {
        if (!pages_[number]) continue;
        for (std::size_t slot = 0; slot < page_size; ++slot) {
            const auto value = (*pages_[number])[slot];
            if (value != 0) f(static_cast<KeyNo>(number * page_size + slot), EventNid{value});
        }
    }
}

void StateSet::for_each_difference(const StateSet& other,
                                   const std::function<void(KeyNo, std::optional<EventNid>, std::optional<EventNid>)>& f) const {
    const auto pages = std::max(pages_.size(), other.pages_.size());
    for (std::size_t number = 0; number < pages; ++number) {
        const Page* mine = number < pages_.size() ? pages_[number].get() : nullptr;
        const Page* theirs = number < other.pages_.size() ? other.pages_[number].get() : nullptr;
        if (mine == theirs) continue;
        for (std::size_t slot = 0; slot < page_size; ++slot) {
            const auto here = mine ? (*mine)[slot] : 0, there = theirs ? (*theirs)[slot] : 0;
            if (here == there) continue;
            const auto as_event = [](std::int64_t value) { return value == 0 ? std::nullopt : std::optional(EventNid{value}); };
            f(static_cast<KeyNo>(number * page_size + slot), as_event(here), as_event(there));
        }
    }
}

bool StateSet::operator==(const StateSet& other) const {
    bool equal = true;
    for_each_difference(other, [&](auto, auto, auto) { equal = false; });
    return equal;
}

}  // namespace runde::rooms
