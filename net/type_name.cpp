#include "net/type_name.hpp"

#include <boost/core/demangle.hpp>
#include <typeinfo>

namespace runde::net {

std::string type_name(const std::exception& thrown) { return boost::core::demangle(typeid(thrown).name()); }

}  // namespace runde::net
