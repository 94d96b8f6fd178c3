#include "tests/support/test_database.hpp"

#include <stdlib.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <future>
#include <pqxx/pqxx>

#include "net/runtime.hpp"
#include "storage/cluster.hpp"
#include "storage/connection_string.hpp"
#include "storage/migrations.hpp"

namespace runde::tests {

std::string ask(const std::string& url, const std::string& sql) {
    pqxx::connection connection(url);
    pqxx::nontransaction transaction(connection);
    const auto result = transaction.exec(sql);
    return result.empty() || result[0].empty() || result[0][0].is_null() ? "" : result[0][0].c_str();
}

namespace {

class TestCluster {
public:
    TestCluster() : folder_(make_folder()), cluster_({.data_dir = folder_, .durable = false}) {
        net::Runtime runtime;
        storage::Database database(runtime, {.url = cluster_.url(), .readers = 1});
        storage::migrate(database);  // The database "runde" is the template.
    }
    ~TestCluster() {
        drops_.clear();
        cluster_.stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    std::string create(const std::string& of_template) {
        const auto name = "test_" + std::to_string(++count_);
        ask(admin(), "CREATE DATABASE " + name + " TEMPLATE " + of_template);
        return name;
    }
    /// In the background: it takes as long as making one, and nobody waits for it.
    void drop(const std::string& name) {
        if (drops_.size() >= 4) drops_.pop_front();  // Waits for the oldest.
        drops_.push_back(
            std::async(std::launch::async, [sql = "DROP DATABASE " + name + " WITH (FORCE)", url = admin()] { ask(url, sql); }));
    }
    std::string url_of(const std::string& name) const { return storage::with_database(cluster_.url(), name); }

private:
    std::string admin() const { return url_of("postgres"); }
    static std::string make_folder() {
        std::string folder = (std::filesystem::temp_directory_path() / "runde-test-XXXXXX").string();
        if (!mkdtemp(folder.data())) throw std::runtime_error("no temporary folder");
        std::filesystem::permissions(folder, std::filesystem::perms(0755));  // The account of the cluster enters it.
        return folder;
    }

    std::filesystem::path folder_;
    storage::Cluster cluster_;
    std::atomic<int> count_ = 0;
    std::deque<std::future<void>> drops_;
};

TestCluster& cluster() {
    static TestCluster only;
    return only;
}

}  // namespace

TestDatabase::TestDatabase() : name_(cluster().create("runde")), url_(cluster().url_of(name_)) {}
TestDatabase::~TestDatabase() { cluster().drop(name_); }
std::string TestDatabase::empty_database() { return cluster().url_of(cluster().create("template0")); }
std::string TestDatabase::ask(const std::string& sql) const { return tests::ask(url_, sql); }

}  // namespace runde::tests
