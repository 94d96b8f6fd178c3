#include "schema/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

#include "schema/refusal.hpp"

namespace runde::schema {
namespace {

constexpr std::int64_t max_canonical_integer = (std::int64_t{1} << 53) - 1;

bool is_canonical(std::int64_t number) { return number >= -max_canonical_integer && number <= max_canonical_integer; }

[[noreturn]] void refuse_number() { throw Refusal(Reason::bad_json, "Numbers must be integers within ±(2^53-1)."); }

// ---- The canonical writer ---------------------------------------------------------------------------------

/// What stands for each byte inside a string: 0 itself, 'u' a \u00XX escape, anything else \ and that letter.
constexpr auto escapes = [] {
    std::array<char, 256> table{};
    for (int c = 0; c < 0x20; ++c) table[c] = 'u';
    table['\b'] = 'b';
    table['\t'] = 't';
    table['\n'] = 'n';
    table['\f'] = 'f';
    table['\r'] = 'r';
    table['"'] = '"';
    table['\\'] = '\\';
    return table;
}();

/// Whether none of the eight bytes at `text` needs an escape: three times the same trick, which finds a zero
/// byte in a word (https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord), and the one for bytes
/// below 0x20.
bool eight_plain_bytes(const char* text) {
    constexpr std::uint64_t ones = ~std::uint64_t{0} / 255;
    std::uint64_t word;
    std::memcpy(&word, text, sizeof word);
    const auto zero_in = [](std::uint64_t w) { return (w - ones) & ~w; };
    const auto below_space = (word - ones * 0x20) & ~word;
    return ((zero_in(word ^ ones * '"') | zero_in(word ^ ones * '\\') | below_space) & ones * 0x80) == 0;
}

void append_integer(std::string& out, auto number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

/// As Python's repr: the shortest digits that read back the same; exponents from 1e16 and below 1e-4.
void append_python_double(std::string& out, double number) {
    const auto size = std::fabs(number);
    char digits[40];
    const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
    const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
    const auto end = std::to_chars(digits, digits + sizeof digits, number, format).ptr;
    out.append(digits, end);
    if (plain && std::find(digits, end, '.') == end) out += ".0";
}

void append_double(std::string& out, double number, Numbers numbers) {
    if (numbers == Numbers::any) return append_python_double(out, number);
    if (std::fabs(number) > static_cast<double>(max_canonical_integer) || number != std::trunc(number)) refuse_number();
    append_integer(out, static_cast<std::int64_t>(number));
}

using Member = const boost::json::key_value_pair*;

void append_members(std::string& out, const JsonObject& object, std::span<const std::string_view> without, Numbers numbers) {
    boost::container::small_vector<Member, 32> members;
    members.reserve(object.size());
    for (const auto& member : object)
        if (std::find(without.begin(), without.end(), member.key()) == without.end()) members.push_back(&member);
    // The order of UTF-8 bytes is the order of code points. What we read back is mostly sorted already.
    const auto before = [](Member a, Member b) { return a->key() < b->key(); };
    if (!std::is_sorted(members.begin(), members.end(), before)) std::sort(members.begin(), members.end(), before);

    char separator = '{';
    for (const auto member : members) {
        out += separator;
        separator = ',';
        append_quoted(out, member->key());
        out += ':';
        append_canonical(out, member->value(), numbers);
    }
    if (members.empty()) out += '{';
    out += '}';
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        while (i + 8 <= text.size() && eight_plain_bytes(text.data() + i)) i += 8;
        if (i == text.size()) break;
        const auto byte = static_cast<unsigned char>(text[i]);
        const char escape = escapes[byte];
        if (escape == 0) continue;
        out.append(text, copied, i - copied);
        copied = i + 1;
        out += '\\';
        out += escape;
        if (escape == 'u') out.append({'0', '0', "01"[byte >> 4], "0123456789abcdef"[byte & 15]});
    }
    out.append(text, copied);
    out += '"';
}

void append_canonical(std::string& out, const Json& value, Numbers numbers) {
    switch (value.kind()) {
        case boost::json::kind::null: out += "null"; return;
        case boost::json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
        case boost::json::kind::int64:
            if (numbers == Numbers::canonical && !is_canonical(value.get_int64())) refuse_number();
            return append_integer(out, value.get_int64());
        case boost::json::kind::uint64:
            if (numbers == Numbers::canonical && value.get_uint64() > max_canonical_integer) refuse_number();
            return append_integer(out, value.get_uint64());
        case boost::json::kind::double_: return append_double(out, value.get_double(), numbers);
        case boost::json::kind::string: return append_quoted(out, value.get_string());
        case boost::json::kind::object: return append_members(out, value.get_object(), {}, numbers);
        case boost::json::kind::array: break;
    }
    out += '[';
    bool first = true;
    for (const auto& item : value.get_array()) {
        if (!first) out += ',';
        first = false;
        append_canonical(out, item, numbers);
    }
    out += ']';
}

void append_canonical(std::string& out, const JsonObject& value, Numbers numbers) { append_members(out, value, {}, numbers); }

std::string canonical_json(const Json& value, Numbers numbers) {
    std::string out;
    append_canonical(out, value, numbers);
    return out;
}

std::string canonical_json(const JsonObject& value, Numbers numbers) {
    std::string out;
    append_members(out, value, {}, numbers);
    return out;
}

std::string canonical_json_without(const JsonObject& value, std::initializer_list<std::string_view> without, Numbers numbers) {
    std::string out;
    append_members(out, value, {without.begin(), without.size()}, numbers);
    return out;
}

std::string to_text(const Json& value) { return boost::json::serialize(value); }

std::string quoted(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    append_quoted(out, text);
    return out;
}

bool is_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = byte(i);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        // The second byte's range is what rules out overlong forms, surrogates and the end of Unicode.
        unsigned length, low = 0x80, high = 0xBF;
        if (lead >= 0xC2 && lead <= 0xDF) {
            length = 2;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            length = 3;
            if (lead == 0xE0) low = 0xA0;
            if (lead == 0xED) high = 0x9F;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            length = 4;
            if (lead == 0xF0) low = 0x90;
            if (lead == 0xF4) high = 0x8F;
        } else {
            return false;
        }
        if (text.size() - i < length || byte(i + 1) < low || byte(i + 1) > high) return false;
        for (unsigned k = 2; k < length; ++k)
            if ((byte(i + k) & 0xC0) != 0x80) return false;
        i += length;
    }
    return true;
}

