#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/web/view.hpp"

namespace runde::api::web {

/// What a form without a script sends: application/x-www-form-urlencoded, and what is wrong with it.
class FormData {
public:
    /// What becomes of a form with a token that is not the reader's any more: after coming from another website their browser
    /// has not sent the cookie, so it has got a new one meanwhile.
    enum class Stale {
        refuse,
        redraw,  ///< It has a problem: nothing may be done, but it is shown once more with what was typed, and the new token.
    };
    /// Reads the body of a POST. Throws Refusal(invalid_param) for what no form of ours sends, (forbidden) when there is no form
    /// token, or (`refuse`) not the reader's (see View::form_token), or the browser says that another website has sent it.
    FormData(const Call& call, View& view, Stale stale = Stale::refuse);
    /// A form that nobody has filled in yet.
    FormData() = default;

    /// Without spaces around it; line ends are "\n". Empty when the field is not there.
    const std::string& value(std::string_view name) const;
    /// A secret, exactly as typed.
    const std::string& raw(std::string_view name) const;
    bool checked(std::string_view name) const { return !value(name).empty(); }
    void set(std::string name, std::string value) { values_.insert_or_assign(std::move(name), std::move(value)); }

    /// Notes that something about a field must be changed; the form is then shown again with the reasons.
    void complain(std::string_view field, std::string text) { problems_.push_back({std::string(field), std::move(text)}); }
    std::string problem(std::string_view field) const;
    struct Problem {
        std::string field, text;
    };
    const std::vector<Problem>& problems() const { return problems_; }
    bool is_fine() const { return problems_.empty(); }

private:
    std::map<std::string, std::string, std::less<>> values_, raw_;
    std::vector<Problem> problems_;
};

/// The start of every form that changes something: the hidden token.
Html token_field(View& view);

/// A field with its label, its hint (or why it is asked) and its problem, wired for screen readers.
struct Field {
    std::string name;
    std::string label;
    std::string hint = {};
    std::string why = {};  ///< The reason for asking: every question of ours has one.
    bool required = true;
    std::string type = "text";
    std::string autocomplete = "off";
    std::size_t longest = 200;  ///< Characters.
};
Html input(const View& view, const FormData& form, const Field& field);
Html text_area(const View& view, const FormData& form, const Field& field);

struct Choice {
    std::string value, label, hint = {};
};
Html radios(const View& view, const FormData& form, const Field& field, const std::vector<Choice>& choices);
Html checkbox(const View& view, const FormData& form, const Field& field);
Html select(const View& view, const FormData& form, const Field& field, const std::vector<Choice>& choices);

/// What is wrong, with links to the fields: first in the page and focused (WCAG 3.3.1). Nothing when all is fine.
Html problem_summary(const View& view, const FormData& form);

/// After a POST: the page that shows what has become of it, so that reloading sends nothing twice.
net::Response see_other(const View& view, std::string path);

}  // namespace runde::api::web
