#include "storage/database.hpp"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <pqxx/pqxx>
#include <thread>
#include <unordered_map>

#include "net/asio_bridge.hpp"
#include "schema/refusal.hpp"
#include "storage/connection_string.hpp"
#include "storage/rows_impl.hpp"

/// How libpqxx gets at a Param. It copies the text once more; a Blob goes as hex text, so that no parameter needs
/// the driver's binary format.
template <>
struct pqxx::string_traits<runde::storage::Param> {
    using Param = runde::storage::Param;
    static constexpr const char* name() noexcept { return "runde::storage::Param"; }
    static constexpr bool has_null() noexcept { return true; }
    static bool is_null(const Param& param) { return std::holds_alternative<std::nullptr_t>(param.value()); }
    static std::string to_string(const Param& param) {
        if (const auto* text = std::get_if<std::string>(&param.value())) {
            if (text->find('\0') != std::string::npos)  // PostgreSQL would see the text cut there.
                throw std::logic_error("a text parameter contains NUL");
            return *text;
        }
        static constexpr char digits[] = "0123456789abcdef";
        const auto& bytes = std::get<runde::storage::Blob>(param.value()).bytes;
        std::string hex = "\\x";
        hex.reserve(2 + 2 * bytes.size());
        for (unsigned char byte : bytes) {
            hex += digits[byte >> 4];
            hex += digits[byte & 15];
        }
        return hex;
    }
};

namespace runde::storage {

using Steady = std::chrono::steady_clock;

namespace {

/// A connection and what has been prepared on it. Never repaired: libpqxx would reconnect by itself and lose the
/// session's settings, so whoever sees it broken throws the whole session away.
struct Session {
    explicit Session(const std::string& conninfo) : connection(conninfo) {}

    const std::string& prepared(const char* sql) {
        auto [found, is_new] = names.try_emplace(sql);
        if (is_new) {
            found->second = "s" + std::to_string(names.size());
            connection.prepare(found->second, sql);
        }
        return found->second;
    }

