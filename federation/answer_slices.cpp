// slice_answer() of event_checks.hpp: a scanner that knows brackets and strings, nothing else.
#include <algorithm>

#include "federation/event_checks.hpp"
#include "schema/refusal.hpp"

namespace runde::federation {

using schema::Reason;
using schema::Refusal;

namespace {

[[noreturn]] void broken() { throw Refusal(Reason::not_json, "The answer is not JSON."); }

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    std::size_t at() const { return at_; }
    std::string_view from(std::size_t begin) const { return text_.substr(begin, at_ - begin); }
    bool is_at_end() {
        skip_space();
        return at_ == text_.size();
    }
    char peek() {
        skip_space();
        if (at_ == text_.size()) broken();
        return text_[at_];
    }
    void take(char expected) {
        if (peek() != expected) broken();
        ++at_;
    }
    /// With its quotes.
    std::string_view string() {
        const auto begin = (peek(), at_);
        take('"');
        for (;; ++at_) {
            at_ = text_.find_first_of("\"\\", at_);
            if (at_ >= text_.size()) broken();
            if (text_[at_] == '"') break;
            ++at_;
        }
        ++at_;
        return from(begin);
    }
    /// Any value; nesting is counted, not followed.
    std::string_view value() {
        const auto begin = (peek(), at_);
        std::size_t depth = 0;
        do {
            const char c = peek();
            if (c == '"') {
                string();
            } else if (c == '{' || c == '[') {
                ++depth;
                ++at_;
                continue;
            } else if (c == '}' || c == ']') {
                if (depth == 0) broken();
                --depth;
                ++at_;
            } else if (depth > 0 && (c == ',' || c == ':')) {
                ++at_;
            } else {
                word();
            }
        } while (depth > 0);
        return from(begin);
    }

private:
    void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
    void word() {
        const auto end = std::min(text_.find_first_of(",:]}[{\" \t\r\n", at_), text_.size());
        if (end == at_) broken();
        at_ = end;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

SlicedAnswer slice_answer(std::string_view text, std::span<const std::string_view> names, std::size_t most) {
    SlicedAnswer answer;
    answer.arrays.resize(names.size());
    std::string rest = "{";
    std::size_t entries = 0;
    Scanner scan(text);
    scan.take('{');
    while (scan.peek() != '}') {
        if (rest.size() > 1) {
            scan.take(',');
            rest += ',';
        }
        const auto key = scan.string();
        scan.take(':');
        rest += key;
        rest += ':';
        const auto found = std::ranges::find(names, key.substr(1, key.size() - 2));
        if (found == names.end() || scan.peek() != '[') {
            rest += scan.value();
            continue;
        }
        rest += "null";
        auto& array = answer.arrays[static_cast<std::size_t>(found - names.begin())];
        scan.take('[');
        while (scan.peek() != ']') {
            if (!array.empty()) scan.take(',');
            if (++entries > most) throw Refusal(Reason::too_large, "The answer holds too many events.");
            array.push_back(scan.value());
        }
        scan.take(']');
    }
    scan.take('}');
    if (!scan.is_at_end()) broken();
    rest += '}';
    // The strict reader finds what the scanner lets pass: doubled keys, broken strings.
    auto parsed = schema::parse_json(rest);
    answer.rest = std::move(parsed.get_object());
    return answer;
}

std::vector<std::string> texts_in(std::string_view answer, std::string_view name, std::size_t most) {
    const auto sliced = slice_answer(answer, std::span(&name, 1));
    const auto& found = sliced.arrays.front();
    return {found.begin(), found.begin() + static_cast<std::ptrdiff_t>(std::min(most, found.size()))};
}

}  // namespace runde::federation
