#pragma once
#include <span>
#include <string_view>

/// Files that are part of the program (cmake/embed.cmake). Sorted by name; valid for the whole process.
namespace runde::embedded {

struct File {
    std::string_view name;    ///< Relative to the folder, with '/': "assets/index.js".
    std::string_view bytes;
    std::string_view sha256;  ///< Of the bytes, lower-case hex: serves as ETag and as checksum.
};

/// The migrations of schema/sql.
std::span<const File> sql();
/// The members' page (web/dist); empty when it was not built.
std::span<const File> web();
/// Style and script of the open pages (web/open).
std::span<const File> open();

}  // namespace runde::embedded
