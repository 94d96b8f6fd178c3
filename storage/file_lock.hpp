#pragma once
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

namespace runde::storage {

/// An exclusive lock on a file, held by this process until destroyed or dead: the kernel drops it, nothing stale is
/// ever left behind.
class FileLock {
public:
    /// Nothing when another process (or another FileLock) holds it.
    static std::optional<FileLock> take(const std::filesystem::path& path) {
        const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0) return std::nullopt;
        FileLock lock(file);
        if (flock(file, LOCK_EX | LOCK_NB) != 0) return std::nullopt;
        return lock;
    }
    FileLock(FileLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock() {
        if (file_ >= 0) close(file_);
    }

private:
    explicit FileLock(int file) : file_(file) {}
    int file_;
};

}  // namespace runde::storage
