#include "api/router.hpp"

#include <array>
#include <stdexcept>

namespace runde::api {

using schema::Reason;
using schema::Refusal;

namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    segments.reserve(12);
    if (path.starts_with('/')) path.remove_prefix(1);
    for (;;) {
        const auto slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == path.npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

std::string decoded_parameter(const std::string& name, std::string_view raw) {
    auto text = net::percent_decode(raw);
    if (!text || text->find('\0') != std::string::npos || !schema::is_utf8(*text))
        throw Refusal(Reason::invalid_param, name + " in the path is not properly encoded text");
    return *std::move(text);
}

constexpr std::size_t methods = static_cast<std::size_t>(net::Method::other) + 1;

}  // namespace

struct Router::Node {
    /// Where a pattern ends: its routes by method. Patterns that differ only in the names of their parameters
    /// end at the same node, so the names stand beside each route.
    struct End {
        const Route* route = nullptr;
        std::vector<std::string> names;
    };
    using Ends = std::array<End, methods>;

    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::unique_ptr<Ends> ends;
    std::unique_ptr<Ends> rest_ends;  ///< Of patterns that end in {name*} here.

    static const Ends* find(const Node& node, std::span<const std::string_view> path, std::string_view whole,
                            std::vector<std::string_view>& values);
};

/// Where `path` (what is left of the segments of `whole`) leads; `values` collects its parameters.
const Router::Node::Ends* Router::Node::find(const Node& node, std::span<const std::string_view> path, std::string_view whole,
                                             std::vector<std::string_view>& values) {
    if (path.empty()) return node.ends.get();
    const std::string_view segment = path.front();
    if (const auto literal = node.literals.find(segment); literal != node.literals.end())
        if (const auto* ends = find(*literal->second, path.subspan(1), whole, values)) return ends;
    const bool last = path.size() == 1;
    if (node.parameter && (!segment.empty() || last)) {
        values.push_back(segment);
        if (const auto* ends = find(*node.parameter, path.subspan(1), whole, values)) return ends;
        values.pop_back();
    }
    if (node.rest_ends) {
        values.push_back(whole.substr(static_cast<std::size_t>(segment.data() - whole.data())));
        return node.rest_ends.get();
    }
    return nullptr;
}

Router::Router() : root_(std::make_shared<Node>()) {}

void Router::add(std::span<const Route> routes) {
    for (const Route& added : routes) {
        const Route& route = routes_.emplace_back(added);
        Node* node = root_.get();
        Node::End end{&route, {}};
        bool takes_rest = false;
        for (const auto segment : split(route.pattern)) {
            if (!segment.starts_with('{')) {
                auto& next = node->literals[std::string(segment)];
                if (!next) next = std::make_unique<Node>();
                node = next.get();
                continue;
            }
            takes_rest = segment.ends_with("*}");
            end.names.emplace_back(segment.substr(1, segment.size() - (takes_rest ? 3 : 2)));
            if (takes_rest) break;
            if (!node->parameter) node->parameter = std::make_unique<Node>();
            node = node->parameter.get();
        }
        auto& ends = takes_rest ? node->rest_ends : node->ends;
        if (!ends) ends = std::make_unique<Node::Ends>();
        auto& slot = (*ends)[static_cast<std::size_t>(route.method)];
        if (slot.route) throw std::logic_error("two routes for " + std::string(route.pattern));
        slot = std::move(end);
    }
}

Router::Match Router::match(net::Method method, std::string_view path) const {
    Match match{nullptr, false, {}};
    auto segments = split(path);
    // What is v3 now was r0 until Matrix 1.1, and older libraries (matrix-nio in Debian 12) still say so.
    if (segments.size() > 3 && segments[0] == "_matrix" && segments[1] == "client" && segments[2] == "r0") segments[2] = "v3";
    std::vector<std::string_view> values;
    const auto* ends = Node::find(*root_, segments, path, values);
    if (!ends) return match;
    match.known_path = true;
    const auto wanted = method == net::Method::head ? net::Method::get : method;
    const auto& end = (*ends)[static_cast<std::size_t>(wanted)];
    if (!end.route) return match;
    match.route = end.route;
    for (std::size_t i = 0; i < end.names.size(); ++i)
        match.params.emplace(end.names[i], decoded_parameter(end.names[i], values[i]));
    return match;
}

}  // namespace runde::api
