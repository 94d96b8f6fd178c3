// The strict reader, apart from the rest of json.cpp because Boost's parser is the slow part to compile.
#include <fmt/format.h>

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>

#include "schema/json.hpp"
#include "schema/refusal.hpp"

namespace runde::schema {
namespace {

constexpr std::int64_t max_canonical_integer = (std::int64_t{1} << 53) - 1;

/// Builds values on Boost's own value stack and watches over what Boost would let through. What must not be
/// throws at once; basic_parser has no state that an exception could break.
class Builder {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;
    using Code = boost::json::error_code;
    using View = boost::json::string_view;

    Builder(Numbers numbers, boost::json::storage_ptr storage) : numbers_(numbers), values_({}, buffer_, sizeof buffer_) {
        values_.reset(std::move(storage));
    }

    Json take() { return values_.release(); }

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) { return true; }
    bool on_array_begin(Code&) { return true; }
    bool on_object_end(std::size_t n, Code&) {
        if (n > 0) forget_keys(n);
        values_.push_object(n);
        return true;
    }
    bool on_array_end(std::size_t n, Code&) {
        values_.push_array(n);
        return true;
    }
    bool on_key_part(View part, std::size_t, Code&) {
        key_texts_.append(part);
        values_.push_chars(part);
        return true;
    }
    bool on_key(View last, std::size_t size, Code&) {
        key_texts_.append(last);
        keys_.push_back({key_texts_.size() - size, size});
        values_.push_key(last);
        return true;
    }
    bool on_string_part(View part, std::size_t, Code&) {
        values_.push_chars(part);
        return true;
    }
    bool on_string(View last, std::size_t, Code&) {
        values_.push_string(last);
        return true;
    }
    bool on_number_part(View part, Code&) {
        number_text_.append(part);
        return true;
    }
    bool on_int64(std::int64_t number, View, Code&) {
        if (numbers_ == Numbers::canonical && (number > max_canonical_integer || number < -max_canonical_integer)) refuse_number();
        number_text_.clear();
        values_.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, View, Code&) {
        if (numbers_ == Numbers::canonical) refuse_number();
        number_text_.clear();
        values_.push_uint64(number);
        return true;
    }
    bool on_double(double roughly, View last, Code&) {
        if (numbers_ == Numbers::canonical) refuse_number();
        // Read again from the text: Boost 1.81's own conversion is off by a bit now and then.
        number_text_.append(last);
        double number = 0;
        const auto end = number_text_.data() + number_text_.size();
        const auto read = std::from_chars(number_text_.data(), end, number);
        // Too small for a double is harmless, too large is not: there is no JSON for infinity.
        if (read.ec == std::errc::result_out_of_range && !(std::fabs(roughly) < 1)) refuse_too_large();
        number_text_.clear();
        values_.push_double(number);
        return true;
    }
    bool on_bool(bool truth, Code&) {
        values_.push_bool(truth);
        return true;
    }
    bool on_null(Code&) {
        values_.push_null();
        return true;
    }
    bool on_comment_part(View, Code&) { return true; }
    bool on_comment(View, Code&) { return true; }

private:
    struct Key {
        std::size_t start, size;
    };

    [[noreturn]] static void refuse_too_large() { throw Refusal(Reason::bad_json, "A number is too large."); }
    [[noreturn]] static void refuse_number() { throw Refusal(Reason::bad_json, "Numbers must be integers within ±(2^53-1)."); }

    std::string_view text_of(Key key) const { return std::string_view(key_texts_).substr(key.start, key.size); }

    /// An object with `n` members ends: its keys are the last ones, and no two may be alike.
    void forget_keys(std::size_t n) {
        const auto first = keys_.end() - static_cast<std::ptrdiff_t>(n);
        const auto start = first->start;
        const auto same = [&](Key a, Key b) { return text_of(a) == text_of(b); };
        const auto before = [&](Key a, Key b) { return text_of(a) < text_of(b); };
        // Canonical documents, most of what is read, come sorted: then neighbours are all there is to
        // compare.
        if (!std::is_sorted(first, keys_.end(), before)) std::sort(first, keys_.end(), before);
        if (std::adjacent_find(first, keys_.end(), same) != keys_.end())
            throw Refusal(Reason::bad_json, "An object names the same member twice.");
        keys_.erase(first, keys_.end());
        key_texts_.resize(start);
    }

    Numbers numbers_;
    alignas(Json) unsigned char buffer_[4096];  ///< The stack's first memory; larger documents take more.
    boost::json::value_stack values_;
    boost::container::small_vector<Key, 64> keys_;  ///< Of all objects that are still open.
    std::string key_texts_;                         ///< Their texts, one behind the other.
    std::string number_text_;                       ///< What came so far of a number that arrives in parts.
};

[[noreturn]] void refuse(boost::json::error_code code, unsigned max_depth) {
    using boost::json::error;
    if (code == error::too_deep) throw Refusal(Reason::bad_json, fmt::format("JSON may be at most {} levels deep.", max_depth));
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
