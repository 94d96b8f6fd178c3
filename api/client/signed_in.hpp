#pragma once
#include "api/router.hpp"
#include "core/accounts/sessions.hpp"

namespace runde::api::client {

/// device_id, initial_device_display_name and refresh_token of a login or a registration.
accounts::DeviceRequest read_device_request(const schema::Fields& fields);

/// Puts access_token, refresh_token and expires_in_ms into an answer.
void add_tokens(schema::JsonObject& body, const accounts::Tokens& tokens);

}  // namespace runde::api::client
