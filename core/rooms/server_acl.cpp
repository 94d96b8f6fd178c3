#include "core/rooms/server_acl.hpp"

#include <algorithm>

#include "core/rooms/charter.hpp"
#include "core/rooms/room.hpp"
#include "net/addresses.hpp"
#include "schema/ids.hpp"

namespace runde::rooms {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::vector<std::string> globs(const schema::JsonObject& content, std::string_view name) {
    std::vector<std::string> list;
    if (const auto* array = schema::array_at(content, name))
        for (const auto& entry : *array)
            if (entry.is_string()) list.emplace_back(entry.get_string());
    return list;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
    // One place to come back to is enough: whatever a later "*" matched, an earlier one need not match differently.
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || lower(pattern[p]) == lower(text[t]))) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

ServerAcl::ServerAcl(const schema::JsonObject& content)
    : allow_(globs(content, "allow")),
      deny_(globs(content, "deny")),
      ip_literals_(schema::boolean_at(content, "allow_ip_literals").value_or(true)) {}

bool ServerAcl::allows(std::string_view server) const {
    const auto parsed = schema::ServerName::parse(server);
    // Ports do not count.
    const auto host = parsed ? parsed->host() : server;
    if (!ip_literals_ && (host.starts_with('[') || net::Address::parse(host))) return false;
    const auto matches = [&](const std::string& glob) { return glob_matches(glob, host); };
    if (std::ranges::any_of(deny_, matches)) return false;
    return std::ranges::any_of(allow_, matches);
}

ServerAcl server_acl_of(const Room& room) {
    const auto event = room.state("m.room.server_acl");
    return event ? ServerAcl(event->event()->content()) : ServerAcl();
}

bool acl_allows(const Room& room, std::string_view server) { return admits(room, server) && server_acl_of(room).allows(server); }

}  // namespace runde::rooms
