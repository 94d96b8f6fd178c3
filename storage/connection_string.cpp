#include "storage/connection_string.hpp"

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <stdexcept>

namespace runde::storage {

using Keywords = std::map<std::string, std::string>;

static Keywords parse(const std::string& url) {
    char* error = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(url.c_str(), &error),
                                                                               &PQconninfoFree);
    if (!options) {
        // libpq's text may repeat the string, and with it a password.
        if (error) PQfreemem(error);
        throw std::invalid_argument("database.url is not a PostgreSQL connection string");
    }
    Keywords keywords;
    for (auto* option = options.get(); option->keyword; ++option)
        if (option->val) keywords[option->keyword] = option->val;
    return keywords;
}

static std::string print(const Keywords& keywords) {
    std::string text;
    for (const auto& [keyword, value] : keywords) {
        if (!text.empty()) text += ' ';
        text += keyword + "='";
        for (char c : value) {
            if (c == '\'' || c == '\\') text += '\\';
            text += c;
        }
        text += '\'';
    }
    return text;
}

std::string connection_string(const std::string& url, const std::vector<std::pair<std::string, std::string>>& defaults) {
    auto keywords = parse(url);
    for (const auto& [keyword, value] : defaults) {
        const auto [present, is_new] = keywords.emplace(keyword, value);
        if (!is_new && keyword == "options") present->second = value + " " + present->second;
    }
    return print(keywords);
}

std::string with_database(const std::string& url, const std::string& database) {
    auto keywords = parse(url);
    keywords["dbname"] = database;
    return print(keywords);
}

}  // namespace runde::storage
