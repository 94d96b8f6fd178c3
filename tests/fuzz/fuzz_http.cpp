// The HTTP edge: whatever comes, in whatever pieces, is read the same way or refused, and what is read can be
// routed.
#include <algorithm>
#include <cstdint>
#include <string>

#include "api/router.hpp"
#include "net/request_reader.hpp"
#include "tests/fuzz/claim.hpp"

using namespace runde;
using net::RequestReader;

namespace {

const net::HttpLimits& limits() {
    static const net::HttpLimits small = [] {
        net::HttpLimits made;
        made.body_bytes = 300;
        return made;
    }();
    return small;
}

struct Reading {
    RequestReader::State state;
    net::Request request;
    std::size_t taken;
};

/// As a connection does it: what was not taken is given again with what follows.
Reading read_in_pieces(std::string_view input, std::size_t piece) {
    RequestReader reader(limits());
    std::string pending;
    std::size_t taken = 0;
    for (std::size_t at = 0;
         at < input.size() && (reader.state() == RequestReader::State::head || reader.state() == RequestReader::State::body);
         at += piece) {
        pending += input.substr(at, piece);
        const auto now = reader.feed(pending);
        CLAIM(now <= pending.size());
        pending.erase(0, now);
        taken += now;
    }
    Reading reading{reader.state(), {}, taken};
    if (reading.state == RequestReader::State::refused) {
        CLAIM(reader.refusal().status >= 400 && reader.refusal().status < 600);
        CLAIM(!reader.keep_alive());
    }
    if (reading.state == RequestReader::State::complete) reading.request = reader.take();
    return reading;
}

const api::Router& router() {
    static const api::Router made = [] {
        static constexpr api::Route routes[] = {
            {net::Method::get, "/a/{b}/c/{d}", api::Access::anyone, api::Rate::none, nullptr, ""},
            {net::Method::put, "/a/{b}/{e*}", api::Access::anyone, api::Rate::none, nullptr, ""},
        };
        api::Router all;
        all.add(routes);
        return all;
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::size_t piece = std::max<std::size_t>(1, data[0]);
    const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
    const auto whole = read_in_pieces(input, input.size() + 1);
    const auto pieces = read_in_pieces(input, piece);
    if (whole.state != RequestReader::State::complete) return 0;

    CLAIM(pieces.state == RequestReader::State::complete);
    CLAIM(pieces.taken == whole.taken);
    const auto &a = whole.request, &b = pieces.request;
    CLAIM(a.method == b.method && a.target == b.target && a.path == b.path && a.body == b.body && a.query == b.query);
    CLAIM(std::ranges::equal(a.headers, b.headers));
    CLAIM(a.body.size() <= limits().body_bytes);
    CLAIM(a.path.starts_with('/') || a.path == "*");
    try {
        const auto match = router().match(a.method, a.path);
        if (match.route)
            for (const auto& [name, value] : match.params) CLAIM(schema::is_utf8(value));
    } catch (const schema::Refusal& refusal) {
        CLAIM(refusal.reason == schema::Reason::invalid_param);
    }
    return 0;
}
