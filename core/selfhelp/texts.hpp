#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "storage/texts.hpp"

/// Texts that people must be able to read: imprint, privacy notice, house rules, a group's rules. Each is kept in versions,
/// each version in up to four registers. The text is plain: an empty line begins a paragraph, "# " a heading, "- " a list item.
namespace runde::selfhelp {

/// How a text speaks to its reader: formal, informal, in plain language, in English.
enum class Register { sie, du, leicht, en };
constexpr std::array every_register{Register::sie, Register::du, Register::leicht, Register::en};
std::string_view name_of(Register way);                  ///< "sie", "du", "leicht", "en": also on the wire.
std::optional<Register> parse_register(std::string_view name);

/// The organisation's texts.
constexpr std::string_view imprint = "imprint", privacy = "privacy", house_rules = "house_rules";
constexpr std::array organisation_texts{imprint, privacy, house_rules};
/// A group's.
constexpr std::string_view group_rules = "rules";

constexpr std::size_t longest_text = 64 * 1024;          ///< Bytes, of one register.

/// What is said where the wanted register is missing: German stands in for German, English for nothing but itself, and
/// any German for a missing English. nullopt only for a text without any register.
struct Rendered {
    Register way;
    std::string_view body;
};
std::optional<Rendered> in_register(const std::map<std::string, std::string>& by_register, Register wanted);

/// Throws Refusal(invalid_param, too_large): no German register, an empty text, an unknown register.
void check_text(const std::map<std::string, std::string>& by_register);

}  // namespace runde::selfhelp
