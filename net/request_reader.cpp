#include "net/request_reader.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <iterator>
#include <optional>

namespace runde::net {

namespace http = boost::beast::http;

namespace {

constexpr EdgeRefusal malformed{400, "M_UNRECOGNIZED", "This is not a proper HTTP request."};
constexpr EdgeRefusal bad_query{400, "M_INVALID_PARAM", "The query is not properly percent-encoded."};
constexpr EdgeRefusal head_too_large{431, "M_TOO_LARGE", "The header of the request is too large."};
constexpr EdgeRefusal body_too_large{413, "M_TOO_LARGE", "The request is too large."};
constexpr EdgeRefusal unknown_expectation{417, "M_UNRECOGNIZED", "This server cannot meet that expectation."};
constexpr EdgeRefusal unknown_encoding{501, "M_UNRECOGNIZED", "This server does not know that transfer encoding."};

Method method_of(http::verb verb) {
    switch (verb) {
        case http::verb::get: return Method::get;
        case http::verb::head: return Method::head;
        case http::verb::post: return Method::post;
        case http::verb::put: return Method::put;
        case http::verb::delete_: return Method::delete_;
        case http::verb::options: return Method::options;
        default: return Method::other;
    }
}

/// "/path?query", also out of "http://host/path?query" and "*"; empty when it is none of these.
std::string_view path_and_query(std::string_view target) {
    if (target.starts_with('/') || target == "*") return target;
    const auto scheme = target.find("://");
    if (scheme == target.npos) return {};
    const auto path = target.find('/', scheme + 3);
    return path == target.npos ? std::string_view("/") : target.substr(path);
}

/// False when a name or value is not properly encoded.
bool read_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& into) {
    while (!text.empty()) {
        const auto end = text.find('&');
        const auto pair = text.substr(0, end);
        text = end == text.npos ? std::string_view() : text.substr(end + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = equals == pair.npos ? std::optional<std::string>("") : percent_decode(pair.substr(equals + 1), true);
        if (!name || !value) return false;
        into.emplace_back(*std::move(name), *std::move(value));
    }
    return true;
}

}  // namespace

struct RequestReader::Parser {
    http::request_parser<http::string_body> beast;
};

RequestReader::RequestReader(const HttpLimits& limits) : limits_(limits), parser_(std::make_unique<Parser>()) {
    // Bytes beyond the head's limit are never looked at, so this is the one that counts them.
    parser_->beast.header_limit(static_cast<std::uint32_t>(limits.head_bytes));
    parser_->beast.body_limit(boost::none);  // Set when the head is known.
    parser_->beast.eager(false);             // Stop between head and body.
}

RequestReader::~RequestReader() = default;

std::size_t RequestReader::feed(std::string_view input) {
    auto& beast = parser_->beast;
    const std::size_t offered = input.size();
    // RFC 9112 2.2: empty lines before a request are to be ignored. Only before: the one after the header
    // fields ends the head, also when it begins a piece of input.
    if (!beast.got_some()) {
        while (input.starts_with("\r\n")) input.remove_prefix(2);
        if (input == "\r") return offered - input.size();
    }

    while (!input.empty() && (state_ == State::head || state_ == State::body)) {
        boost::system::error_code error;
        const std::size_t taken = beast.put(boost::asio::buffer(input.data(), input.size()), error);
        input.remove_prefix(taken);
        if (error == http::error::need_more) {
            // What the parser cannot get on with is an unfinished head, chunk header or trailer.
            if (input.size() >= limits_.head_bytes) refuse(head_too_large);
            break;
        }
        if (error == http::error::header_limit) {
            refuse(head_too_large);
        } else if (error == http::error::body_limit) {
            refuse(body_too_large);
        } else if (error == http::error::bad_transfer_encoding) {
            refuse(unknown_encoding);
        } else if (error) {
            refuse(malformed);
        } else {
            if (state_ == State::head && beast.is_header_done()) finish_head();
            if (state_ == State::body && beast.is_done()) state_ = State::complete;
        }
    }
    return offered - input.size();
}

void RequestReader::finish_head() {
    const auto& head = parser_->beast.get();
    if (std::distance(head.begin(), head.end()) > static_cast<std::ptrdiff_t>(limits_.head_fields)) return refuse(head_too_large);
    if (head.version() >= 11 && head.count(http::field::host) != 1) return refuse(malformed);

    request_.method = method_of(head.method());
    request_.target = std::string(head.target());
    const std::string_view target = path_and_query(request_.target);
    if (target.empty()) return refuse(malformed);
    const auto question_mark = target.find('?');
    request_.path = std::string(target.substr(0, question_mark));
    if (question_mark != target.npos && !read_query(target.substr(question_mark + 1), request_.query)) return refuse(bad_query);
    for (const auto& field : head) request_.headers.add(std::string(field.name_string()), std::string(field.value()));

    body_limit_ = limits_.body_limit ? limits_.body_limit(request_, limits_.body_bytes) : limits_.body_bytes;
    const auto announced = parser_->beast.content_length();
    if (announced && *announced > body_limit_) return refuse(body_too_large);
    if (announced) body_limit_ = *announced;
    parser_->beast.body_limit(body_limit_);
    parser_->beast.eager(true);

    if (const auto expect = request_.headers.find("Expect"); expect && head.version() >= 11) {
        if (!boost::beast::iequals(*expect, "100-continue")) return refuse(unknown_expectation);
        wants_continue_ = true;
    }
    state_ = State::body;
}

void RequestReader::refuse(EdgeRefusal why) {
    refusal_ = why;
    state_ = State::refused;
}

bool RequestReader::wants_continue() { return std::exchange(wants_continue_, false) && state_ == State::body; }

bool RequestReader::keep_alive() const { return state_ == State::complete && parser_->beast.get().keep_alive(); }

bool RequestReader::is_http_1_0() const { return parser_->beast.is_header_done() && parser_->beast.get().version() < 11; }

std::uint64_t RequestReader::body_length() const { return body_limit_; }

Request RequestReader::take() {
    request_.body = std::move(parser_->beast.get().body());
    return std::move(request_);
}

}  // namespace runde::net
