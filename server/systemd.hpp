#pragma once
#include <string_view>

namespace runde::server {

/// Tells systemd (Type=notify) "READY=1" or "STOPPING=1". Does nothing when it did not start us.
void tell_systemd(std::string_view state);

}  // namespace runde::server
