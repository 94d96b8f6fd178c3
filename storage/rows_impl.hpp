#pragma once
#include <memory>
#include <vector>

#include "storage/database.hpp"

namespace runde::storage {

/// Pointers into the driver's result, taken once: its own row and field objects cost two atomic counts per cell.
struct Rows::Impl {
    std::shared_ptr<const void> keep;  ///< The result the cells point into.
    std::size_t size = 0, columns = 0;
    std::int64_t affected = 0;
    std::vector<Cell> cells;
};

}  // namespace runde::storage
