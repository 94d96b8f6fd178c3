#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "schema/json.hpp"

/// Short texts that people type, as the parts of this folder check them.
namespace runde::selfhelp {

enum class Needed : bool { no, yes };

/// Of UTF-8 text: code points, which is what people (and almost what forms) count.
std::size_t count_characters(std::string_view text);
std::string_view first_characters(std::string_view text, std::size_t most);

/// One line, at most `longest` characters. Throws Refusal(invalid_param, too_large) naming the member.
void check_line(std::string_view name, std::string_view text, std::size_t longest, Needed needed = Needed::no);
/// The same with line breaks.
void check_words(std::string_view name, std::string_view text, std::size_t longest, Needed needed = Needed::no);
/// "" or an https address (http too: a small association's page may have no certificate).
void check_link(std::string_view name, std::string_view text);

/// The same as a question.
bool is_line(std::string_view text, std::size_t longest);
bool is_link(std::string_view text);
schema::JsonArray strings(const std::vector<std::string>& list);

}  // namespace runde::selfhelp
