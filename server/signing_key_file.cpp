#include "server/signing_key_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace runde::server {

namespace {

schema::SigningKey load(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string algorithm, version, seed;
    file >> algorithm >> version >> seed;
    const auto bytes = schema::decode_base64(seed);
    if (algorithm != "ed25519" || version.empty() || !bytes || bytes->size() != 32)
        throw std::runtime_error(path.string() + " holds no signing key (\"ed25519 <version> <seed>\")");
    return schema::SigningKey(version, *bytes);
}

/// Whole or not at all: a half-written key would be lost for good.
void store(const std::filesystem::path& path, const schema::SigningKey& key) {
    const auto version = key.key_id().substr(key.key_id().find(':') + 1);
    const auto text = "ed25519 " + version + " " + schema::base64(key.seed()) + "\n";
    const auto fresh = path.string() + ".new";
    const auto fail = [&] { throw std::system_error(errno, std::generic_category(), fresh); };
    const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) fail();
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    ::close(file);
    if (!written) fail();
    std::filesystem::rename(fresh, path);
}

}  // namespace

schema::SigningKey load_or_make_signing_key(const std::string& folder) {
    const auto path = std::filesystem::path(folder) / "signing.key";
    if (std::filesystem::exists(path)) return load(path);
    std::filesystem::create_directories(folder);
    auto key = schema::SigningKey::generate();
    store(path, key);
    return key;
}

}  // namespace runde::server
