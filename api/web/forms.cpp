#include "api/web/forms.hpp"

#include <algorithm>

#include "api/web/texts/frame.hpp"
#include "schema/signing.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t most_fields = 100;

std::string trimmed(std::string text) {
    std::erase(text, '\r');
    const auto blank = " \t\n";
    const auto from = text.find_first_not_of(blank);
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(blank) - from + 1);
}

std::string decoded(std::string_view text) {
    auto plain = net::percent_decode(text, true);
    if (!plain || !schema::is_utf8(*plain) || plain->find('\0') != plain->npos)
        throw Refusal(Reason::invalid_param, "The form is not properly encoded text");
    return *std::move(plain);
}

/// What belongs below the label, and the attributes that tie it to the field.
struct Around {
    Html label_more, below;
    Attributes attributes;
};

Around around(const View& view, const FormData& form, const Field& field) {
    Around made;
    std::string described;
    if (!field.required) made.label_more = html(" <span class=\"muted\">({})</span>", view.say(texts::optional_field));
    if (!field.hint.empty()) {
        made.below += html("<p class=\"hint\" id=\"{}-hinweis\">{}</p>", field.name, field.hint);
        described += field.name + "-hinweis ";
    }
    if (!field.why.empty()) {
        made.below += html("<p class=\"hint\" id=\"{}-grund\"><b>{}</b> {}</p>", field.name, view.say(texts::why_asked), field.why);
        described += field.name + "-grund ";
    }
    const auto problem = form.problem(field.name);
    if (!problem.empty()) {
        made.below += html("<p class=\"problem\" id=\"{}-fehler\">{}</p>", field.name, problem);
        described += field.name + "-fehler";
        made.attributes = attribute("aria-invalid", "true");
    }
    if (!described.empty()) made.attributes = made.attributes + attribute("aria-describedby", trimmed(described));
    return made;
}

}  // namespace

FormData::FormData(const Call& call, View& view, Stale stale) {
    const auto& request = call.request();
    const auto type = request.headers.find("Content-Type");
    if (!type || !type->starts_with("application/x-www-form-urlencoded"))
        throw Refusal(Reason::invalid_param, "This is not a form");
    const auto site = request.headers.find("Sec-Fetch-Site");
    if (site && *site != "same-origin" && *site != "none")
        throw Refusal(Reason::forbidden, std::string(view.say(texts::stale_form)));

    std::string_view rest = request.body;
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const auto pair = rest.substr(0, end);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = decoded(pair.substr(0, equals));
        auto text = decoded(pair.substr(std::min(equals + 1, pair.size())));
        if (raw_.size() >= most_fields) throw Refusal(Reason::too_large, "");
        values_.insert_or_assign(name, trimmed(text));
        raw_.insert_or_assign(std::move(name), std::move(text));
    }

    // The token that the form carries must be the one in the cookie, which no other website can read or set.
    const auto in_form = value("formular");
    if (!in_form.empty() && schema::equal_in_constant_time(in_form, view.form_token())) return;
    if (in_form.empty() || stale == Stale::refuse) throw Refusal(Reason::forbidden, std::string(view.say(texts::stale_form)));
    complain("", std::string(view.say(texts::form_redrawn)));
}

const std::string& FormData::value(std::string_view name) const {
    static const std::string nothing;
    const auto found = values_.find(name);
    return found == values_.end() ? nothing : found->second;
}

const std::string& FormData::raw(std::string_view name) const {
    static const std::string nothing;
    const auto found = raw_.find(name);
    return found == raw_.end() ? nothing : found->second;
}

std::string FormData::problem(std::string_view field) const {
    const auto found = std::ranges::find(problems_, field, &Problem::field);
    return found == problems_.end() ? std::string() : found->text;
}

Html token_field(View& view) { return html("<input type=\"hidden\" name=\"formular\" value=\"{}\">", view.form_token()); }

Html input(const View& view, const FormData& form, const Field& field) {
    const auto parts = around(view, form, field);
    auto more = parts.attributes + flag("required", field.required) + attribute("maxlength", std::to_string(field.longest));
    // A password is never sent back to the page.
    if (field.type != "password") more = more + attribute("value", form.value(field.name));
    return html(
        R"(<div class="field"><label for="{}">{}{}</label>{}<input id="{}" name="{}" type="{}" autocomplete="{}" {}></div>)",
        field.name, field.label, parts.label_more, parts.below, field.name, field.name, field.type, field.autocomplete, more);
}

Html text_area(const View& view, const FormData& form, const Field& field) {
    const auto parts = around(view, form, field);
    const auto more = parts.attributes + flag("required", field.required) + attribute("maxlength", std::to_string(field.longest));
    return html(R"(<div class="field"><label for="{}">{}{}</label>{}<textarea id="{}" name="{}" rows="5" {}>{}</textarea></div>)",
                field.name, field.label, parts.label_more, parts.below, field.name, field.name, more, form.value(field.name));
}

Html radios(const View& view, const FormData& form, const Field& field, const std::vector<Choice>& choices) {
    const auto parts = around(view, form, field);
    const auto shown = each(choices, [&](const Choice& choice) {
        // The first one carries the field's own id, so that the summary of problems leads to it.
        const auto id = &choice == &choices.front() ? field.name : field.name + '-' + choice.value;
        return html(R"(<label class="check choice"><input type="radio" id="{}" name="{}" value="{}" {}><span>{}{}</span></label>)",
                    id, field.name, choice.value,
                    flag("checked", form.value(field.name) == choice.value) + flag("required", field.required), choice.label,
                    choice.hint.empty() ? Html() : html(" <span class=\"hint\">{}</span>", choice.hint));
    });
    return html(R"(<fieldset class="field" {}><legend>{}{}</legend>{}{}</fieldset>)", parts.attributes, field.label,
                parts.label_more, parts.below, shown);
}

Html checkbox(const View& view, const FormData& form, const Field& field) {
    const auto parts = around(view, form, field);
    return html(
        R"(<div class="field"><label class="check"><input type="checkbox" id="{}" name="{}" value="ja" {}><span>{}</span></label>{}</div>)",
        field.name, field.name, parts.attributes + flag("required", field.required) + flag("checked", form.checked(field.name)),
        field.label, parts.below);
}

Html select(const View& view, const FormData& form, const Field& field, const std::vector<Choice>& choices) {
    const auto parts = around(view, form, field);
    const auto shown = each(choices, [&](const Choice& choice) {
        return html(R"(<option value="{}" {}>{}</option>)", choice.value, flag("selected", form.value(field.name) == choice.value),
                    choice.label);
    });
    return html(R"(<div class="field"><label for="{}">{}{}</label>{}<select id="{}" name="{}" {}>{}</select></div>)", field.name,
                field.label, parts.label_more, parts.below, field.name, field.name, parts.attributes, shown);
}

Html problem_summary(const View& view, const FormData& form) {
    if (form.is_fine()) return {};
    const auto shown = each(form.problems(), [](const FormData::Problem& problem) {
        if (problem.field.empty()) return html("<li>{}</li>", problem.text);
        return html("<li><a href=\"{}\">{}</a></li>", Url('#' + problem.field), problem.text);
    });
    return html(R"(<div class="notice problems" role="alert" tabindex="-1" autofocus><h2>{}</h2><ul>{}</ul></div>)",
                view.say(texts::problems_title), shown);
}

net::Response see_other(const View& view, std::string path) {
    auto response = net::Response::redirect(std::move(path), 303);
    view.put_cookies(response.headers);
    response.headers.set("Cache-Control", "no-store");
    return response;
}

}  // namespace runde::api::web