// ---- Fields and lenient looks -----------------------------------------------------------------------------

namespace {

[[noreturn]] void wrong_type(std::string_view name, std::string_view expected) {
    throw Refusal(Reason::bad_json, fmt::format("'{}' must be {}.", name, expected));
}

[[noreturn]] void missing(std::string_view name) { throw Refusal(Reason::missing_param, fmt::format("'{}' is missing.", name)); }

/// An integer in any of the shapes a JSON number takes, or nothing.
std::optional<std::int64_t> integer_in(const Json& value) {
    if (const auto number = value.if_int64()) return *number;
    // A number above int64 is no quantity that this program counts.
    const auto number = value.if_double();
    if (number && *number == std::trunc(*number) && std::fabs(*number) <= static_cast<double>(max_canonical_integer))
        return static_cast<std::int64_t>(*number);
    return std::nullopt;
}

}  // namespace

Fields Fields::of(const Json& value) {
    if (!value.is_object()) throw Refusal(Reason::bad_json, "A JSON object is expected.");
    return Fields(value.get_object());
}

/// The member; nullptr when it is absent or null, which is how some languages write "absent".
static const Json* given(const JsonObject& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && !value->is_null() ? value : nullptr;
}

std::optional<std::string_view> Fields::string(std::string_view name, std::size_t max_bytes) const {
    const auto value = given(object_, name);
    if (!value) return std::nullopt;
    if (!value->is_string()) wrong_type(name, "a string");
    const std::string_view text = value->get_string();
    if (text.size() > max_bytes) throw Refusal(Reason::bad_json, fmt::format("'{}' is longer than {} bytes.", name, max_bytes));
    return text;
}

std::string_view Fields::required_string(std::string_view name, std::size_t max_bytes) const {
    const auto text = string(name, max_bytes);
    if (!text) missing(name);
    return *text;
}

std::string_view Fields::string_or(std::string_view name, std::string_view otherwise) const {
    return string(name).value_or(otherwise);
}

std::optional<std::int64_t> Fields::integer(std::string_view name) const {
    const auto value = given(object_, name);
    if (!value) return std::nullopt;
    const auto number = integer_in(*value);
    if (!number) wrong_type(name, "an integer");
    return number;
}

std::int64_t Fields::required_integer(std::string_view name) const {
    const auto number = integer(name);
    if (!number) missing(name);
    return *number;
}

std::optional<bool> Fields::boolean(std::string_view name) const {
    const auto value = given(object_, name);
    if (!value) return std::nullopt;
    if (!value->is_bool()) wrong_type(name, "true or false");
    return value->get_bool();
}

bool Fields::boolean_or(std::string_view name, bool otherwise) const { return boolean(name).value_or(otherwise); }

const JsonObject* Fields::object(std::string_view name) const {
    const auto value = given(object_, name);
    if (value && !value->is_object()) wrong_type(name, "an object");
    return value ? &value->get_object() : nullptr;
}

const JsonObject& Fields::required_object(std::string_view name) const {
    const auto found = object(name);
    if (!found) missing(name);
    return *found;
}

const JsonArray* Fields::array(std::string_view name) const {
    const auto value = given(object_, name);
    if (value && !value->is_array()) wrong_type(name, "an array");
    return value ? &value->get_array() : nullptr;
}

const JsonArray& Fields::required_array(std::string_view name) const {
    const auto found = array(name);
    if (!found) missing(name);
    return *found;
}

std::optional<std::vector<std::string>> Fields::strings(std::string_view name) const {
    const auto found = array(name);
    if (!found) return std::nullopt;
    std::vector<std::string> texts;
    texts.reserve(found->size());
    for (const auto& item : *found) {
        if (!item.is_string()) wrong_type(name, "an array of strings");
        texts.emplace_back(item.get_string());
    }
    return texts;
}

const JsonObject* object_at(const JsonObject& in, std::string_view name) {
    const auto value = in.if_contains(name);
    return value ? value->if_object() : nullptr;
}

const JsonArray* array_at(const JsonObject& in, std::string_view name) {
    const auto value = in.if_contains(name);
    return value ? value->if_array() : nullptr;
}

std::optional<std::string_view> string_at(const JsonObject& in, std::string_view name) {
    const auto value = in.if_contains(name);
    const auto text = value ? value->if_string() : nullptr;
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

std::optional<std::int64_t> integer_at(const JsonObject& in, std::string_view name) {
    const auto value = in.if_contains(name);
    return value ? integer_in(*value) : std::nullopt;
}

std::optional<bool> boolean_at(const JsonObject& in, std::string_view name) {
    const auto value = in.if_contains(name);
    const auto truth = value ? value->if_bool() : nullptr;
    return truth ? std::optional(*truth) : std::nullopt;
}

}  // namespace runde::schema
