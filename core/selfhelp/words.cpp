#include "core/selfhelp/words.hpp"

#include <algorithm>

#include "schema/refusal.hpp"

namespace runde::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;

void check(std::string_view name, std::string_view text, std::size_t longest, Needed needed, bool line_breaks) {
    if (count_characters(text) > longest) throw Refusal(Reason::too_large, std::string(name) + " is too long");
    const bool control = std::any_of(text.begin(), text.end(), [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == 0x7f || (byte < 0x20 && !(line_breaks && (c == '\n' || c == '\r' || c == '\t')));
    });
    if (control) throw Refusal(Reason::invalid_param, std::string(name) + " holds characters that no text has");
    if (needed == Needed::yes && text.find_first_not_of(" \t\r\n") == text.npos)
        throw Refusal(Reason::invalid_param, std::string(name) + " must not be empty");
}

}  // namespace

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string_view first_characters(std::string_view text, std::size_t most) {
    std::size_t at = 0;
    for (; at < text.size(); ++at)
        if ((text[at] & 0xc0) != 0x80 && most-- == 0) break;
    return text.substr(0, at);
}

void check_line(std::string_view name, std::string_view text, std::size_t longest, Needed needed) {
    check(name, text, longest, needed, false);
}

void check_words(std::string_view name, std::string_view text, std::size_t longest, Needed needed) {
    check(name, text, longest, needed, true);
}

bool is_line(std::string_view text, std::size_t longest) {
    return count_characters(text) <= longest && std::none_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
           });
}

bool is_link(std::string_view text) {
    if (text.size() > 500 || !(text.starts_with("https://") || text.starts_with("http://"))) return false;
    return std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '<' || c == '>' || c == '\\';
    });
}

void check_link(std::string_view name, std::string_view text) {
    if (!text.empty() && !is_link(text)) throw Refusal(Reason::invalid_param, std::string(name) + " is no web address");
}

schema::JsonArray strings(const std::vector<std::string>& list) {
    schema::JsonArray array;
    for (const auto& text : list) array.emplace_back(text);
    return array;
}

}  // namespace runde::selfhelp
