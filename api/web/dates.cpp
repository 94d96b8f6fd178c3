#include "api/web/dates.hpp"

#include <unicode/ucal.h>
#include <unicode/udat.h>

#include <array>
#include <memory>

namespace runde::api::web {

namespace {

constexpr const UChar* berlin = u"Europe/Berlin";

std::string format(std::int64_t ms, const char* locale, const UChar* pattern) {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<void, void (*)(void*)> formatter(
        udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, berlin, -1, pattern, -1, &status),
        [](void* one) { udat_close(static_cast<UDateFormat*>(one)); });
    std::array<UChar, 96> text{};
    const auto length =
        udat_format(static_cast<UDateFormat*>(formatter.get()), static_cast<UDate>(ms), text.data(), text.size(), nullptr, &status);
    if (U_FAILURE(status)) return {};
    std::string utf8;
    for (int i = 0; i < length; ++i) {
        const auto unit = text[static_cast<std::size_t>(i)];
        if (unit < 0x80) {
            utf8 += static_cast<char>(unit);
        } else if (unit < 0x800) {  // Names of days and months hold nothing beyond this.
            utf8 += static_cast<char>(0xC0 | (unit >> 6));
            utf8 += static_cast<char>(0x80 | (unit & 0x3F));
        }
    }
    return utf8;
}

}  // namespace

std::string in_german_time(std::int64_t ms, Length length, Words words) {
    const bool german = words == Words::german;
    const char* locale = german ? "de_DE" : "en_GB";
    switch (length) {
        case Length::day: return format(ms, locale, german ? u"d. MMMM y" : u"d MMMM y");
        case Length::day_of_week: return format(ms, locale, german ? u"EEEE, d. MMMM y" : u"EEEE, d MMMM y");
        case Length::time: return format(ms, locale, u"HH:mm");
    }
    return {};
}

std::string machine_time(std::int64_t ms) { return format(ms, "en_GB", u"y-MM-dd'T'HH:mm:ssxxx"); }

}  // namespace runde::api::web
