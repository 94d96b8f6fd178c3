#pragma once
#include <functional>
#include <memory>
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

/// Lets coroutines through one at a time, for what must not run twice at once and takes its time. I/O thread only.
class Turnstile {
public:
    /// Whoever holds it is inside.
    class Turn {
    public:
        explicit Turn(std::shared_ptr<Gate>& place) : place_(place), mine_(place = std::make_shared<Gate>()) {}
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn();

    private:
        std::shared_ptr<Gate>& place_;
        std::shared_ptr<Gate> mine_;
    };
    /// The turnstile must outlive the turn.
    Task<std::unique_ptr<Turn>> enter();

private:
    std::shared_ptr<Gate> inside_;                       ///< Open when they have left.
};

}  // namespace runde::net
