#pragma once
#include <string>

#include "schema/signing.hpp"

namespace runde::server {

/// The key that this server signs events with: <folder>/signing.key, "ed25519 <version> <seed in base64>",
/// the form that other homeservers use too. Made at the first start, readable by its owner alone. Whoever
/// loses it can no longer speak for this server's name, so it belongs into every backup. Throws
/// std::runtime_error with a text for the operator.
schema::SigningKey load_or_make_signing_key(const std::string& folder);

}  // namespace runde::server
