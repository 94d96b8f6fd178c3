#include "server/storage_place.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace runde::server {

namespace {

std::string read_line(const std::string& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

void write_private(const std::string& file, const std::string& text) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return;  // Then the operator's commands work only while the server does not.
    [[maybe_unused]] const auto written = ::write(descriptor, text.data(), text.size());
    ::close(descriptor);
}

}  // namespace

StoragePlace::StoragePlace(const Config& config, Shared shared) : url_(config.database.url) {
    if (!url_.empty()) return;
    const auto file = (std::filesystem::path(config.data) / "database.url").string();
    try {
        cluster_.emplace(storage::ClusterOptions{config.data});
    } catch (const storage::ClusterError&) {
        if (shared == Shared::no) throw;
        url_ = read_line(file);
        if (url_.empty()) throw;
        return;
    }
    url_ = cluster_->url();
    url_file_ = file;
    write_private(url_file_, url_ + "\n");
}

StoragePlace::~StoragePlace() {
    if (!url_file_.empty()) ::unlink(url_file_.c_str());
}

}  // namespace runde::server
