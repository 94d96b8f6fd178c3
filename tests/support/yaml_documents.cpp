#include "tests/support/yaml_documents.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <stdexcept>

namespace runde::tests {
namespace {

using schema::Json;

template <typename Number>
std::optional<Number> number_in(const std::string& text) {
    Number number{};
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(number) : std::nullopt;
}

/// A scalar without quotes is what it looks like (YAML 1.2 core schema).
Json scalar(const YAML::Node& node) {
    const auto& text = node.Scalar();
    if (node.Tag() == "!") return Json(text);  // Quoted.
    if (text == "true") return true;
    if (text == "false") return false;
    if (text.empty() || text == "null" || text == "~") return nullptr;
    if (const auto number = number_in<std::int64_t>(text)) return *number;
    if (const auto number = number_in<double>(text); number && text.find_first_of("0123456789") != text.npos) return *number;
    return Json(text);
}

Json to_json(const YAML::Node& node) {
    if (node.IsMap()) {
        schema::JsonObject object;
        for (const auto& member : node) object[member.first.Scalar()] = to_json(member.second);
        return object;
    }
    if (node.IsSequence()) {
        schema::JsonArray array;
        for (const auto& item : node) array.push_back(to_json(item));
        return array;
    }
    return node.IsScalar() ? scalar(node) : Json(nullptr);
}

}  // namespace

Node YamlDocuments::document(const std::filesystem::path& file) {
    const auto path = file.lexically_normal();
    auto found = documents_.find(path);
    if (found == documents_.end()) {
        try {
            found = documents_.emplace(path, to_json(YAML::LoadFile(path.string()))).first;
        } catch (const YAML::Exception& broken) {
            throw std::runtime_error(fmt::format("{}: {}", path.string(), broken.what()));
        }
    }
    return {&found->second, &found->first};
}

Node YamlDocuments::target(std::string_view reference, const std::filesystem::path& file) {
    const auto hash = reference.find('#');
    const auto name = reference.substr(0, hash);
    const auto whole = document(name.empty() ? file : file.parent_path() / name);
    if (hash == reference.npos) return whole;
    boost::json::error_code missing;
    const auto value = whole.value->find_pointer(reference.substr(hash + 1), missing);
    if (!value) throw std::runtime_error(fmt::format("{} refers to {}, which is not there", file.string(), reference));
    return {value, whole.file};
}

Node YamlDocuments::resolve(Node at) {
    for (int hops = 0; hops < 32; ++hops) {
        const auto object = at.value->if_object();
        const auto reference = object ? schema::string_at(*object, "$ref") : std::nullopt;
        if (!reference) return at;
        at = target(*reference, *at.file);
    }
    throw std::runtime_error(fmt::format("{}: a reference that leads back to itself", at.file->string()));
}

}  // namespace runde::tests
