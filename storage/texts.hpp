#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.hpp"

namespace runde::storage {

/// One version of a text: the same in up to four registers (sie, du, leicht, en).
struct TextVersion {
    int version = 0;
    std::string set_by;
    std::int64_t set_at = 0;  ///< ms
    std::map<std::string, std::string> by_register;
};

/// `owner`: "" for the organisation, else a group's id.
/// The newest version, or the one asked for.
std::optional<TextVersion> find_text(Tx& tx, std::string_view owner, std::string_view kind,
                                     std::optional<int> version = std::nullopt);
/// Without the texts themselves, newest first.
std::vector<TextVersion> text_versions(Tx& tx, std::string_view owner, std::string_view kind);
/// By owner: the version in force of every text of that kind.
std::vector<std::pair<std::string, int>> newest_versions(Tx& tx, std::string_view kind);
/// Returns the number of the new version. Two at once take turns.
int insert_text(Tx& tx, std::string_view owner, std::string_view kind, const std::map<std::string, std::string>& by_register,
                std::string_view set_by, std::int64_t now_ms);

/// What the running server compares to notice changes that were made beside it; every function that changes groups, roles
/// or rules calls bump_revision().
std::int64_t revision(Tx& tx);
void bump_revision(Tx& tx);

}  // namespace runde::storage
