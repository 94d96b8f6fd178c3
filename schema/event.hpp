#pragma once
#include <boost/json/monotonic_resource.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.hpp"
#include "schema/json.hpp"
#include "schema/room_rules.hpp"
#include "schema/signing.hpp"

namespace runde::schema {

/// One PDU: its bytes as signed, parsed once. Immutable after it was made; shared by pointer.
/// https://spec.matrix.org/v1.19/rooms/ ("Event format" of each version)
struct Event {
    /// Holds the values of `object` in one piece; null when they live on the heap. Stands first: dies last.
    std::unique_ptr<boost::json::monotonic_resource> arena;
    EventId id;
    RoomId room;  ///< Room version 12: for m.room.create made from its own id.
    std::string type;
    UserId sender;
    std::optional<std::string> state_key;
    std::int64_t origin_server_ts = 0;
    std::int64_t depth = 0;
    std::vector<EventId> prev_events;
    std::vector<EventId> auth_events;
    std::optional<EventId> redacts;  ///< Wherever the room version keeps it.
    JsonObject object;  ///< The whole PDU as parsed, with hashes and signatures, without unsigned.
    std::string json;   ///< Its canonical bytes as stored and sent.

    bool is_state() const { return state_key.has_value(); }
    bool is_state(std::string_view of_type, std::string_view key = "") const {
        return type == of_type && state_key && *state_key == key;
    }
    const JsonObject& content() const { return object.at("content").get_object(); }
};
using EventPtr = std::shared_ptr<const Event>;

/// What its author decides. The room adds the rest (rooms/event_builder).
struct EventDraft {
    std::string type;
    UserId sender;
    std::optional<std::string> state_key;
    JsonObject content;
    std::optional<EventId> redacts;
};

/// Size limits of https://spec.matrix.org/v1.19/client-server-api/#size-limits
constexpr std::size_t max_event_bytes = 65536;
constexpr std::size_t max_event_key_bytes = 255;  ///< type, state_key
constexpr std::size_t max_prev_events = 20;
constexpr std::size_t max_auth_events = 10;

/// Reads a PDU in the format of `rules`: required members, types, sizes, counts, canonical numbers. The event
/// id is computed (room version 1-2: read); hashes and signatures must be there but are *not* verified here.
/// `text` need not be canonical, `json` is. `unsigned` is dropped: nobody vouches for it, and what it tells
/// clients is computed by us. Throws Refusal(not_json/bad_json/too_large).
EventPtr parse_event(std::string_view text, const RoomRules& rules);
EventPtr parse_event(JsonObject object, const RoomRules& rules);
/// The same for bytes of our own database: no checks but those that memory safety needs; `id` is trusted.
EventPtr load_event(std::string text, EventId id, const RoomRules& rules);

/// https://spec.matrix.org/v1.19/server-server-api/#calculating-the-content-hash-for-an-event (raw 32 bytes)
std::string content_hash(const JsonObject& event, Numbers numbers = Numbers::any);
/// https://spec.matrix.org/v1.19/server-server-api/#calculating-the-reference-hash-for-an-event (raw 32
/// bytes)
std::string reference_hash(const JsonObject& event, const RoomRules& rules);
/// The event id that follows from the hash; room version 3 and later.
EventId hashed_event_id(const JsonObject& event, const RoomRules& rules);
/// Whether `hashes.sha256` is that of the content. If not, the receiver must use the redacted form.
bool content_hash_matches(const JsonObject& event);
/// Adds hashes and our signature to a PDU that is otherwise complete (room versions 1-2: with its event_id),
/// and parses it. `second`: signs, too (a policy server's own events).
/// https://spec.matrix.org/v1.19/server-server-api/#adding-hashes-and-signatures-to-outgoing-events
EventPtr seal_event(JsonObject object, const RoomRules& rules, std::string_view server, const SigningKey& key,
                    const SigningKey* second = nullptr);
/// Adds `server`'s signature to an event that has its hashes: for invites and restricted joins that we
/// co-sign.
void sign_event(JsonObject& event, const RoomRules& rules, std::string_view server, const SigningKey& key);
/// Whether `signer` signed what is left of the event after redaction.
/// https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
bool verify_event(const JsonObject& event, const RoomRules& rules, std::string_view signer, std::string_view key_id,
                  const VerifyKey& key);

/// What is left of an event. Keeps hashes and signatures. Never throws: members of unexpected types just go.
/// https://spec.matrix.org/v1.19/rooms/v11/#redactions and the same section of the other versions
JsonObject redact(const JsonObject& event, const RoomRules& rules);

/// The client format without `unsigned` and without the closing brace, so that readers can append a tail:
/// {"content":…,"event_id":…,"origin_server_ts":…,"room_id":…,"sender":…,"state_key":…,"type":…
/// `redacts` stands at the top level *and* in the content for every version, as the spec asks.
/// https://spec.matrix.org/v1.19/client-server-api/#room-event-format
std::string render_client_event(const Event& event, const RoomRules& rules);
/// The same for a redacted event (content pruned).
std::string render_redacted_client_event(const Event& event, const RoomRules& rules);
/// {content, sender, state_key, type} of https://spec.matrix.org/v1.19/client-server-api/#stripped-state
JsonObject stripped_state(const Event& event);

}  // namespace runde::schema
