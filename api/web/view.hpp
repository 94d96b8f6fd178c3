#pragma once
#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.hpp"
#include "api/web/html.hpp"
#include "api/web/phrase.hpp"
#include "core/selfhelp/texts.hpp"
#include "storage/organisation.hpp"

namespace runde::api::web {

/// What every page shows of the node it belongs to.
struct Site {
    std::string name;         ///< Of the organisation; of the server until there is one.
    std::string server_name;
    std::string quick_exit;   ///< Where the quick exit leads.
    std::string contact;      ///< An e-mail address; empty: none is known.
    std::optional<storage::OrganisationRow> organisation = {};  ///< Absent until it has been set up.
    bool over_tls = false;    ///< Readers come over TLS, so cookies may say so.
};

/// One page on its way to one reader: in which words, and what the reader's browser has sent along.
class View {
public:
    /// `site` as far as it is known without the database.
    View(const net::Request& request, const Services& services);

    Site site;
    Tone tone() const { return tone_; }
    bool german() const { return tone_ != Tone::en; }
    /// The register of the texts that the organisation and its groups write.
    selfhelp::Register text_register() const;
    /// The path of this page, without its query.
    const std::string& path() const { return path_; }
    /// This page is the answer to a form, not one that was asked for.
    bool answers_form() const { return answers_form_; }
    /// Drawn in answer to a form: where the same is seen by GET. Links to this page (in other words, once more) lead there.
    void seen_at(std::string path) { path_ = std::move(path), query_.clear(); }

    std::string_view say(const Phrase& phrase) const { return phrase.in(tone_); }
    template <class... Args>
    std::string say(const Phrase& phrase, const Args&... args) const {
        return fmt::format(fmt::runtime(phrase.in(tone_)), args...);
    }

    /// "Dienstag, 24. November 2026, 18:30 Uhr" in the time of Germany; `ms` since 1970.
    std::string date_and_time(std::int64_t ms) const;
    /// "14 Tage", of milliseconds.
    std::string days(std::int64_t ms) const;
    /// "24. November 2026"
    std::string date(std::int64_t ms) const;

    /// The reader's cookie of this name.
    std::optional<std::string> cookie(std::string_view name) const;
    enum class Lives { session, year };
    /// Readable by scripts: only the choice of words, which the members' page shares.
    enum class Script { no, yes };
    void set_cookie(std::string_view name, std::string_view value, Lives lives, Script script = Script::no,
                    std::string_view path = "/");
    void drop_cookie(std::string_view name, std::string_view path = "/");

    /// What a form carries so that no other website can send it in the reader's name: the value of a cookie that only this
    /// server can read, once more in the form. Makes the cookie on first use.
    const std::string& form_token();
    /// For links that show this page in other words.
    std::string with_tone(std::string_view name) const;

    /// The cookies as header lines.
    void put_cookies(net::Headers& headers) const;

private:
    std::string path_, query_;
    std::string cookies_sent_;
    std::vector<std::string> cookies_set_;
    std::string form_token_;
    bool answers_form_;
    Tone tone_;
};

/// A view that knows the organisation.
net::Task<View> open_view(const Call& call, Services& services);

/// A text as organisations and groups write it (core/selfhelp/texts): an empty line begins a paragraph, "# " a heading, "- " an
/// item of a list. `level`: of the headings, 2 or 3.
Html prose(std::string_view text, int level = 2);

/// The document around a page.
struct Page {
    std::string_view title;   ///< Of the window: the kind of page, never a group. Browsers keep it in their history.
    Html body;                ///< With its h1.
    int status = 200;
    bool session = false;     ///< A visit begins with it: the quick exit ends that, as on every page that its cookie is sent to.
};
net::Response answer(View& view, Page page);

/// What the domain refused, as one language says it. Our refusals are "German. / English."; what is neither is meant for those
/// who write programs, and said in the words that its reason has for everybody.
std::string words_of(const View& view, const schema::Refusal& refusal);

/// Where to find what is not a page.
struct OpenAssets {
    std::string style, script, icon;
};
const OpenAssets& open_assets();

/// True for a request that a person's browser makes for a page: refusals are then answered with a page, too.
bool wants_page(const net::Request& request);
net::Response refusal_page(const net::Request& request, const Services& services, const schema::Refusal& refusal);
net::Response fault_page(const net::Request& request, const Services& services);

}  // namespace runde::api::web
