// A PDU from another server: the first byte chooses the room version, the rest is its text. It is refused, or
// it is an event of which everything we compute agrees with itself.
#include <cstdint>

#include "schema/event.hpp"
#include "schema/power_levels.hpp"
#include "schema/refusal.hpp"
#include "tests/fuzz/claim.hpp"

using namespace runde::schema;

namespace {

bool is_object(std::string text) { return parse_json(text + "}").is_object(); }

void check_event(const Event& event, const RoomRules& rules) {
    CLAIM(event.json.size() <= max_event_bytes);
    const auto again = parse_event(event.json, rules);
    CLAIM(again->json == event.json && again->id == event.id && again->room == event.room);
    const auto loaded = load_event(event.json, event.id, rules);
    CLAIM(loaded->object == event.object && loaded->redacts == event.redacts);

    const auto redacted = redact(event.object, rules);
    CLAIM(redact(redacted, rules) == redacted);
    CLAIM(reference_hash(redacted, rules) == reference_hash(event.object, rules));
    CLAIM(parse_event(JsonObject(redacted), rules)->id == event.id);
    content_hash_matches(event.object);

    CLAIM(is_object(render_client_event(event, rules)));
    CLAIM(is_object(render_redacted_client_event(event, rules)));
    stripped_state(event);
}

void check_power_levels(const Event& event, const RoomRules& rules) {
    const PowerLevels levels(&event.content(), rules, PowerLevels::creators_of(event, rules));
    levels.level_of(event.sender);
    levels.needed_for(event);
    levels.lists_a_creator();
    PowerLevels::complaint(event.content(), rules);
}

void check_seal(const Event& event, const RoomRules& rules) {
    static const SigningKey key("1", std::string(32, 's'));
    static const VerifyKey verify_key = *VerifyKey::parse(key.public_key());
    try {
        const auto sealed = seal_event(JsonObject(event.object), rules, "hearth.test", key);
        CLAIM(content_hash_matches(sealed->object));
        CLAIM(verify_event(sealed->object, rules, "hearth.test", key.key_id(), verify_key));
    } catch (const Refusal& refusal) {
        CLAIM(refusal.reason == Reason::too_large);  // Our signature may be the drop too much.
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto versions = all_room_rules();
    const auto& rules = versions[data[0] % versions.size()];
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    EventPtr event;
    try {
        event = parse_event(text, rules);
    } catch (const Refusal&) {
        return 0;
    }
    check_event(*event, rules);
    check_power_levels(*event, rules);
    check_seal(*event, rules);
    return 0;
}
