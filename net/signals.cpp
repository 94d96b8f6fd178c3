#include "net/signals.hpp"

#include <boost/asio/signal_set.hpp>

#include "net/asio_bridge.hpp"

namespace runde::net {

namespace {

struct Watch : std::enable_shared_from_this<Watch> {
    Watch(boost::asio::io_context& loop, std::function<void(int)> act_) : set(loop), act(std::move(act_)) {}
    void wait() {
        set.async_wait([weak = weak_from_this()](boost::system::error_code error, int signal) {
            const auto self = weak.lock();
            if (!self || error) return;
            self->act(signal);
            self->wait();
        });
    }
    boost::asio::signal_set set;
    std::function<void(int)> act;
};

}  // namespace

std::shared_ptr<void> on_signals(Runtime& runtime, std::initializer_list<int> signals, std::function<void(int)> act) {
    const auto watch = std::make_shared<Watch>(io_context_of(runtime), std::move(act));
    for (const int signal : signals) watch->set.add(signal);
    watch->wait();
    return watch;
}

}  // namespace runde::net