    pqxx::connection connection;
    pqxx::quiet_errorhandler quiet{connection};  // Else PostgreSQL's notices go to stderr, with values in them.
    std::unordered_map<const char*, std::string> names;  // By address: literals do not move.
};

/// The connection is gone or of no more use; the work has to be repeated on another.
struct ConnectionLost {};
/// Two transactions stood in each other's way; repeat.
struct Conflict {};

}  // namespace

struct Tx::Impl {
    Session& session;
    pqxx::transaction_base& transaction;
    unsigned statements = 0;
};

/// The constraint's name stands in quotes behind the word (or its translation): the last quoted name of the first
/// line. libpqxx 6 does not hand the field over.
static std::string constraint_name(std::string_view message) {
    message = message.substr(0, message.find('\n'));
    const auto end = message.rfind('"');
    if (end == std::string_view::npos || end == 0) return "unknown";
    const auto begin = message.rfind('"', end - 1);
    if (begin == std::string_view::npos) return "unknown";
    return std::string(message.substr(begin + 1, end - begin - 1));
}

[[noreturn]] static void rethrow(const pqxx::sql_error& error, std::string_view sql) {
    const auto& state = error.sqlstate();
    if (state == "40001" || state == "40P01") throw Conflict{};
    // 57P01 … 57P03: PostgreSQL is being stopped or started; 08: connection; none at all: it went away.
    if (state.empty() || state.starts_with("08") || state.starts_with("57P")) throw ConnectionLost{};
    if (state.starts_with("23")) throw ConstraintViolation(constraint_name(error.what()));
    // 42 and 0A are errors of the SQL itself and name no values.
    const bool harmless = state.starts_with("42") || state.starts_with("0A");
    throw DatabaseError(state, "SQLSTATE " + state + " at: " + std::string(sql.substr(0, 60)) +
                                   (harmless ? std::string(": ") + error.what() : std::string()));
}

/// Runs `f` and translates the driver's exceptions into ours.
template <class F>
static auto translated(std::string_view sql, F f) {
    try {
        return f();
    } catch (const pqxx::broken_connection&) {
        throw ConnectionLost{};
    } catch (const pqxx::in_doubt_error&) {
        throw ConnectionLost{};
    } catch (const pqxx::statement_completion_unknown&) {
        throw ConnectionLost{};
    } catch (const pqxx::transaction_rollback&) {
        throw Conflict{};
    } catch (const pqxx::sql_error& error) {
        rethrow(error, sql);
    }
}

static Rows to_rows(pqxx::result result) {
    auto impl = std::make_shared<Rows::Impl>();
    impl->size = result.size();
    impl->columns = result.columns();
    impl->affected = static_cast<std::int64_t>(result.affected_rows());
    impl->cells.reserve(impl->size * impl->columns);
    for (const auto& row : result)
        for (const auto& field : row) impl->cells.emplace_back(field.is_null() ? nullptr : field.c_str(), field.size());
    impl->keep = std::make_shared<pqxx::result>(std::move(result));
    return Rows(std::move(impl));
}

Rows Tx::run(const char* sql, const Param* params, std::size_t count) {
    ++impl_.statements;
    return translated(sql, [&] {
        const auto& name = impl_.session.prepared(sql);
        return to_rows(impl_.transaction.exec_prepared(name, pqxx::prepare::make_dynamic_params(params, params + count)));
    });
}

Rows Tx::exec_once(const std::string& sql, const std::vector<Param>& params) {
    ++impl_.statements;
    return translated(sql, [&] {
        if (params.empty()) return to_rows(impl_.transaction.exec(sql));  // May be several statements.
        return to_rows(impl_.transaction.exec_params(sql, pqxx::prepare::make_dynamic_params(params)));
    });
}

namespace {

// A statement's plan is made once per connection. Otherwise PostgreSQL plans anew for the values of each of the first
// five runs, and goes on doing so wherever those plans look cheaper to it: with joins of six tables that takes longer
// than running them.
constexpr const char* session_settings = "-c statement_timeout=10s -c jit=off -c plan_cache_mode=force_generic_plan";

struct Job {
    std::function<void(Tx&)> work;
    bool writes;
    Steady::time_point deadline;
    std::function<void()> resume;
    unsigned statements = 0;  // From here on: the outcome.
    std::exception_ptr error;
};

}  // namespace

struct Database::Impl {
    Impl(net::Runtime& r, DatabaseOptions o)
        : runtime(r),
          options(std::move(o)),
          conninfo(connection_string(options.url, {{"application_name", "runde"},
                                                   {"connect_timeout", "5"},
                                                   {"client_encoding", "UTF8"},
                                                   {"options", session_settings}})) {}

    void serve();
    std::exception_ptr perform(std::unique_ptr<Session>& session, Job& job);
    bool pause(std::chrono::milliseconds duration);

    net::Runtime& runtime;
    const DatabaseOptions options;
    const std::string conninfo;
    std::atomic<bool> reachable{true};

    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::shared_ptr<Job>> queue;  // Guarded by mutex, as is stopping.
    bool stopping = false;
    std::vector<std::thread> threads;

