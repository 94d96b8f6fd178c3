#include "core/rooms/text_match.hpp"

#include <unicode/unistr.h>

namespace runde::rooms {

bool contains_folded(std::string_view text, std::string_view term) {
    const auto folded = [](std::string_view utf8) {
        auto unicode = icu::UnicodeString::fromUTF8(icu::StringPiece(utf8.data(), static_cast<int>(utf8.size())));
        return unicode.foldCase();
    };
    return folded(text).indexOf(folded(term)) >= 0;
}

}  // namespace runde::rooms
