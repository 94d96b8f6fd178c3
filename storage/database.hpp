#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "net/runtime.hpp"
#include "net/task.hpp"

namespace runde::storage {

/// Bytes for a bytea column.
struct Blob {
    std::string bytes;
};
/// A parameter of a statement. Text must be UTF-8 without NUL (exec throws std::logic_error): bytes go as Blob.
class Param {
public:
    using Value = std::variant<std::nullptr_t, std::string, Blob>;
    Param(std::nullptr_t) : value_(nullptr) {}
    Param(std::string text) : value_(std::move(text)) {}
    Param(std::string_view text) : value_(std::string(text)) {}
    Param(const char* text) : value_(std::string(text)) {}
    Param(bool flag) : value_(std::string(flag ? "t" : "f")) {}
    template <std::integral I>
    Param(I number) : value_(std::to_string(number)) {}
    Param(double number);
    template <class E>
        requires std::is_enum_v<E>
    Param(E nid) : value_(std::to_string(static_cast<std::int64_t>(nid))) {}
    Param(Blob blob) : value_(std::move(blob)) {}
    template <class T>
    Param(const std::optional<T>& maybe) : value_(maybe ? Param(*maybe).value_ : Value(nullptr)) {}
    /// A PostgreSQL array: of numbers for `$1::bigint[]`, of text for `$1::text[]`.
    Param(const std::vector<std::int64_t>& numbers);
    Param(const std::vector<std::string>& texts);
    template <class E>
        requires std::is_enum_v<E>
    Param(const std::vector<E>& nids) : Param(to_numbers(nids)) {}
    const Value& value() const { return value_; }

private:
    template <class E>
    static std::vector<std::int64_t> to_numbers(const std::vector<E>& nids) {
        std::vector<std::int64_t> numbers;
        numbers.reserve(nids.size());
        for (auto nid : nids) numbers.push_back(static_cast<std::int64_t>(nid));
        return numbers;
    }
    Value value_;
};

/// One cell of a result. Getters throw std::logic_error on NULL or a value that does not fit: a bug of ours.
class Cell {
public:
    explicit Cell(const char* text, std::size_t size) : text_(text), size_(size) {}
    bool is_null() const { return text_ == nullptr; }
    std::string_view text() const;
    std::string string() const { return std::string(text()); }
    std::int64_t number() const;
    double real() const;
    bool flag() const;
    std::string blob() const;                       ///< Of a bytea.
    std::vector<std::int64_t> numbers() const;      ///< Of a bigint[].
    std::vector<std::string> strings() const;       ///< Of a text[].
    std::optional<std::string> maybe_string() const { return is_null() ? std::nullopt : std::optional(string()); }
    std::optional<std::int64_t> maybe_number() const { return is_null() ? std::nullopt : std::optional(number()); }
    template <class Nid>
    Nid nid() const {
        return static_cast<Nid>(number());
    }

private:
    const char* text_;
    std::size_t size_;
};

/// The rows of one statement; cheap to move and to copy, immutable, usable on any thread.
class Rows {
public:
    struct Impl;
    class Row {
    public:
        Cell operator[](std::size_t column) const;

