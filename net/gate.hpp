#pragma once
#include <functional>
#include <vector>

#include "net/task.hpp"

namespace runde::net {

/// A door at which any number of coroutines wait until somebody opens it; once open it stays open. What the waiters
/// are to find behind it (a result, an error) stands beside the gate. I/O thread only.
class Gate {
public:
    Gate() = default;
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    ~Gate() { open(); }

    Task<> wait();
    /// The waiters go on in their order, after this call.
    void open();
    bool is_open() const { return open_; }

private:
    std::vector<std::function<void()>> waiters_;
    bool open_ = false;
};

}  // namespace runde::net
