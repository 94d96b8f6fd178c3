#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/signing.hpp"

/// How one server proves to another who asks. Pure.
/// https://spec.matrix.org/v1.19/server-server-api/#request-authentication
namespace runde::federation {

/// The parameters of one "Authorization: X-Matrix …" header.
struct XMatrix {
    std::string origin;
    std::optional<std::string> destination;  ///< Servers older than spec v1.3 leave it out of the header.
    std::string key_id;
    std::string signature;                   ///< Base64.
};

/// Whether the header's scheme is X-Matrix at all, in any case.
bool is_x_matrix(std::string_view header);
/// nullopt when the form is wrong, a parameter is missing or stands there twice. Unknown parameters are ignored, names
/// compare in any case, values may be quoted (with backslashes) or not; old servers leave quotes out around anything.
std::optional<XMatrix> parse_x_matrix(std::string_view header);
/// In the one form that old servers understand, too.
std::string format_x_matrix(const XMatrix& header);

/// What is signed. `content`: canonical JSON of the body, empty when there is none.
std::string signed_request(std::string_view method, std::string_view target, std::string_view origin,
                           const std::optional<std::string>& destination, std::string_view content);

/// The value of our own Authorization header.
std::string authorization(std::string_view method, std::string_view target, std::string_view origin, std::string_view destination,
                          std::string_view content, const schema::SigningKey& key);

}  // namespace runde::federation
