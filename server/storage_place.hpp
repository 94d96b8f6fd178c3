#pragma once
#include <optional>
#include <string>

#include "server/config.hpp"
#include "storage/cluster.hpp"

namespace runde::server {

/// Where the data is: an external PostgreSQL, our private one, or the private one of the server that runs on
/// the same data folder already (for the operator's commands).
class StoragePlace {
public:
    enum class Shared { no, with_running_server };
    /// Throws storage::ClusterError.
    StoragePlace(const Config& config, Shared shared);
    ~StoragePlace();

    const std::string& url() const { return url_; }

private:
    std::optional<storage::Cluster> cluster_;
    std::string url_file_;  ///< Where a private cluster's server says its url; removed at the end.
    std::string url_;
};

}  // namespace runde::server
