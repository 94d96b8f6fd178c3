#pragma once
#include <string_view>

namespace runde::rooms {

/// Whether `text` contains `term`, without regard to case, in every script (ICU case folding).
bool contains_folded(std::string_view text, std::string_view term);

}  // namespace runde::rooms
