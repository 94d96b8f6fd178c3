#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "net/gate.hpp"
#include "net/runtime.hpp"

namespace runde::federation {

/// How long one reader waits for other servers in all, however much is fetched for them. What is under way when it is over
/// goes on without them. I/O thread only.
class Patience {
public:
    static constexpr net::Milliseconds usual{3'000};

    explicit Patience(net::Runtime& runtime, net::Milliseconds time = usual) {
        timer_ = runtime.after(time, [state = state_] {
            state->over = true;
            for (const auto& gate : std::exchange(state->gates, {})) gate->open();
        });
    }
    bool is_over() const { return state_->over; }
    /// A gate that opens when it is over, if nobody opened it before.
    std::shared_ptr<net::Gate> gate() {
        auto gate = std::make_shared<net::Gate>();
        if (state_->over)
            gate->open();
        else
            state_->gates.push_back(gate);
        return gate;
    }

private:
    struct State {
        bool over = false;
        std::vector<std::shared_ptr<net::Gate>> gates;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::shared_ptr<void> timer_;
};

}  // namespace runde::federation
