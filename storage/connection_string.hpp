#pragma once
#include <string>
#include <utility>
#include <vector>

namespace runde::storage {

/// `url` (a libpq connection string of either form) as "key='value' ..." with these keywords set. A keyword the
/// caller wrote himself keeps his value, except `options`, whose settings are put in front of his.
/// Throws std::invalid_argument when libpq cannot read it.
std::string connection_string(const std::string& url, const std::vector<std::pair<std::string, std::string>>& defaults);
/// The same server, another database.
std::string with_database(const std::string& url, const std::string& database);

}  // namespace runde::storage
