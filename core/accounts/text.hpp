#pragma once
#include <string>
#include <string_view>

namespace runde::accounts {

/// Refuses (invalid_param, naming `what`) text that is shorter or longer than allowed (bytes) or holds
/// control characters: such text is a device id, a display name, a tag, never prose.
void check_text(std::string_view what, std::string_view text, std::size_t shortest, std::size_t longest);

/// Ten capital letters, as clients show them to people who compare devices.
std::string random_device_id();
/// For accounts whose owner did not care: no meaning, easy to read aloud.
std::string random_localpart();
/// A password or token for operators to hand on: 20 characters in groups of five.
std::string random_password();

/// Equal, in a time that does not tell where they differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace runde::accounts
