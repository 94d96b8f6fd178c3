#pragma once
#include <map>
#include <optional>
#include <regex>
#include <string>

#include "tests/support/yaml_documents.hpp"

namespace runde::tests {

/// Why a value does not fit its schema.
struct Misfit {
    std::string pointer;  ///< JSON pointer into the value; "" is the value itself.
    std::string reason;
    std::string text() const { return (pointer.empty() ? "the body" : pointer) + " " + reason; }
};

/// Checks values against JSON Schema 2020-12 as far as the Matrix specification uses it. Debian's validators
/// (valijson 1.0, draft 7) ignore what stands beside a "$ref", which the specification needs.
///
/// Two readings of our own: `oneOf` means at least one, because the specification lists overlapping schemas
/// there, and its string formats (mx-user-id ...) are checked by the grammar of schema/ids.
class JsonSchema {
public:
    explicit JsonSchema(YamlDocuments& documents) : documents_(documents) {}

    std::optional<Misfit> check(const schema::Json& value, Node schema);

    /// A keyword that is neither checked nor known to say nothing about the value: the check would be
    /// incomplete.
    static bool knows_keyword(std::string_view keyword);

private:
    class Checker;
    const std::regex& pattern(const std::string& text);

    YamlDocuments& documents_;
    std::map<std::string, std::regex> patterns_;
};

}  // namespace runde::tests
