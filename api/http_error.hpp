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
/// What people read when whoever refused had nothing special to say.
std::string_view words_for(schema::Reason reason, std::string_view language);
/// `language`: "de" or "en", for refusals that were thrown without a text of their own. A wait ("retry_after_ms" in
/// refusal.extra) also goes out as Retry-After.
net::Response error_response(const schema::Refusal& refusal, std::string_view language = "de");
/// 500 M_UNKNOWN: what the client hears when the fault is ours.
net::Response internal_error(std::string_view language = "de");

}  // namespace runde::api
