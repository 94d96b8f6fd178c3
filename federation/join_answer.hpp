#pragma once
#include <memory>

#include "federation/hosting.hpp"
#include "net/http_message.hpp"

namespace runde::federation {

/// The body of a send_join answer, made while it is sent: a few hundred events at a time, so that a room of any size costs
/// the same memory. https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
struct JoinAnswerOptions {
    /// Leave out member events, and what stands in `state` from `auth_chain`.
    bool omit_members = false;
    /// Version 1 of the endpoint wraps its answer: [200, {…}].
    bool wrapped = false;
};
net::Task<std::unique_ptr<net::BodySource>> join_answer(rooms::Rooms& rooms, Hosting::Taken taken, JoinAnswerOptions options);

}  // namespace runde::federation
