#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "storage/database.hpp"
#include "storage/rows_impl.hpp"

// Parameters and cells in PostgreSQL's text format.
namespace runde::storage {

Param::Param(double number) : value_(fmt::format("{}", number)) {}

Param::Param(const std::vector<std::int64_t>& numbers) {
    std::string text = "{";
    for (auto number : numbers) {
        if (text.size() > 1) text += ',';
        text += std::to_string(number);
    }
    value_ = text + '}';
}

Param::Param(const std::vector<std::string>& texts) {
    std::string list = "{";
    for (const auto& text : texts) {
        if (list.size() > 1) list += ',';
        list += '"';
        for (char c : text) {
            if (c == '"' || c == '\\') list += '\\';
            list += c;
        }
        list += '"';
    }
    value_ = list + '}';
}

std::string_view Cell::text() const {
    if (is_null()) throw std::logic_error("a NULL in a column that was read as a value");
    return {text_, size_};
}

template <class Number>
static Number parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        throw std::logic_error("a column was read as a number that holds none");
    return number;
}

std::int64_t Cell::number() const { return parse_number<std::int64_t>(text()); }
double Cell::real() const { return parse_number<double>(text()); }

bool Cell::flag() const {
    const auto t = text();
    if (t != "t" && t != "f") throw std::logic_error("a column was read as a flag that is none");
    return t == "t";
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw std::logic_error("a column was read as bytes that holds none");
}

std::string Cell::blob() const {
    auto hex = text();
    if (!hex.starts_with("\\x") || hex.size() % 2) throw std::logic_error("a column was read as bytes that holds none");
    hex.remove_prefix(2);
    std::string bytes(hex.size() / 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return bytes;
}

static std::string_view array_body(std::string_view text) {
    if (text.size() < 2 || text.front() != '{' || text.back() != '}')
        throw std::logic_error("a column was read as an array that is none");
    return text.substr(1, text.size() - 2);
}

std::vector<std::int64_t> Cell::numbers() const {
    auto body = array_body(text());
    std::vector<std::int64_t> numbers;
    while (!body.empty()) {
        const auto comma = std::min(body.find(','), body.size());
        numbers.push_back(parse_number<std::int64_t>(body.substr(0, comma)));
        body.remove_prefix(std::min(comma + 1, body.size()));
    }
    return numbers;
}

std::vector<std::string> Cell::strings() const {
    const auto body = array_body(text());
    std::vector<std::string> strings;
    for (std::size_t i = 0; i < body.size(); ++i) {  // i: first character of an element
        std::string element;
        if (body[i] == '"') {
            for (++i; i < body.size() && body[i] != '"'; ++i) {
                if (body[i] == '\\') ++i;
                element += body.at(i);
            }
            ++i;
        } else {
            for (; i < body.size() && body[i] != ','; ++i) element += body[i];
            if (element == "NULL") throw std::logic_error("a NULL in an array that was read as texts");
        }
        strings.push_back(std::move(element));
    }
    return strings;
}

Cell Rows::Row::operator[](std::size_t column) const {
    const auto& impl = *impl_;
    if (column >= impl.columns || index_ >= impl.size) throw std::logic_error("no such column or row in a result");
    return impl.cells[index_ * impl.columns + column];
}

std::size_t Rows::size() const { return impl_->size; }
std::int64_t Rows::affected() const { return impl_->affected; }

}  // namespace runde::storage
