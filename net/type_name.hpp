#pragma once
#include <exception>
#include <string>

namespace runde::net {

/// The readable type of an exception, for the log: what() may quote somebody's data, its type cannot.
std::string type_name(const std::exception& thrown);

}  // namespace runde::net
