#include "net/resolver.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/rand.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <stdexcept>

#include "net/addresses.hpp"
#include "net/asio_bridge.hpp"
#include "net/gate.hpp"

namespace runde::net {

namespace asio = boost::asio;

namespace {

/// A question under way. Shared with c-ares, which answers it exactly once, if only with "destroyed".
struct Question {
    Gate answered;
    Resolver::Outcome outcome = Resolver::Outcome::timed_out;
    std::vector<std::string> addresses;
    std::vector<SrvTarget> targets;

    void finish(int status) {
        using enum Resolver::Outcome;
        const bool nothing = status == ARES_ENOTFOUND || status == ARES_ENODATA;
        outcome = status == ARES_SUCCESS ? found : nothing ? none : failed;
        answered.open();
    }
};
using Shared = std::shared_ptr<Question>;

void on_addresses(void* argument, int status, int, ares_addrinfo* result) {
    const std::unique_ptr<Shared> question(static_cast<Shared*>(argument));
    for (const auto* node = result ? result->nodes : nullptr; node; node = node->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void* address = node->ai_family == AF_INET
                                  ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr)
                                  : &reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr;
        if (ares_inet_ntop(node->ai_family, address, text, sizeof text)) (*question)->addresses.emplace_back(text);
    }
    if (result) ares_freeaddrinfo(result);
    (*question)->finish(status == ARES_SUCCESS && (*question)->addresses.empty() ? ARES_ENODATA : status);
}

void on_services(void* argument, int status, int, unsigned char* answer, int size) {
    const std::unique_ptr<Shared> question(static_cast<Shared*>(argument));
    ares_srv_reply* replies = nullptr;
    if (status == ARES_SUCCESS) status = ares_parse_srv_reply(answer, size, &replies);
    for (const auto* reply = replies; reply; reply = reply->next)
        (*question)->targets.push_back({reply->host, reply->port, reply->priority, reply->weight});
    if (replies) ares_free_data(replies);
    (*question)->finish(status);
}

std::uint32_t random_below(std::uint32_t bound) {
    std::uint32_t number = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number);
    return bound == 0 ? 0 : number % bound;
}

}  // namespace

/// c-ares' sockets on the loop, and its clock.
struct Resolver::Impl : std::enable_shared_from_this<Resolver::Impl> {
    explicit Impl(Runtime& of) : runtime(of) {
        static const int library = ares_library_init(ARES_LIB_INIT_ALL);
        ares_options options{};
        options.timeout = 1500;
        options.tries = 3;
        options.sock_state_cb = [](void* self, ares_socket_t socket, int reads, int writes) {
            static_cast<Impl*>(self)->watch(socket, reads != 0, writes != 0);
        };
        options.sock_state_cb_data = this;
        const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
        if (library != ARES_SUCCESS || ares_init_options(&channel, &options, mask) != ARES_SUCCESS)
            throw std::runtime_error("the DNS resolver cannot be set up");
    }
    ~Impl() { ares_destroy(channel); }

    struct Watched : std::enable_shared_from_this<Watched> {
        Watched(asio::io_context& loop, ares_socket_t socket) : descriptor(loop, socket) {}
        ~Watched() { descriptor.release(); }  // The socket is c-ares' to close.
        asio::posix::stream_descriptor descriptor;
        bool reads = false, writes = false, waits_to_read = false, waits_to_write = false;
    };

