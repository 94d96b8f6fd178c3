// The strict reader, apart from the rest of json.cpp because Boost's parser is the slow part to compile.
#include <fmt/format.h>

#include <boost/container/small_vector.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include "schema/json.hpp"
#include "schema/refusal.hpp"

namespace runde::schema {
namespace {

constexpr std::int64_t max_canonical_integer = (std::int64_t{1} << 53) - 1;

/// Builds values bottom-up: members and items wait on one stack until their container closes and its size is
/// known, so that every container is allocated once. What must not be throws at once; basic_parser has no
/// state that such an exception could break.
class Builder {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;
    using Code = boost::json::error_code;
    using View = boost::json::string_view;

    Builder(Numbers numbers, boost::json::storage_ptr storage)
        : numbers_(numbers), storage_(std::move(storage)) {}

    Json take() { return std::move(stack_.back().value); }

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) { return open(Container::object); }
    bool on_array_begin(Code&) { return open(Container::array); }
    bool on_object_end(std::size_t n, Code&) {
        const auto first = stack_.end() - static_cast<std::ptrdiff_t>(n);
        JsonObject object(n, storage_);
        for (auto member = first; member != stack_.end(); ++member) {
            const std::string_view key(keys_.data() + member->key_start, member->key_size);
            if (!object.emplace(key, std::move(member->value)).second)
                throw Refusal(Reason::bad_json, "An object names the same member twice.");
        }
        if (n > 0) keys_.resize(first->key_start);
        stack_.erase(first, stack_.end());
        containers_.pop_back();
        return push(Json(std::move(object)));
    }
    bool on_array_end(std::size_t n, Code&) {
        const auto first = stack_.end() - static_cast<std::ptrdiff_t>(n);
        JsonArray array(storage_);
        array.reserve(n);
        for (auto item = first; item != stack_.end(); ++item) array.push_back(std::move(item->value));
        stack_.erase(first, stack_.end());
        containers_.pop_back();
        return push(Json(std::move(array)));
    }
    bool on_key_part(View part, std::size_t, Code&) {
        keys_.append(part);
        return true;
    }
    bool on_key(View last, std::size_t size, Code&) {
        keys_.append(last);
        stack_.push_back({Json(nullptr, storage_), keys_.size() - size, size});
        return true;
    }
    bool on_string_part(View part, std::size_t, Code&) {
        text_.append(part);
        return true;
    }
    bool on_string(View last, std::size_t, Code&) {
        if (text_.empty()) return push(Json(last, storage_));
        text_.append(last);
        Json whole(text_, storage_);
        text_.clear();
        return push(std::move(whole));
    }
    bool on_number_part(View part, Code&) {
        text_.append(part);
        return true;
    }
    bool on_int64(std::int64_t number, View, Code&) {
        text_.clear();
        if (numbers_ == Numbers::canonical && (number > max_canonical_integer || number < -max_canonical_integer))
            refuse_number();
        return push(Json(number, storage_));
    }
    bool on_uint64(std::uint64_t number, View, Code&) {
        text_.clear();
        if (numbers_ == Numbers::canonical) refuse_number();
        return push(Json(number, storage_));
    }
    bool on_double(double roughly, View last, Code&) {
        if (numbers_ == Numbers::canonical) refuse_number();
        // Read again from the text: Boost 1.81's own conversion is off by a bit now and then.
        text_.append(last);
        double number = 0;
        const auto read = std::from_chars(text_.data(), text_.data() + text_.size(), number);
        // Too small for a double is harmless, too large is not: there is no JSON for infinity.
        if (read.ec == std::errc::result_out_of_range && !(std::fabs(roughly) < 1)) refuse_too_large();
        text_.clear();
        return push(Json(number, storage_));
    }
    bool on_bool(bool truth, Code&) { return push(Json(truth, storage_)); }
    bool on_null(Code&) { return push(Json(nullptr, storage_)); }
    bool on_comment_part(View, Code&) { return true; }
    bool on_comment(View, Code&) { return true; }

private:
    enum class Container : char { object, array };
    /// An item, or a member whose key stands in keys_ and whose value is null until it was read.
    struct Entry {
        Json value;
        std::size_t key_start = 0, key_size = 0;
    };

    [[noreturn]] static void refuse_too_large() { throw Refusal(Reason::bad_json, "A number is too large."); }
    [[noreturn]] static void refuse_number() {
        throw Refusal(Reason::bad_json, "Numbers must be integers within ±(2^53-1).");
    }
    bool open(Container kind) {
        containers_.push_back(kind);
        return true;
    }
    bool push(Json&& value) {
        if (!containers_.empty() && containers_.back() == Container::object)
            stack_.back().value = std::move(value);
        else
            stack_.push_back({std::move(value)});
        return true;
    }

    Numbers numbers_;
    boost::json::storage_ptr storage_;
    boost::container::small_vector<Entry, 32> stack_;
    boost::container::small_vector<Container, 64> containers_;
    std::string keys_;  ///< The keys of all members on the stack, one behind the other.
    std::string text_;  ///< What came so far of a string or number that arrives in parts.
};

[[noreturn]] void refuse(boost::json::error_code code, unsigned max_depth) {
    using boost::json::error;
    if (code == error::too_deep)
        throw Refusal(Reason::bad_json, fmt::format("JSON may be at most {} levels deep.", max_depth));
    if (code == error::exponent_overflow) throw Refusal(Reason::bad_json, "A number is too large.");
    throw Refusal(Reason::not_json, "That is not JSON.");
}

}  // namespace

Json parse_json(std::string_view text, Numbers numbers, unsigned max_depth, boost::json::storage_ptr storage) {
    boost::json::parse_options options;
    options.max_depth = max_depth;
    boost::json::basic_parser<Builder> parser(options, numbers, std::move(storage));
    boost::json::error_code code;
    const auto read = parser.write_some(false, text.data(), text.size(), code);
    if (code) refuse(code, max_depth);
    if (read != text.size()) throw Refusal(Reason::not_json, "Something follows the end of the JSON document.");
    return parser.handler().take();
}

}  // namespace runde::schema
