#include "federation/x_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schema/json.hpp"

namespace runde::federation {

namespace {

constexpr std::string_view scheme = "X-Matrix";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_in_any_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

void skip_blanks(std::string_view& rest) {
    while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
}

/// A quoted string with its escapes undone; nullopt when it does not end.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string value;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return value;
        }
        if (rest[i] == '\\' && ++i == rest.size()) break;
        value += rest[i];
    }
    return std::nullopt;
}

std::string take_bare(std::string_view& rest) {
    const auto end = std::min(rest.find_first_of(", \t"), rest.size());
    std::string value(rest.substr(0, end));
    rest.remove_prefix(end);
    return value;
}

}  // namespace

bool is_x_matrix(std::string_view header) {
    return header.size() > scheme.size() && equal_in_any_case(header.substr(0, scheme.size()), scheme) &&
           is_blank(header[scheme.size()]);
}

std::optional<XMatrix> parse_x_matrix(std::string_view header) {
    if (!is_x_matrix(header)) return std::nullopt;
    auto rest = header.substr(scheme.size());
    std::optional<std::string> origin, destination, key, signature;
    const auto place_of = [&](std::string_view name) -> std::optional<std::string>* {
        if (equal_in_any_case(name, "origin")) return &origin;
        if (equal_in_any_case(name, "destination")) return &destination;
        if (equal_in_any_case(name, "key")) return &key;
        if (equal_in_any_case(name, "sig")) return &signature;
        return nullptr;
    };
    for (;;) {
        skip_blanks(rest);
        if (rest.empty()) break;
        if (rest.front() == ',') {  // RFC 9110 5.6.1: empty elements of a list do not count.
            rest.remove_prefix(1);
            continue;
        }
        const auto equals = rest.find('=');
        if (equals == rest.npos || equals == 0) return std::nullopt;
        auto name = rest.substr(0, equals);
        while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
        rest.remove_prefix(equals + 1);
        skip_blanks(rest);
        auto value = !rest.empty() && rest.front() == '"' ? take_quoted(rest) : std::optional(take_bare(rest));
        if (!value) return std::nullopt;
        skip_blanks(rest);
        if (!rest.empty() && rest.front() != ',') return std::nullopt;
        if (auto* place = place_of(name)) {
            if (*place) return std::nullopt;
            *place = std::move(value);
        }
    }
    if (!origin || !key || !signature) return std::nullopt;
    return XMatrix{*std::move(origin), std::move(destination), *std::move(key), *std::move(signature)};
}

std::string format_x_matrix(const XMatrix& header) {
    return fmt::format(R"(X-Matrix origin="{}",destination="{}",key="{}",sig="{}")", header.origin, header.destination.value_or(""),
                       header.key_id, header.signature);
}

std::string signed_request(std::string_view method, std::string_view target, std::string_view origin,
                           const std::optional<std::string>& destination, std::string_view content) {
    // Canonical JSON by hand: the names stand in their order, and a transaction's body is never copied as a tree.
    std::string text = "{";
    if (!content.empty()) text.append("\"content\":").append(content).append(",");
    if (destination) {
        text += "\"destination\":";
        schema::append_quoted(text, *destination);
        text += ',';
    }
    text += "\"method\":";
    schema::append_quoted(text, method);
    text += ",\"origin\":";
    schema::append_quoted(text, origin);
    text += ",\"uri\":";
    schema::append_quoted(text, target);
    text += '}';
    return text;
}

std::string authorization(std::string_view method, std::string_view target, std::string_view origin, std::string_view destination,
                          std::string_view content, const schema::SigningKey& key) {
    const auto bytes = signed_request(method, target, origin, std::string(destination), content);
    return format_x_matrix({std::string(origin), std::string(destination), key.key_id(), key.sign(bytes)});
}

}  // namespace runde::federation
