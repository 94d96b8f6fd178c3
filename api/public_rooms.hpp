#pragma once
#include "api/router.hpp"
#include "core/rooms/directory.hpp"

// The room directory is asked in the same words by clients and by other servers.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3publicrooms
namespace runde::api {

/// Rooms on one page, whatever is asked for.
constexpr std::size_t most_public_rooms = 500;

/// From the query of a GET.
rooms::DirectoryRequest directory_query(const Call& call);
/// From the body of a POST. Throws Refusal(invalid_param, bad_json).
rooms::DirectoryRequest directory_body(const Call& call);
/// A page of this server's directory as the answer has it.
net::Task<schema::JsonObject> directory_page(rooms::Rooms& rooms, rooms::DirectoryRequest request);

}  // namespace runde::api
