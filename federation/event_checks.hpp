#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "federation/key_ring.hpp"
#include "schema/event.hpp"

/// Checks 1 to 3 of https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu: is this an
/// event, is it signed, is it whole. Whether the room's rules allow it is decided by core/rooms.
namespace runde::federation {

/// What became of one PDU that another server handed us.
struct CheckedEvent {
    schema::EventPtr event;             ///< nullptr: refused. The redacted form when `pruned`.
    std::optional<schema::EventId> id;  ///< Known of most that are refused, too.
    bool pruned = false;                ///< The content hash is wrong, so only what the signature covers counts.
    std::string why;                    ///< Why it was refused; for the log and for the sender. No personal data.

    explicit operator bool() const { return event != nullptr; }
};

/// The servers that must have signed an event: its sender's (not for an invitation that a third party made possible), the
/// one in the event id of room versions 1 and 2, and the one that authorised a restricted join.
/// https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
std::vector<std::string> required_signers(const schema::Event& event, const schema::RoomRules& rules);

/// Looks at PDUs as they came. Parsing, hashing and verifying happen on the CPU pool; a batch asks for all keys at once, so
/// that a server is asked at most once per batch.
class EventChecks {
public:
    EventChecks(net::Runtime& runtime, KeyRing& keys) : runtime_(runtime), keys_(keys) {}

    /// What is told of a room's history must not be measured by how many others an event may cite today.
    /// https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1backfillroomid
    enum class Age { today, history };
    /// One answer per PDU, in their order. `room`: all must be events of it.
    net::Task<std::vector<CheckedEvent>> check(std::vector<std::string> pdus, const schema::RoomRules& rules,
                                               std::optional<schema::RoomId> room = std::nullopt, Age age = Age::today);
    net::Task<CheckedEvent> check_one(std::string pdu, const schema::RoomRules& rules,
                                      std::optional<schema::RoomId> room = std::nullopt);
    /// Whether `server` has signed the event: an invited server, a resident one that lets somebody in.
    net::Task<bool> is_signed_by(schema::EventPtr event, const schema::RoomRules& rules, std::string server);
    /// The same for JSON that is signed as it stands (https://spec.matrix.org/v1.19/appendices/#signing-json).
    net::Task<bool> is_json_signed_by(schema::JsonObject object, std::string server);

private:
    net::Runtime& runtime_;
    KeyRing& keys_;
};

/// Finds PDUs in a large answer without building it in memory: what stands in the arrays named is returned as slices of
/// `text`, the rest as an object in which those arrays are null.
struct SlicedAnswer {
    schema::JsonObject rest;
    std::vector<std::vector<std::string_view>> arrays;  ///< In the order of the names; empty for one that is not there.
};
/// The slices are not looked into but for their brackets: parse_event is as strict as ever. Throws Refusal(bad_json,
/// not_json) and, for more than `most` entries in all, too_large.
SlicedAnswer slice_answer(std::string_view text, std::span<const std::string_view> names, std::size_t most = 200'000);
/// The events in one array of an answer, the first `most`, each as it came: one that cannot be read does not keep the others
/// out. Throws Refusal when the answer is no JSON object.
std::vector<std::string> texts_in(std::string_view answer, std::string_view name, std::size_t most);

}  // namespace runde::federation
