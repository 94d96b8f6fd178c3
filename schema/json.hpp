#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runde::schema {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

/// Which numbers a document may hold.
enum class Numbers {
    any,        ///< Doubles are fine: bodies that no signature covers.
    canonical,  ///< Integers within ±(2^53-1) only: everything that becomes (part of) an event.
};

/// Reads one JSON document. The strict reader of everything that comes from outside: refuses duplicate keys,
/// more than `max_depth` levels, numbers out of range, lone surrogates, invalid UTF-8 and trailing bytes.
/// Memory is bounded by the caller's limit on text.size(); every value lives in `storage`.
/// Throws Refusal: not_json when it is not JSON, bad_json when it is JSON that must not be.
Json parse_json(std::string_view text, Numbers numbers = Numbers::any, unsigned max_depth = 64,
                boost::json::storage_ptr storage = {});

/// https://spec.matrix.org/v1.19/appendices/#canonical-json: keys sorted by code point, no white space.
/// Numbers::canonical: only integers within ±(2^53-1); a double that is one is written as one (the spec's
/// 1e10), any other number throws Refusal(bad_json). Numbers::any: for events of room versions 1-5, which may
/// hold other numbers; they are written as Synapse (Python) writes them, because hashes depend on it.
std::string canonical_json(const Json& value, Numbers numbers = Numbers::canonical);
std::string canonical_json(const JsonObject& value, Numbers numbers = Numbers::canonical);
/// Like canonical_json, leaving out top-level members named in `without` (signing, hashing).
std::string canonical_json_without(const JsonObject& value, std::initializer_list<std::string_view> without,
                                   Numbers numbers = Numbers::canonical);
/// Appends instead of returning: for whoever builds a longer text around it.
void append_canonical(std::string& out, const Json& value, Numbers numbers = Numbers::canonical);
void append_canonical(std::string& out, const JsonObject& value, Numbers numbers = Numbers::canonical);

/// Reads the members of one object of foreign JSON. Every getter throws Refusal(bad_json) with the member's
/// name when the type is wrong; `required_*` also Refusal(missing_param) when it is absent. JSON null counts
/// as absent only where `nullable` is in the name.
class Fields {
public:
    explicit Fields(const JsonObject& object) : object_(object) {}
    /// Throws Refusal(bad_json) unless `value` is an object.
    static Fields of(const Json& value);

    bool has(std::string_view name) const { return object_.if_contains(name) != nullptr; }
    const JsonObject& raw() const { return object_; }

    std::string_view required_string(std::string_view name, std::size_t max_bytes = 65536) const;
    std::optional<std::string_view> string(std::string_view name, std::size_t max_bytes = 65536) const;
    std::string_view string_or(std::string_view name, std::string_view otherwise) const;
    std::optional<std::int64_t> integer(std::string_view name) const;  ///< Also accepts 3.0, refuses 3.5.
    std::int64_t required_integer(std::string_view name) const;
    std::optional<bool> boolean(std::string_view name) const;
    bool boolean_or(std::string_view name, bool otherwise) const;
    const JsonObject* object(std::string_view name) const;  ///< nullptr when absent.
    const JsonObject& required_object(std::string_view name) const;
    const JsonArray* array(std::string_view name) const;
    const JsonArray& required_array(std::string_view name) const;
    std::optional<std::vector<std::string>> strings(std::string_view name) const;  ///< An array of strings.

private:
    const JsonObject& object_;
};

/// Lenient looks into JSON that was accepted before (event contents, which anybody may have written):
/// nullptr / nullopt / empty when absent or of another type; never throw.
const JsonObject* object_at(const JsonObject& in, std::string_view name);
const JsonArray* array_at(const JsonObject& in, std::string_view name);
std::optional<std::string_view> string_at(const JsonObject& in, std::string_view name);
std::optional<std::int64_t> integer_at(const JsonObject& in, std::string_view name);
std::optional<bool> boolean_at(const JsonObject& in, std::string_view name);

/// Compact JSON, members in the order they stand. For answers; never for anything that is signed.
std::string to_text(const Json& value);
/// `text` as a JSON string literal with quotes, in the shortest (canonical) escaping.
std::string quoted(std::string_view text);
void append_quoted(std::string& out, std::string_view text);

/// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace runde::schema
