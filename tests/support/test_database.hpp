#pragma once
#include <functional>
#include <string>

#include "storage/database.hpp"

namespace runde::tests {

/// A migrated, empty database of its own, dropped at the end. A cluster is started once per test process, in a
/// temporary folder (Unix socket, no port, no fsync); each TestDatabase is a copy of one migrated template (50 ms).
/// Close every connection to it (Database, Lane) before it ends.
class TestDatabase {
public:
    TestDatabase();
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    const std::string& url() const { return url_; }
    /// A database without any table.
    static std::string empty_database();
    /// Runs SQL on a connection of its own and returns the first cell of the first row, "" if there is none.
    std::string ask(const std::string& sql) const;

private:
    std::string name_, url_;
};

/// ask() for any connection string.
std::string ask(const std::string& url, const std::string& sql);

}  // namespace runde::tests
