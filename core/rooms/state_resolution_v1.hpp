#pragma once
#include "core/rooms/state_resolution.hpp"

namespace runde::rooms {

/// Algorithm v1, for rooms of version 1. https://spec.matrix.org/v1.19/rooms/v1/#state-resolution
StateMap resolve_v1(const schema::RoomRules& rules, std::span<const StateMap> sets, const EventSource& source);

}  // namespace runde::rooms
