#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.hpp"

namespace runde::federation {

/// Whom we talk to. Everybody else is told nothing but our keys and our version, not even whether a room exists, and is
/// never asked anything. An association whose groups must not be found from outside lists its partners.
class Partners {
public:
    /// An empty list means open federation.
    explicit Partners(const std::vector<schema::ServerName>& list) {
        for (const auto& server : list) names_.insert(server.str());
    }
    bool is_open() const { return names_.empty(); }
    bool include(std::string_view server) const { return names_.empty() || names_.contains(server); }

private:
    std::set<std::string, std::less<>> names_;
};

}  // namespace runde::federation
