#include "api/http_error.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "schema/json.hpp"

namespace runde::api {

using schema::Reason;

namespace {

/// What people read when whoever refused had nothing special to say.
struct Text {
    std::string_view de, en;
};

constexpr Text generic_text(Reason reason) {
    switch (reason) {
        case Reason::missing_token: return {"Bitte melden Sie sich an.", "Please sign in."};
        case Reason::unknown_token: return {"Diese Anmeldung gilt nicht mehr.", "You are no longer signed in."};
        case Reason::unauthorized: return {"Die Anfrage ist nicht richtig unterschrieben.", "The request is not properly signed."};
        case Reason::user_deactivated: return {"Dieses Konto wurde geschlossen.", "This account has been closed."};
        case Reason::user_locked: return {"Dieses Konto ist gesperrt.", "This account is locked."};
        case Reason::user_suspended: return {"Dieses Konto ruht.", "This account is suspended."};
        case Reason::wrong_password: return {"Name oder Passwort stimmen nicht.", "The name or the password is wrong."};
        case Reason::weak_password: return {"Dieses Passwort ist zu schwach.", "This password is too weak."};
        case Reason::interactive_auth_failed: return {"Die Bestätigung ist nicht gelungen.", "The confirmation did not succeed."};
        case Reason::guest_access_forbidden: return {"Gäste dürfen das nicht.", "Guests may not do that."};
        case Reason::consent_not_given: return {"Bitte stimmen Sie zuerst den Regeln zu.", "Please accept the rules first."};
        case Reason::not_json: return {"Die Anfrage ist kein JSON.", "The request is not JSON."};
        case Reason::bad_json: return {"Die Anfrage ist fehlerhaft.", "The request is malformed."};
        case Reason::missing_param: return {"Eine Angabe fehlt.", "Something is missing from the request."};
        case Reason::invalid_param: return {"Eine Angabe ist ungültig.", "Something in the request is not valid."};
        case Reason::invalid_username: return {"Dieser Name ist nicht möglich.", "That name is not possible."};
        case Reason::too_large: return {"Das ist zu groß.", "That is too large."};
        case Reason::unrecognized: return {"Das kennt dieser Server nicht.", "This server does not know that request."};
        case Reason::method_not_allowed: return {"So kann man das hier nicht aufrufen.", "This cannot be called with that method."};
        case Reason::unknown_position: return {"Diese Stelle ist unbekannt.", "That position is unknown."};
        case Reason::forbidden: return {"Das ist Ihnen nicht erlaubt.", "You are not allowed to do that."};
        case Reason::not_found: return {"Das wurde nicht gefunden.", "That was not found."};
        case Reason::limit_exceeded:
            return {"Das waren zu viele Anfragen. Bitte warten Sie einen Moment.", "Too many requests. Please wait a moment."};
        case Reason::user_in_use: return {"Dieser Name ist schon vergeben.", "That name is taken."};
        case Reason::exclusive: return {"Dieser Name ist reserviert.", "That name is reserved."};
        case Reason::room_in_use: return {"Diese Adresse ist schon vergeben.", "That address is taken."};
        case Reason::alias_taken: return {"Diese Adresse ist schon vergeben.", "That address is taken."};
        case Reason::bad_alias: return {"Diese Adresse führt nicht hierher.", "That address does not lead here."};
        case Reason::invalid_room_state:
            return {"So kann der Raum nicht angelegt werden.", "The room cannot be created like that."};
        case Reason::unsupported_room_version:
            return {"Diese Raumversion gibt es hier nicht.", "This server does not support that room version."};
        case Reason::incompatible_room_version:
            return {"Dieser Raum hat eine Version, die hier unbekannt ist.",
                    "That room has a version this server does not support."};
        case Reason::bad_state: return {"Das geht gerade nicht.", "That is not possible right now."};
        case Reason::cannot_leave_server_notice_room: return {"Diesen Raum kann man nicht verlassen.", "This room cannot be left."};
        case Reason::unable_to_authorise_join:
        case Reason::unable_to_grant_join:
            return {"Dieser Server kann den Beitritt nicht bestätigen.", "This server cannot vouch for the join."};
        case Reason::duplicate_annotation: return {"So haben Sie schon reagiert.", "You have already reacted with that."};
        case Reason::registration_closed: return {"Hier kann man sich nicht selbst anmelden.", "Registration is closed."};
        case Reason::bad_login_type:
            return {"Diese Art der Anmeldung gibt es hier nicht.", "This way to sign in is not supported."};
        case Reason::managed_by_server: return {"Das legt der Server selbst fest.", "Only the server writes that."};
        case Reason::profile_too_large: return {"Das Profil wird zu groß.", "The profile becomes too large."};
        case Reason::key_too_large: return {"Dieser Name ist zu lang.", "That field name is too long."};
        case Reason::third_party_id_denied:
        case Reason::third_party_medium_not_supported:
            return {"E-Mail und Telefon werden hier nicht hinterlegt.", "E-mail and phone are not stored here."};
        case Reason::third_party_id_not_found: return {"Diese Adresse ist hier nicht bekannt.", "That address is not known here."};
        case Reason::bad_relation:
            return {"Die Nachricht bezieht sich auf etwas, das es hier nicht gibt.",
                    "The message relates to something that is not there."};
        case Reason::bad_push_rule_position: return {"Diese Regel gibt es nicht.", "There is no such rule."};
        case Reason::outside_topic:
            return {"In einem Forum gehört jede Antwort in ein Thema.", "In a forum every reply belongs to a topic."};
        case Reason::topic_closed: return {"Dieses Thema ist geschlossen.", "This topic is closed."};
        case Reason::server_not_trusted: return {"Diesem Server wird nicht vertraut.", "That server is not trusted."};
        case Reason::remote_failed: return {"Der andere Server antwortet nicht.", "The other server does not answer."};
        case Reason::shutting_down: return {"Der Server startet gerade neu.", "The server is restarting."};
    }
    return {"", ""};
}

std::string_view in_language(const Text& text, std::string_view language) { return language == "en" ? text.en : text.de; }

}  // namespace

// No default: the compiler names the reason that was left out.
HttpError http_error(Reason reason) {
    switch (reason) {
        case Reason::missing_token: return {401, "M_MISSING_TOKEN"};
        case Reason::unknown_token: return {401, "M_UNKNOWN_TOKEN"};
        case Reason::unauthorized: return {401, "M_UNAUTHORIZED"};
        case Reason::user_deactivated: return {403, "M_USER_DEACTIVATED"};
        case Reason::user_locked: return {401, "M_USER_LOCKED"};
        case Reason::user_suspended: return {403, "M_USER_SUSPENDED"};
        case Reason::wrong_password: return {403, "M_FORBIDDEN"};
        case Reason::weak_password: return {400, "M_WEAK_PASSWORD"};
        case Reason::interactive_auth_failed: return {401, "M_FORBIDDEN"};
        case Reason::guest_access_forbidden: return {403, "M_GUEST_ACCESS_FORBIDDEN"};
        case Reason::consent_not_given: return {403, "M_CONSENT_NOT_GIVEN"};
        case Reason::not_json: return {400, "M_NOT_JSON"};
        case Reason::bad_json: return {400, "M_BAD_JSON"};
        case Reason::missing_param: return {400, "M_MISSING_PARAM"};
        case Reason::invalid_param: return {400, "M_INVALID_PARAM"};
        case Reason::invalid_username: return {400, "M_INVALID_USERNAME"};
        case Reason::too_large: return {413, "M_TOO_LARGE"};
        case Reason::unrecognized: return {404, "M_UNRECOGNIZED"};
        case Reason::method_not_allowed: return {405, "M_UNRECOGNIZED"};
        case Reason::unknown_position: return {400, "M_UNKNOWN_POS"};  // Sliding sync (MSC4186).
        case Reason::forbidden: return {403, "M_FORBIDDEN"};
        case Reason::not_found: return {404, "M_NOT_FOUND"};
        case Reason::limit_exceeded: return {429, "M_LIMIT_EXCEEDED"};
        case Reason::user_in_use: return {400, "M_USER_IN_USE"};
        case Reason::exclusive: return {400, "M_EXCLUSIVE"};
        case Reason::room_in_use: return {400, "M_ROOM_IN_USE"};
        case Reason::alias_taken: return {409, "M_UNKNOWN"};  // The spec has no better code.
        case Reason::bad_alias: return {400, "M_BAD_ALIAS"};
        case Reason::invalid_room_state: return {400, "M_INVALID_ROOM_STATE"};
        case Reason::unsupported_room_version: return {400, "M_UNSUPPORTED_ROOM_VERSION"};
        case Reason::incompatible_room_version: return {400, "M_INCOMPATIBLE_ROOM_VERSION"};
        case Reason::bad_state: return {400, "M_BAD_STATE"};
        case Reason::cannot_leave_server_notice_room: return {403, "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM"};
        case Reason::unable_to_authorise_join: return {400, "M_UNABLE_TO_AUTHORISE_JOIN"};
        case Reason::unable_to_grant_join: return {400, "M_UNABLE_TO_GRANT_JOIN"};
        case Reason::duplicate_annotation: return {400, "M_DUPLICATE_ANNOTATION"};
        case Reason::registration_closed: return {403, "M_FORBIDDEN"};
        case Reason::bad_login_type: return {400, "M_UNKNOWN"};
        case Reason::managed_by_server: return {405, "M_BAD_JSON"};
        case Reason::profile_too_large: return {400, "M_PROFILE_TOO_LARGE"};
        case Reason::key_too_large: return {400, "M_KEY_TOO_LARGE"};
        case Reason::third_party_id_denied: return {403, "M_THREEPID_DENIED"};
        case Reason::third_party_id_not_found: return {400, "M_THREEPID_NOT_FOUND"};
        case Reason::third_party_medium_not_supported: return {400, "M_THREEPID_MEDIUM_NOT_SUPPORTED"};
        case Reason::bad_relation: return {400, "M_UNKNOWN"};
        case Reason::bad_push_rule_position: return {400, "M_UNKNOWN"};
        case Reason::outside_topic: return {403, "ORG.RUNDE.OUTSIDE_TOPIC"};
        case Reason::topic_closed: return {403, "ORG.RUNDE.TOPIC_CLOSED"};
        case Reason::server_not_trusted: return {403, "M_SERVER_NOT_TRUSTED"};
        case Reason::remote_failed: return {502, "M_UNKNOWN"};
        case Reason::shutting_down: return {503, "M_UNKNOWN"};
    }
    return {500, "M_UNKNOWN"};
}

std::string_view words_for(Reason reason, std::string_view language) { return in_language(generic_text(reason), language); }

net::Response error_response(const schema::Refusal& refusal, std::string_view language) {
    const auto [status, errcode] = http_error(refusal.reason);
    schema::JsonObject body;
    body["errcode"] = errcode;
    body["error"] = refusal.text.empty() ? in_language(generic_text(refusal.reason), language) : refusal.text;
    for (const auto& [name, value] : refusal.extra) body[name] = value;
    auto response = net::Response::json(boost::json::serialize(body), status);
    if (const auto wait = schema::integer_at(refusal.extra, "retry_after_ms"))
        response.headers.add("Retry-After", std::to_string((*wait + 999) / 1000));
    return response;
}

net::Response internal_error(std::string_view language) {
    const Text text{"Im Server ist ein Fehler aufgetreten.", "Something went wrong in the server."};
    schema::JsonObject body{{"errcode", "M_UNKNOWN"}, {"error", in_language(text, language)}};
    return net::Response::json(boost::json::serialize(body), 500);
}

}  // namespace runde::api
