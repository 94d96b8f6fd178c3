#include "api/web/pages.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "api/web/view.hpp"
#include "schema/embedded.hpp"
#include "schema/signing.hpp"

namespace runde::api::web {

namespace {

/// A file of the page as it goes over the wire.
struct Asset {
    net::Bytes plain;
    net::Bytes gzip;      ///< Null where the build made no compressed twin.
    std::string etag;     ///< With its quotes.
    std::string_view type;
};

// No inline script or style, nothing from elsewhere, no framing: a post can never become more than text.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

std::string_view media_type(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> types{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".wasm", "application/wasm"},
    }};
    for (const auto& [ending, type] : types)
        if (name.ends_with(ending)) return type;
    return "application/octet-stream";
}

/// Style and script of the open pages. The style is what the members' page has, and what only these need, in one file.
using OpenFiles = std::vector<std::pair<std::string, Asset>>;
OpenFiles load_open_assets() {
    std::map<std::string, std::string> contents;  // By ending; the folder is sorted: base.css before open.css.
    for (const auto& file : embedded::open()) contents[std::string(file.name.substr(file.name.find('.')))] += file.bytes;
    OpenFiles files;
    for (auto& [ending, content] : contents) {
        // The name says what is in it, so that whoever has it has it for ever.
        auto hash = schema::base64_url(schema::sha256(content)).substr(0, 12);
        files.push_back({"assets/seite-" + hash + ending,
                         Asset{net::bytes(std::move(content)), nullptr, '"' + hash + '"', media_type(ending)}});
    }
    return files;
}

const OpenFiles& open_files() {
    static const auto files = load_open_assets();
    return files;
}

std::map<std::string_view, Asset> load_assets() {
    std::map<std::string_view, Asset> assets;
    std::map<std::string_view, net::Bytes> compressed;
    for (const auto& file : embedded::web()) {
        auto bytes = net::bytes(std::string(file.bytes));
        if (file.name.ends_with(".gz")) {
            compressed.emplace(file.name.substr(0, file.name.size() - 3), std::move(bytes));
            continue;
        }
        auto etag = '"' + std::string(file.sha256.substr(0, 32)) + '"';
        assets.emplace(file.name, Asset{std::move(bytes), nullptr, std::move(etag), media_type(file.name)});
    }
    for (const auto& [name, asset] : open_files()) assets.emplace(name, asset);
    for (auto& [name, bytes] : compressed)
        if (const auto asset = assets.find(name); asset != assets.end()) asset->second.gzip = std::move(bytes);
    return assets;
}

const Asset* find_asset(std::string_view name) {
    static const auto assets = load_assets();
    const auto found = assets.find(name);
    return found == assets.end() ? nullptr : &found->second;
}

/// Whether a list header ("gzip, br;q=0.5") names `wanted` without refusing it by q=0.
bool lists(std::string_view header, std::string_view wanted) {
    while (!header.empty()) {
        const auto comma = header.find(',');
        auto item = header.substr(0, comma);
        header.remove_prefix(comma == header.npos ? header.size() : comma + 1);
        item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
        const auto name = item.substr(0, item.find_first_of("; \t"));
        if (name != wanted) continue;
        const auto quality = item.find("q=0");
        const bool refused = quality != item.npos && item.find_first_not_of("0.", quality + 2) == item.npos;
        return !refused;
    }
    return false;
}

void add_safety(net::Headers& headers) {
    headers.set("Content-Security-Policy", std::string(content_security_policy));
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
}

net::Response serve(const net::Request& request, const Asset& asset, std::string_view caching) {
    net::Response response;
    add_safety(response.headers);
    response.headers.set("Cache-Control", std::string(caching));
    response.headers.set("ETag", asset.etag);
    response.headers.set("Vary", "Accept-Encoding");
    const auto known = request.headers.find("If-None-Match");
    if (known && (*known == "*" || known->find(asset.etag) != known->npos)) {
        response.status = 304;
        return response;
    }
    response.headers.set("Content-Type", std::string(asset.type));
    const auto accepted = request.headers.find("Accept-Encoding");
    if (asset.gzip && accepted && lists(*accepted, "gzip")) {
        response.headers.set("Content-Encoding", "gzip");
        response.body.push_back(asset.gzip);
    } else {
        response.body.push_back(asset.plain);
    }
    return response;
}

net::Response not_built() {
    auto response = net::Response::html(
        "<!doctype html><html lang=\"de\"><meta charset=\"utf-8\"><title>Runde</title><h1>Runde</h1>"
        "<p>Der Server läuft; die Seite der Mitglieder wurde nicht mitgebaut. Jede Matrix-App funktioniert.</p>"
        "<p lang=\"en\">The server is running; the members' page was not built into it (it needs Node.js at build time: "
        "deploy/build release). Every Matrix app works.</p></html>\n",
        404);
    add_safety(response.headers);
    return response;
}

// The page's own router finds out what the path means, so the document is the same for all. It is small and asked for
// anew each time, because it names the current scripts.
net::Task<net::Response> get_page(const Call& call, Services&) {
    const auto* document = find_asset("index.html");
    co_return document ? serve(call.request(), *document, "no-cache") : not_built();
}

// Names under /assets/ carry a hash of the content: whoever has one has it for ever.
net::Task<net::Response> get_asset(const Call& call, Services&) {
    const auto* asset = find_asset("assets/" + call.param("file"));
    if (!asset) throw schema::Refusal(schema::Reason::not_found, "There is no such file");
    co_return serve(call.request(), *asset, "public, max-age=31536000, immutable");
}

constexpr Route page(std::string_view pattern) {
    return {net::Method::get, pattern, Access::anyone, Rate::none, get_page, "web/src/state/router.svelte.ts"};
}

constexpr Route routes[] = {
    page("/mitglieder"),
    page("/team"),
    page("/team/{rest*}"),
    page("/anmelden"),
    page("/registrieren"),
    page("/konto"),
    page("/hilfe"),
    page("/suche"),
    page("/forum-anlegen"),
    page("/forum/{rest*}"),
    page("/chat/{rest*}"),
    page("/r/{rest*}"),
    {net::Method::get, "/assets/{file}", Access::anyone, Rate::none, get_asset, "web/vite.config.ts"},
};

}  // namespace

const OpenAssets& open_assets() {
    static const auto assets = [] {
        OpenAssets found;
        for (const auto& [name, asset] : open_files())
            (name.ends_with(".css") ? found.style : name.ends_with(".js") ? found.script : found.icon) = '/' + name;
        return found;
    }();
    return assets;
}

std::span<const Route> page_routes() { return routes; }

}  // namespace runde::api::web
