// Whatever the strict reader accepts has one canonical form, which it reads back as the same value.
#include <cstdint>

#include "schema/json.hpp"
#include "schema/refusal.hpp"
#include "tests/fuzz/claim.hpp"

using namespace runde::schema;

namespace {

void check(std::string_view text, Numbers numbers) {
    Json value;
    try {
        value = parse_json(text, numbers);
    } catch (const Refusal& refusal) {
        CLAIM(refusal.reason == Reason::not_json || refusal.reason == Reason::bad_json);
        return;
    }
    CLAIM(is_utf8(text));
    const auto canonical = canonical_json(value, numbers);
    const auto again = parse_json(canonical, numbers);
    CLAIM(canonical_json(again, numbers) == canonical);
    if (numbers == Numbers::canonical) CLAIM(again == value);
    // What other libraries write of it reads back as well.
    CLAIM(canonical_json(parse_json(to_text(value), Numbers::any), Numbers::any) == canonical_json(value, Numbers::any));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(text, Numbers::canonical);
    check(text, Numbers::any);
    return 0;
}