    std::mutex now_mutex;  // For transact_now's connection.
    std::unique_ptr<Session> now_session;
};

/// One attempt. Throws ConnectionLost or Conflict when it should be repeated.
static void attempt(Session& session, const std::function<void(Tx&)>& work, bool writes, unsigned& statements) {
    const auto run = [&](pqxx::transaction_base& transaction) {
        Tx::Impl impl{session, transaction};
        struct Count {  // Also when work throws: the round trips were made.
            Tx::Impl& impl;
            unsigned& total;
            ~Count() { total += impl.statements; }
        } count{impl, statements};
        Tx tx(impl);
        work(tx);
    };
    translated(writes ? "BEGIN … COMMIT" : "", [&] {
        if (writes) {
            pqxx::work transaction(session.connection);
            run(transaction);
            transaction.commit();
        } else {
            pqxx::nontransaction transaction(session.connection);
            run(transaction);
        }
    });
}

/// Waits, but not for a server that is being stopped. False: stop.
bool Database::Impl::pause(std::chrono::milliseconds duration) {
    std::unique_lock lock(mutex);
    return !wake.wait_for(lock, duration, [this] { return stopping; });
}

std::exception_ptr Database::Impl::perform(std::unique_ptr<Session>& session, Job& job) {
    using namespace std::chrono_literals;
    auto backoff = 10ms;
    for (unsigned conflicts = 0;;) {
        try {
            if (!session) {
                session = translated("", [&] { return std::make_unique<Session>(conninfo); });
                reachable = true;
            }
            attempt(*session, job.work, job.writes, job.statements);
            return nullptr;
        } catch (const ConnectionLost&) {
            session.reset();
            reachable = false;
            if (Steady::now() > job.deadline || !pause(backoff)) return std::make_exception_ptr(Unreachable{});
            backoff = std::min<std::chrono::milliseconds>(backoff * 2, 500ms);
        } catch (const Conflict&) {
            // Ten in a row is no bad luck any more but a bug; do not turn it into an endless loop.
            if (++conflicts == 10) return std::make_exception_ptr(DatabaseError("40001", "too many conflicts"));
        } catch (const pqxx::failure& failure) {
            session.reset();  // Something of the driver's own: trust nothing of it.
            return std::make_exception_ptr(DatabaseError("", std::string("driver: ") + failure.what()));
        } catch (...) {
            return std::current_exception();
        }
    }
}

void Database::Impl::serve() {
    pthread_setname_np(pthread_self(), "db-reader");
    std::unique_ptr<Session> session;
    for (;;) {
        std::shared_ptr<Job> job;
        {
            std::unique_lock lock(mutex);
            wake.wait(lock, [this] { return stopping || !queue.empty(); });
            if (queue.empty()) return;
            job = std::move(queue.front());
            queue.pop_front();
        }
        job->error = perform(session, *job);
        job->work = nullptr;  // Its captures belong to the coroutine, which goes on now.
        const auto resume = std::move(job->resume);
        resume();
    }
}

Database::Database(net::Runtime& runtime, DatabaseOptions options) : impl_(std::make_unique<Impl>(runtime, std::move(options))) {
    for (unsigned i = 0; i < std::max(1u, impl_->options.readers); ++i)
        impl_->threads.emplace_back([impl = impl_.get()] { impl->serve(); });
}

Database::~Database() { stop(); }

void Database::stop() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->wake.notify_all();
    for (auto& thread : std::exchange(impl_->threads, {})) thread.join();
}

net::Task<> Database::run(std::function<void(Tx&)> work, Mode mode) {
    {
        const std::lock_guard lock(impl_->mutex);
        if (impl_->queue.size() >= impl_->options.queue)
            throw schema::Refusal(schema::Reason::limit_exceeded, "The server is busy. Please try again in a moment.",
                                  {{"retry_after_ms", 1000}});
    }
    auto job = std::make_shared<Job>();
    job->work = std::move(work);
    job->writes = mode == Mode::write;
    job->deadline = Steady::now() + impl_->options.patience;

    const auto start = [this, job](std::function<void()> resume) {
        job->resume = std::move(resume);
        {
            const std::lock_guard lock(impl_->mutex);
            impl_->queue.push_back(job);
        }
        impl_->wake.notify_one();
    };
    co_await net::suspend(start);
    net::current_cost().reads += job->statements;
    if (job->error) std::rethrow_exception(job->error);
}

void Database::transact_now(const std::function<void(Tx&)>& work) {
    const std::lock_guard lock(impl_->now_mutex);
    unsigned statements = 0;
    for (unsigned tries = 0;; ++tries) {
        const bool last = tries == 10;
        const bool fresh = !impl_->now_session;
        try {
            if (fresh) impl_->now_session = translated("", [&] { return std::make_unique<Session>(impl_->conninfo); });
            return attempt(*impl_->now_session, work, true, statements);
        } catch (const ConnectionLost&) {
            // A session kept from before may have died of old age; a fresh one that fails means nobody is there.
            impl_->now_session.reset();
            if (fresh || last) throw Unreachable{};
        } catch (const Conflict&) {
            if (last) throw DatabaseError("40001", "too many conflicts");
        }
    }
}

net::Runtime& Database::runtime() const { return impl_->runtime; }
const std::string& Database::url() const { return impl_->options.url; }
bool Database::reachable() const { return impl_->reachable; }

}  // namespace runde::storage