    void watch(ares_socket_t socket, bool reads, bool writes) {
        if (!reads && !writes) {
            sockets.erase(socket);
            return;
        }
        auto& watched = sockets[socket];
        if (!watched) watched = std::make_shared<Watched>(io_context_of(runtime), socket);
        watched->reads = reads;
        watched->writes = writes;
        wait(watched);
    }
    void wait(const std::shared_ptr<Watched>& watched) {
        using Descriptor = asio::posix::stream_descriptor;
        const std::weak_ptr weak = watched;
        if (watched->reads && !std::exchange(watched->waits_to_read, true))
            watched->descriptor.async_wait(Descriptor::wait_read, [self = weak_from_this(), weak](auto error) {
                go_on(self, weak, error, &Watched::waits_to_read);
            });
        if (watched->writes && !std::exchange(watched->waits_to_write, true))
            watched->descriptor.async_wait(Descriptor::wait_write, [self = weak_from_this(), weak](auto error) {
                go_on(self, weak, error, &Watched::waits_to_write);
            });
    }
    static void go_on(const std::weak_ptr<Impl>& weak_self, const std::weak_ptr<Watched>& weak, boost::system::error_code error,
                      bool Watched::*waits) {
        const auto self = weak_self.lock();
        const auto watched = weak.lock();
        if (!self || !watched || error) return;
        (*watched).*waits = false;
        const auto socket = watched->descriptor.native_handle();
        const bool read = waits == &Watched::waits_to_read;
        ares_process_fd(self->channel, read ? socket : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : socket);
        if (self->sockets.contains(socket)) self->wait(watched);
    }

    void tick() {
        if (open == 0 || timer) return;
        timer = runtime.after(Milliseconds(250), [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->timer.reset();
            ares_process_fd(self->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // Looks at its time-outs.
            self->tick();
        });
    }

    Task<> ask(const Shared& question, const std::function<void(Shared*)>& start, Milliseconds limit) {
        const auto keep = shared_from_this();
        ++open;
        start(new Shared(question));
        tick();
        const auto in_time = runtime.after(limit, [question] { question->answered.open(); });
        co_await question->answered.wait();
        --open;
    }

    Runtime& runtime;
    ares_channel channel = nullptr;
    std::map<ares_socket_t, std::shared_ptr<Watched>> sockets;
    std::shared_ptr<void> timer;
    int open = 0;
};

Resolver::Resolver(Runtime& runtime) : impl_(std::make_shared<Impl>(runtime)) {}
Resolver::~Resolver() = default;

Task<Resolver::Addresses> Resolver::addresses(std::string host, Milliseconds limit) {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (Address::parse(host)) co_return Addresses{Outcome::found, {host}};
    const auto question = std::make_shared<Question>();
    const std::function<void(Shared*)> start = [&](Shared* shared) {
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        ares_getaddrinfo(impl_->channel, host.c_str(), nullptr, &hints, on_addresses, shared);
    };
    co_await impl_->ask(question, start, limit);
    co_return Addresses{question->outcome, question->addresses};
}

Task<Resolver::Services> Resolver::resolve_srv(std::string name, Milliseconds limit) {
    const auto question = std::make_shared<Question>();
    const std::function<void(Shared*)> start = [&](Shared* shared) {
        ares_query(impl_->channel, name.c_str(), ns_c_in, ns_t_srv, on_services, shared);
    };
    co_await impl_->ask(question, start, limit);
    auto targets = question->targets;
    put_in_order(targets, random_below);
    co_return Services{question->outcome, std::move(targets)};
}

void put_in_order(std::vector<SrvTarget>& targets, const std::function<std::uint32_t(std::uint32_t)>& random) {
    // Weightless ones first, so that they have a small chance, as the RFC wants it.
    std::ranges::sort(targets, {}, [](const SrvTarget& target) { return std::pair(target.priority, target.weight); });
    for (auto next = targets.begin(); next != targets.end(); ++next) {
        const auto end = std::find_if(next, targets.end(), [&](const auto& one) { return one.priority != next->priority; });
        std::uint32_t sum = 0;
        for (auto one = next; one != end; ++one) sum += one->weight;
        std::uint32_t left = random(sum + 1);
        auto chosen = next;
        while (chosen + 1 != end && left > chosen->weight) left -= (chosen++)->weight;
        std::rotate(next, chosen, chosen + 1);
    }
}

}  // namespace runde::net
