#pragma once
#include <algorithm>
#include <cstdint>

namespace runde::federation {

/// What strangers may make us do: so often at once, then once in a while.
class Allowance {
public:
    Allowance(double at_once, std::int64_t ms_each) : at_once_(at_once), ms_each_(ms_each), left_(at_once) {}

    bool take(std::int64_t now_ms) {
        left_ = std::min(at_once_, left_ + static_cast<double>(now_ms - since_) / static_cast<double>(ms_each_));
        since_ = now_ms;
        if (left_ < 1) return false;
        left_ -= 1;
        return true;
    }

private:
    double at_once_;
    std::int64_t ms_each_;
    double left_;
    std::int64_t since_ = 0;
};

}  // namespace runde::federation
