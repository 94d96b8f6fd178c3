#pragma once
#include <boost/json/object.hpp>
#include <exception>
#include <string>

namespace runde::schema {

/// Why somebody is told "no". Named in the domain; api/http_error.cpp is the one table from here to the wire.
enum class Reason {
    // Who is asking
    missing_token,
    unknown_token,
    unauthorized,            ///< Another server that has not proved who it is.
    user_deactivated,
    user_locked,
    user_suspended,
    wrong_password,
    weak_password,
    interactive_auth_failed,
    guest_access_forbidden,
    consent_not_given,
    // What was asked
    not_json,
    bad_json,
    missing_param,
    invalid_param,
    invalid_username,
    too_large,
    unrecognized,
    method_not_allowed,
    unknown_position,
    // What stands against it
    forbidden,
    not_found,
    limit_exceeded,
    user_in_use,
    exclusive,
    room_in_use,
    alias_taken,
    bad_alias,
    invalid_room_state,
    unsupported_room_version,
    incompatible_room_version,
    bad_state,
    cannot_leave_server_notice_room,
    unable_to_authorise_join,
    unable_to_grant_join,
    duplicate_annotation,
    bad_relation,            ///< A thread at an event that is itself a reply, and the like.
    registration_closed,
    bad_login_type,              // 400 M_UNKNOWN
    managed_by_server,           // 405 M_BAD_JSON: account data that only the server writes
    profile_too_large,           // 400 M_PROFILE_TOO_LARGE
    key_too_large,               // 400 M_KEY_TOO_LARGE
    third_party_id_denied,       // 403 M_THREEPID_DENIED
    third_party_id_not_found,    // 400 M_THREEPID_NOT_FOUND
    third_party_medium_not_supported,  // 400 M_THREEPID_MEDIUM_NOT_SUPPORTED
    bad_push_rule_position,      // 400 M_UNKNOWN: before/after names no rule of the user's
    // Forum rooms (core/selfhelp/forum): the text says how to answer inside the topic
    outside_topic,
    topic_closed,
    // Other servers
    server_not_trusted,
    remote_failed,
    // Us
    shutting_down,
};

/// A "no" that the client is meant to read. Thrown where it is found out, caught only in api::dispatch
/// (and in federation's receiver). Any other exception that gets that far is our fault: logged, answered 500.
struct Refusal : std::exception {
    Refusal(Reason why, std::string say, boost::json::object more = {})
        : reason(why), text(std::move(say)), extra(std::move(more)) {}
    const char* what() const noexcept override { return text.c_str(); }

    Reason reason;
    std::string text;            ///< For people; goes out as "error".
    boost::json::object extra;   ///< Further members of the error body: retry_after_ms, soft_logout, room_version ...
};

}  // namespace runde::schema
