#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "net/clock.hpp"

namespace runde::federation {

/// What is wrong with other servers, for the operator's log: who and why, never whose or what. The same complaint stands there
/// once in ten minutes, with how often it was made since, so that nobody can fill the disk by misbehaving.
class Complaints {
public:
    explicit Complaints(net::Clock& clock) : clock_(clock) {}

    /// `why`: of few possible texts, without personal data: "an event did not come in: the signature is wrong".
    void about(std::string_view server, std::string_view why);

private:
    struct Made {
        std::int64_t next = 0;
        std::uint64_t since = 0;
    };
    static constexpr std::size_t most_kept = 1'000;
    static constexpr std::int64_t quiet_ms = 10 * 60'000;
    net::Clock& clock_;
    std::map<std::pair<std::string, std::string>, Made> made_;
};

}  // namespace runde::federation
