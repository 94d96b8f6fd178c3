#include <charconv>
#include <stdexcept>

#include "api/router.hpp"

namespace runde::api {

using schema::Reason;
using schema::Refusal;

namespace {

const schema::JsonObject& object_in(const schema::Json& body) {
    if (!body.is_object()) throw Refusal(Reason::bad_json, "The body must be a JSON object");
    return body.get_object();
}

/// A transaction carries the events of many people; one that is nested too deeply must not keep the others out, so it is read
/// whole, and each event is judged alone (federation/event_checks). Nobody's JSON library goes deeper than this.
constexpr unsigned deepest_transaction = 1000;

bool is_transaction(const net::Request& request) { return request.path.starts_with("/_matrix/federation/v1/send/"); }

/// The weight of one entry of Accept-Language, "de-AT;q=0.7": 1 when none is given.
double weight(std::string_view entry) {
    const auto q = entry.find("q=");
    if (q == entry.npos) return 1;
    double value = 0;
    const auto digits = entry.substr(q + 2);
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

}  // namespace

Call::Call(const net::Request& request, Params params) : request_(&request), params_(std::move(params)) {}

const std::string& Call::param(std::string_view name) const {
    const auto found = params_.find(name);
    if (found == params_.end()) throw std::logic_error("the route has no parameter of this name");
    return found->second;
}

std::optional<std::string> Call::query(std::string_view name) const {
    const auto value = request_->query_value(name);
    if (!value) return std::nullopt;
    return std::string(*value);
}

std::int64_t Call::query_number(std::string_view name, std::int64_t otherwise, std::int64_t low, std::int64_t high) const {
    const auto text = request_->query_value(name);
    if (!text) return otherwise;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool whole = end == text->data() + text->size() && !text->empty();
    if (whole && error == std::errc::result_out_of_range && !text->starts_with('-')) return high;
    if (!whole || error != std::errc() || number < low)
        throw Refusal(Reason::invalid_param, std::string(name) + " must be a whole number, at least " + std::to_string(low));
    return std::min(number, high);
}

bool Call::query_flag(std::string_view name, bool otherwise) const {
    const auto text = request_->query_value(name);
    if (!text) return otherwise;
    if (*text == "true") return true;
    if (*text == "false") return false;
    throw Refusal(Reason::invalid_param, std::string(name) + " must be true or false");
}

const schema::JsonObject& Call::json(bool allow_empty) const {
    if (event_body_) return object_in(*event_body_);
    if (!body_) {
        if (allow_empty && request_->body.empty())
            body_.emplace(schema::JsonObject());
        else
            body_ = schema::parse_json(request_->body, schema::Numbers::any, is_transaction(*request_) ? deepest_transaction : 64);
    }
    return object_in(*body_);
}

const schema::JsonObject& Call::event_json() const {
    if (!event_body_) event_body_ = schema::parse_json(request_->body, schema::Numbers::canonical);
    return object_in(*event_body_);
}

std::string_view Call::language_of(const net::Request& request) {
    const auto header = request.headers.find("Accept-Language");
    if (!header) return "de";
    double german = -1, english = -1;
    std::string_view rest = *header;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        auto entry = rest.substr(0, comma);
        rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
        while (entry.starts_with(' ')) entry.remove_prefix(1);
        if (entry.starts_with("de") || entry.starts_with('*')) german = std::max(german, weight(entry));
        if (entry.starts_with("en")) english = std::max(english, weight(entry));
    }
    return english > german ? "en" : "de";
}

}  // namespace runde::api
