#include "api/web/view.hpp"

#include <algorithm>

#include "api/discovery.hpp"
#include "api/services.hpp"
#include "api/web/dates.hpp"
#include "core/accounts/accounts.hpp"
#include "schema/signing.hpp"
#include "storage/database.hpp"

namespace runde::api::web {

namespace {

constexpr std::string_view tone_cookie = "runde_sprache";
constexpr std::string_view form_cookie = "runde_formular";
constexpr std::size_t form_token_length = 32;

std::optional<Tone> tone_named(std::string_view name) {
    if (name == "sie") return Tone::sie;
    if (name == "du") return Tone::du;
    if (name == "leicht") return Tone::leicht;
    if (name == "en") return Tone::en;
    return std::nullopt;
}

}  // namespace

View::View(const net::Request& request, const Services& services)
    : path_(request.path), answers_form_(request.method == net::Method::post) {
    const auto& discovery = services.discovery;
    site.server_name = services.accounts.options.server_name.str();
    site.name = site.server_name;
    site.quick_exit = discovery.quick_exit;
    site.over_tls = request.tls || discovery.base_url.starts_with("https://");
    for (const auto& contact : discovery.contacts)
        if (site.contact.empty()) site.contact = contact.email_address;

    if (const auto sent = request.headers.find("Cookie")) cookies_sent_ = *sent;
    for (const auto& [name, value] : request.query)
        if (name != "lang") query_ += net::percent_encode(name) + '=' + net::percent_encode(value) + '&';

    tone_ = Call::language_of(request) == "en" ? Tone::en : Tone::sie;
    if (const auto kept = cookie(tone_cookie)) tone_ = tone_named(*kept).value_or(tone_);
    if (const auto wanted = request.query_value("lang"))
        if (const auto chosen = tone_named(*wanted)) {
            tone_ = *chosen;
            set_cookie(tone_cookie, *wanted, Lives::year, Script::yes);
        }
}

selfhelp::Register View::text_register() const {
    switch (tone_) {
        case Tone::sie: return selfhelp::Register::sie;
        case Tone::du: return selfhelp::Register::du;
        case Tone::leicht: return selfhelp::Register::leicht;
        case Tone::en: return selfhelp::Register::en;
    }
    return selfhelp::Register::sie;
}

std::string View::date_and_time(std::int64_t ms) const {
    const auto words = german() ? Words::german : Words::english;
    auto text = in_german_time(ms, Length::day_of_week, words) + ", " + in_german_time(ms, Length::time, words);
    return german() ? text + " Uhr" : text;
}

std::string View::days(std::int64_t ms) const {
    constexpr std::int64_t day = std::int64_t{24} * 3600 * 1000;
    const auto n = (ms + day / 2) / day;
    if (german()) return fmt::format("{} {}", n, n == 1 ? "Tag" : "Tage");
    return fmt::format("{} {}", n, n == 1 ? "day" : "days");
}

std::string View::date(std::int64_t ms) const { return in_german_time(ms, Length::day, german() ? Words::german : Words::english); }

std::optional<std::string> View::cookie(std::string_view name) const {
    std::string_view rest = cookies_sent_;
    while (!rest.empty()) {
        const auto end = rest.find(';');
        auto one = rest.substr(0, end);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        const auto equals = one.find('=');
        if (equals != one.npos && one.substr(0, equals) == name) return std::string(one.substr(equals + 1));
    }
    return std::nullopt;
}

void View::set_cookie(std::string_view name, std::string_view value, Lives lives, Script script, std::string_view path) {
    // The choice of words should hold for whoever follows a link from elsewhere, too; everything else is for our own pages alone.
    auto line = fmt::format("{}={}; Path={}; SameSite={}", name, value, path, script == Script::yes ? "Lax" : "Strict");
    if (lives == Lives::year) line += "; Max-Age=31536000";
    if (script == Script::no) line += "; HttpOnly";
    if (site.over_tls) line += "; Secure";
    cookies_set_.push_back(std::move(line));
}

void View::drop_cookie(std::string_view name, std::string_view path) {
    cookies_set_.push_back(
        fmt::format("{}=; Path={}; SameSite=Strict; Max-Age=0; HttpOnly{}", name, path, site.over_tls ? "; Secure" : ""));
}

const std::string& View::form_token() {
    if (!form_token_.empty()) return form_token_;
    const auto known = cookie(form_cookie);
    const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0; };
    if (known && known->size() == form_token_length && std::ranges::all_of(*known, is_plain)) return form_token_ = *known;
    form_token_ = schema::random_token(form_token_length);
    set_cookie(form_cookie, form_token_, Lives::session);
    return form_token_;
}

std::string View::with_tone(std::string_view name) const { return fmt::format("{}?{}lang={}", path_, query_, name); }

void View::put_cookies(net::Headers& headers) const {
    for (const auto& line : cookies_set_) headers.add("Set-Cookie", line);
}

net::Task<View> open_view(const Call& call, Services& services) {
    View view(call.request(), services);
    auto organisation = co_await services.db.read([](storage::Tx& tx) { return storage::find_organisation(tx); });
    if (organisation) {
        view.site.name = organisation->name;
        if (!organisation->contact_email.empty()) view.site.contact = organisation->contact_email;
        view.site.organisation = std::move(organisation);
    }
    co_return view;
}

}  // namespace runde::api::web
