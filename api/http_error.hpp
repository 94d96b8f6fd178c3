#pragma once
#include <string_view>

#include "net/http_message.hpp"
#include "schema/refusal.hpp"

namespace runde::api {

struct HttpError {
    int status;
    std::string_view errcode;
};

/// The one table from refusals to the wire. https://spec.matrix.org/v1.19/client-server-api/#standard-error-response
HttpError http_error(schema::Reason reason);
net::Response error_response(const schema::Refusal& refusal);

}  // namespace runde::api