    private:
        friend class Rows;
        Row(std::shared_ptr<const Impl> impl, std::size_t index) : impl_(std::move(impl)), index_(index) {}
        std::shared_ptr<const Impl> impl_;  // Not the Rows: `tx.exec(...).front()` is a row of a temporary.
        std::size_t index_;
    };
    class Iterator {
    public:
        Row operator*() const { return rows_[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        bool operator!=(const Iterator& other) const { return index_ != other.index_; }

    private:
        friend class Rows;
        Iterator(const Rows& rows, std::size_t index) : rows_(rows), index_(index) {}
        const Rows& rows_;
        std::size_t index_;
    };

    std::size_t size() const;
    bool empty() const { return size() == 0; }
    Row operator[](std::size_t row) const { return Row(impl_, row); }
    Row front() const { return (*this)[0]; }
    Iterator begin() const { return Iterator(*this, 0); }
    Iterator end() const { return Iterator(*this, size()); }
    std::int64_t affected() const;  ///< Rows inserted, updated or deleted.

    explicit Rows(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

private:
    std::shared_ptr<const Impl> impl_;
};

enum class Inserted : bool { no, yes };

/// One open transaction. Blocks; lives on a database thread; must not leave the function it was given to.
class Tx {
public:
    /// `sql` must be a string literal (or otherwise outlive the process): statements are prepared once per
    /// connection and found again by its address.
    template <class... P>
    Rows exec(const char* sql, P&&... params) {
        const Param list[] = {Param(std::forward<P>(params))..., Param(nullptr)};
        return run(sql, list, sizeof...(P));
    }
    /// For SQL put together at run time from constants (never from input): not prepared.
    Rows exec_once(const std::string& sql, const std::vector<Param>& params);

    struct Impl;
    explicit Tx(Impl& impl) : impl_(impl) {}

private:
    Rows run(const char* sql, const Param* params, std::size_t count);
    Impl& impl_;
};

/// Thrown by Tx::exec when a UNIQUE, CHECK or foreign key stands against it; the transaction can then only end.
/// Prefer ON CONFLICT.
struct ConstraintViolation : std::exception {
    explicit ConstraintViolation(std::string name) : constraint(std::move(name)) {}
    const char* what() const noexcept override { return constraint.c_str(); }
    std::string constraint;
};

/// Any other error of a statement: a bug of ours, or a resource that ran out. Carries the SQLSTATE and the
/// statement's beginning, never PostgreSQL's own text, which may repeat values.
struct DatabaseError : std::runtime_error {
    DatabaseError(std::string state, const std::string& what) : std::runtime_error(what), sqlstate(std::move(state)) {}
    std::string sqlstate;
};
/// PostgreSQL could not be reached for longer than DatabaseOptions::patience.
struct Unreachable : std::exception {
    const char* what() const noexcept override { return "the database cannot be reached"; }
};

struct DatabaseOptions {
    std::string url;          ///< libpq connection string.
    unsigned readers = 3;     ///< Threads, each with its connection. More than 4 are slower (docs/architecture.md).
    std::size_t queue = 4096; ///< Works that may wait; beyond it Refusal(limit_exceeded).
    std::chrono::milliseconds patience{20'000};  ///< How long a work is retried while PostgreSQL is away.
};

/// Door 1 to PostgreSQL: everything without a stream position.
///
/// Invariants
///  - Every statement runs inside a transaction; none is left open across a co_await.
///  - Storage functions take a Tx& and block. They never see a coroutine, a request or the clock.
///  - The I/O thread never blocks on the database: transact() moves the work to one of the reader threads and
///    resumes the caller on the I/O thread. It counts one read on net::current_cost() per statement run.
///  - The work given to transact() may run twice (serialization failures and lost connections are retried, even one
///    lost during COMMIT), so it has no effect outside its Tx and must be repeatable.
///  - A statement that runs for more than 10 s is cancelled (DatabaseError 57014).
///  - Destroyed before the Runtime.
class Database {
public:
    Database(net::Runtime& runtime, DatabaseOptions options);
    ~Database();
    /// Ends the reader threads; works that still wait are done first. Before anything is destroyed that works use: nobody comes
    /// back to their callers any more.
    void stop();

    /// Read committed by default; one BEGIN … COMMIT around `work`.
    template <class F>
    net::Task<std::invoke_result_t<F, Tx&>> transact(F work) {
        using Result = std::invoke_result_t<F, Tx&>;
        if constexpr (std::is_void_v<Result>) {
            co_await run([&work](Tx& tx) { work(tx); }, Mode::write);
        } else {
            std::optional<Result> result;
            co_await run([&](Tx& tx) { result.emplace(work(tx)); }, Mode::write);
            co_return std::move(*result);
        }
    }
    /// A single read-only statement (or several that need no common snapshot): no BEGIN/COMMIT round trips.
    template <class F>
    net::Task<std::invoke_result_t<F, Tx&>> read(F work) {
        using Result = std::invoke_result_t<F, Tx&>;
        if constexpr (std::is_void_v<Result>) {
            co_await run([&work](Tx& tx) { work(tx); }, Mode::read);
        } else {
            std::optional<Result> result;
            co_await run([&](Tx& tx) { result.emplace(work(tx)); }, Mode::read);
            co_return std::move(*result);
        }
    }
    /// The same without a coroutine, blocking, on a connection of its own: start-up, tests, command line.
    /// Callers take turns. Throws Unreachable at once when there is no connection to be had.
    void transact_now(const std::function<void(Tx&)>& work);

    net::Runtime& runtime() const;
    const std::string& url() const;
    /// False while PostgreSQL cannot be reached (for /health).
    bool reachable() const;

private:
    enum class Mode { read, write };
    net::Task<> run(std::function<void(Tx&)> work, Mode mode);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runde::storage
