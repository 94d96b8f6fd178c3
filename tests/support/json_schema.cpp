#include "tests/support/json_schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "schema/ids.hpp"
#include "schema/signing.hpp"

namespace runde::tests {
namespace {

using schema::Json;
using schema::JsonArray;
using schema::JsonObject;
using Result = std::optional<Misfit>;

bool is_whole(const Json& value) {
    if (value.is_int64() || value.is_uint64()) return true;
    return value.is_double() && value.get_double() == std::trunc(value.get_double());
}

bool has_type(const Json& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "integer") return is_whole(value);
    if (type == "number") return value.is_number();
    throw std::runtime_error(fmt::format("a schema asks for the type '{}'", type));
}

bool has_one_of_types(const Json& value, const Json& types) {
    if (types.is_string()) return has_type(value, types.get_string());
    const auto& list = types.as_array();
    return std::any_of(list.begin(), list.end(), [&](const Json& type) { return has_type(value, type.as_string()); });
}

bool is_mxc(std::string_view text) {
    constexpr std::string_view scheme = "mxc://";
    if (!text.starts_with(scheme)) return false;
    text.remove_prefix(scheme.size());
    const auto slash = text.find('/');
    if (slash == text.npos || !schema::ServerName::parse(text.substr(0, slash))) return false;
    const auto media = text.substr(slash + 1);
    return !media.empty() && media.find_first_not_of(
                                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_-") == media.npos;
}

bool is_unpadded_base64(std::string_view text, std::string_view last_two) {
    return schema::decode_base64(text) && text.find('=') == text.npos &&
           text.find_first_of(last_two == "+/" ? "-_" : "+/") == text.npos;
}

bool is_uri(std::string_view text) {
    const auto colon = text.find(':');
    return colon != text.npos && colon > 0 && text.find_first_of(" \t\r\n<>\"") == text.npos;
}

/// Whether a string is written in the format; formats that say nothing about strings fit.
bool has_format(std::string_view text, std::string_view format) {
    if (format == "mx-user-id") return schema::UserId::parse(text).has_value();
    if (format == "mx-room-id") return schema::RoomId::parse(text).has_value();
    if (format == "mx-event-id") return schema::EventId::parse(text).has_value();
    if (format == "mx-room-alias") return schema::RoomAlias::parse(text).has_value();
    if (format == "mx-server-name") return schema::ServerName::parse(text).has_value();
    if (format == "mx-mxc-uri") return is_mxc(text);
    if (format == "mx-unpadded-base64") return is_unpadded_base64(text, "+/");
    if (format == "mx-urlsafe-unpadded-base64") return is_unpadded_base64(text, "-_");
    if (format == "uri") return is_uri(text);
    if (format == "email") return text.find('@') != text.npos;
    return true;
}

constexpr std::string_view checked_keywords[] = {
    "$ref",
    "type",
    "enum",
    "const",
    "allOf",
    "anyOf",
    "oneOf",
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "items",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "pattern",
    "format",
    "minProperties",
    "maxProperties",
    "x-pattern-format",
    "propertyNames",
};
constexpr std::string_view telling_keywords[] = {
    "$schema",
    "title",
    "description",
    "example",
    "examples",
    "default",
    "$id",
    "deprecated",
    "$comment",
    "x-addedInMatrixVersion",
    "x-changedInMatrixVersion",
    "x-weight",
};

bool is_among(std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string escaped(std::string_view key) {
    std::string out;
    for (const char c : key) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

}  // namespace

/// One pass over one value; a class only to keep what every step needs out of its parameters.
class JsonSchema::Checker {
public:
    Checker(JsonSchema& all) : all_(all) {}

    Result check(const Json& value, Node at, const std::string& pointer) {
        if (at.value->is_bool())  // A schema may be just true or false.
            return at.value->get_bool() ? Result{} : Misfit{pointer, "must not be there"};
        const auto& schema = at.value->as_object();
        if (const auto reference = schema::string_at(schema, "$ref"))
            if (auto misfit = check(value, all_.documents_.target(*reference, *at.file), pointer)) return misfit;
        if (auto misfit = check_any(value, schema, pointer)) return misfit;
        if (auto misfit = check_combined(value, schema, *at.file, pointer)) return misfit;
        if (value.is_object()) return check_object(value.get_object(), schema, *at.file, pointer);
        if (value.is_array()) return check_array(value.get_array(), schema, *at.file, pointer);
        if (value.is_string()) return check_string(value.get_string(), schema, pointer);
        if (value.is_number()) return check_number(value, schema, pointer);
        return {};
    }

private:
    static Result check_any(const Json& value, const JsonObject& schema, const std::string& pointer) {
        if (const auto types = schema.if_contains("type"); types && !has_one_of_types(value, *types))
            return Misfit{pointer, fmt::format("must be {}, is {}", schema::to_text(*types), schema::to_text(value).substr(0, 60))};
        const auto allowed = schema::array_at(schema, "enum");
        if (allowed && std::find(allowed->begin(), allowed->end(), value) == allowed->end())
            return Misfit{pointer,
                          fmt::format("must be one of {}, is {}", schema::to_text(*allowed), schema::to_text(value).substr(0, 60))};
        if (const auto only = schema.if_contains("const"); only && *only != value)
            return Misfit{pointer, fmt::format("must be {}", schema::to_text(*only))};
        return {};
    }

    Result check_combined(const Json& value, const JsonObject& schema, const std::filesystem::path& file,
                          const std::string& pointer) {
        if (const auto parts = schema::array_at(schema, "allOf"))
            for (const auto& part : *parts)
                if (auto misfit = check(value, {&part, &file}, pointer)) return misfit;
        for (const auto name : {"anyOf", "oneOf"}) {
            const auto choices = schema::array_at(schema, name);
            if (!choices) continue;
            std::string reasons;
            const bool fits = std::any_of(choices->begin(), choices->end(), [&](const Json& choice) {
                const auto misfit = check(value, {&choice, &file}, pointer);
                if (misfit) reasons += (reasons.empty() ? "" : "; ") + misfit->text();
                return !misfit;
            });
            if (!fits) return Misfit{pointer, "fits none of the allowed forms: " + reasons};
        }
        return {};
    }

    Result check_object(const JsonObject& object, const JsonObject& schema, const std::filesystem::path& file,
                        const std::string& pointer) {
        if (const auto required = schema::array_at(schema, "required"))
            for (const auto& name : *required)
                if (!object.contains(name.as_string()))
                    return Misfit{pointer, fmt::format("lacks '{}'", std::string_view(name.as_string()))};
        if (out_of_bounds(object.size(), schema, "minProperties", "maxProperties"))
            return Misfit{pointer, fmt::format("has {} members", object.size())};
        for (const auto& [key, value] : object)
            if (auto misfit = check_member(key, value, schema, file, pointer + "/" + escaped(key))) return misfit;
        return {};
    }

    Result check_member(std::string_view key, const Json& value, const JsonObject& schema, const std::filesystem::path& file,
                        const std::string& pointer) {
        if (const auto names = schema.if_contains("propertyNames"))
            if (const auto misfit = check(Json(key), {names, &file}, pointer))
                return Misfit{pointer, "has a key that " + misfit->reason};
        bool described = false;
        if (const auto properties = schema::object_at(schema, "properties"))
            if (const auto property = properties->if_contains(key)) {
                described = true;
                if (auto misfit = check(value, {property, &file}, pointer)) return misfit;
            }
        if (const auto patterns = schema::object_at(schema, "patternProperties"))
            for (const auto& [pattern, property] : *patterns) {
                if (!std::regex_search(std::string(key), all_.pattern(pattern))) continue;
                described = true;
                const auto format =
                    property.is_object() ? schema::string_at(property.get_object(), "x-pattern-format") : std::nullopt;
                if (format && !has_format(key, *format)) return Misfit{pointer, fmt::format("has a key that is no {}", *format)};
                if (auto misfit = check(value, {&property, &file}, pointer)) return misfit;
            }
        const auto others = schema.if_contains("additionalProperties");
        if (described || !others) return {};
        return check(value, {others, &file}, pointer);
    }

    Result check_array(const JsonArray& array, const JsonObject& schema, const std::filesystem::path& file,
                       const std::string& pointer) {
        if (out_of_bounds(array.size(), schema, "minItems", "maxItems"))
            return Misfit{pointer, fmt::format("has {} items", array.size())};
        const auto items = schema.if_contains("items");
        if (!items) return {};
        for (std::size_t i = 0; i < array.size(); ++i)
            if (auto misfit = check(array[i], {items, &file}, fmt::format("{}/{}", pointer, i))) return misfit;
        return {};
    }

    Result check_string(std::string_view text, const JsonObject& schema, const std::string& pointer) {
        const auto pattern = schema::string_at(schema, "pattern");
        if (pattern && !std::regex_search(std::string(text), all_.pattern(std::string(*pattern))))
            return Misfit{pointer, fmt::format("must match {}, is '{}'", *pattern, text.substr(0, 60))};
        const auto format = schema::string_at(schema, "format");
        if (format && !has_format(text, *format))
            return Misfit{pointer, fmt::format("must be written as {}, is '{}'", *format, text.substr(0, 60))};
        if (out_of_bounds(text.size(), schema, "minLength", "maxLength"))
            return Misfit{pointer, fmt::format("has {} bytes", text.size())};
        return {};
    }

    static Result check_number(const Json& value, const JsonObject& schema, const std::string& pointer) {
        const auto number = value.to_number<double>();
        const auto low = schema.if_contains("minimum"), high = schema.if_contains("maximum");
        if ((low && number < low->to_number<double>()) || (high && number > high->to_number<double>()))
            return Misfit{pointer, fmt::format("is {}, out of range", number)};
        return {};
    }

    static bool out_of_bounds(std::size_t size, const JsonObject& schema, const char* min, const char* max) {
        const auto low = schema::integer_at(schema, min), high = schema::integer_at(schema, max);
        return (low && size < static_cast<std::size_t>(*low)) || (high && size > static_cast<std::size_t>(*high));
    }

    JsonSchema& all_;
};

bool JsonSchema::knows_keyword(std::string_view keyword) {
    return is_among(checked_keywords, keyword) || is_among(telling_keywords, keyword);
}

std::optional<Misfit> JsonSchema::check(const Json& value, Node schema) { return Checker(*this).check(value, schema, ""); }

const std::regex& JsonSchema::pattern(const std::string& text) {
    const auto found = patterns_.find(text);
    return found != patterns_.end() ? found->second : patterns_.emplace(text, std::regex(text)).first->second;
}

}  // namespace runde::tests
