#pragma once
#include <cstdint>
#include <string>

namespace runde::api::web {

enum class Words { german, english };
enum class Length {
    day,              ///< "24. November 2026"
    day_of_week,      ///< "Dienstag, 24. November 2026"
    time,             ///< "18:30"
};
/// A moment (ms since 1970) as people in Germany say it, in their time zone.
std::string in_german_time(std::int64_t ms, Length length, Words words);
/// "2026-11-24T18:30:00+01:00", for <time datetime>.
std::string machine_time(std::int64_t ms);

}  // namespace runde::api::web
