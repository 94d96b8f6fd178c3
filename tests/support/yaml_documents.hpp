#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "schema/json.hpp"

namespace runde::tests {

/// A place in a set of YAML files: a value and the file it stands in, against which its "$ref"s are read.
struct Node {
    const schema::Json* value = nullptr;
    const std::filesystem::path* file = nullptr;
};

/// YAML files that refer to each other, each read once, when it is first asked for.
/// Not thread-safe. Nodes live as long as the documents.
class YamlDocuments {
public:
    /// The whole file as JSON. Throws std::runtime_error when it is missing or broken.
    Node document(const std::filesystem::path& file);
    /// `at`, or whatever its "$ref" leads to in the end.
    Node resolve(Node at);
    /// The target of one reference ("file.yaml#/a/b", "#/a", "file.yaml") that stands in `file`.
    Node target(std::string_view reference, const std::filesystem::path& file);

private:
    std::map<std::filesystem::path, schema::Json> documents_;
};

}  // namespace runde::tests
