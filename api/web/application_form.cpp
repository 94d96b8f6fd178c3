#include "api/web/application_form.hpp"

#include "api/web/texts/application.hpp"
#include "core/selfhelp/words.hpp"
#include "net/mail.hpp"

namespace runde::api::web {

using selfhelp::admission::FieldKind;
using Question = selfhelp::admission::Field;

namespace {

/// Fields of the group's own stand apart from ours by name.
std::string name_of(const Question& question) { return "f-" + question.id; }

const std::string& in_words(const View& view, const std::string& german, const std::string& english) {
    return view.german() || english.empty() ? german : english;
}
const std::string& label_of(const View& view, const Question& question) {
    return in_words(view, question.label, question.label_en);
}

Html show(const View& view, const FormData& form, const Question& question) {
    Field field{.name = name_of(question),
                .label = label_of(view, question),
                .why = in_words(view, question.reason, question.reason_en),
                .required = question.required,
                .longest = selfhelp::admission::longest_answer};
    switch (question.kind) {
        case FieldKind::line: return input(view, form, field);
        case FieldKind::text: return text_area(view, form, field);
        case FieldKind::choice:
        case FieldKind::yes_no: break;
    }
    std::vector<Choice> choices;
    if (question.kind == FieldKind::yes_no)
        choices = {{"ja", std::string(view.say(texts::yes))}, {"nein", std::string(view.say(texts::no))}};
    else
        for (const auto& choice : question.choices) choices.push_back({choice, choice});
    if (!question.required) choices.push_back({"", std::string(view.say(texts::no_answer))});
    return radios(view, form, field, choices);
}

}  // namespace

Html application_fields(const View& view, const FormData& form, const std::vector<Question>& questions) {
    return html(
        R"(<section class="stack"><h2>{}</h2>{}</section><section class="stack"><h2>{}</h2><p class="hint">{}</p>{}{}</section>)",
        view.say(texts::questions_part), each(questions, [&](const Question& question) { return show(view, form, question); }),
        view.say(texts::contact_part), view.say(texts::contact_lead),
        input(view, form,
              {.name = "email",
               .label = std::string(view.say(texts::email)),
               .why = std::string(view.say(texts::email_why)),
               .required = false,
               .type = "email",
               .autocomplete = "email",
               .longest = 254}),
        input(view, form,
              {.name = "telefon",
               .label = std::string(view.say(texts::phone)),
               .why = std::string(view.say(texts::phone_why)),
               .required = false,
               .type = "tel",
               .autocomplete = "tel",
               .longest = 40}));
}

selfhelp::ApplicationForm read_application(const View& view, FormData& form, std::string group,
                                           const std::vector<Question>& questions) {
    selfhelp::ApplicationForm wish{
        .group = std::move(group), .answers = {}, .email = std::nullopt, .phone = std::nullopt, .way = view.text_register()};
    for (const auto& question : questions) {
        const auto& said = form.value(name_of(question));
        if (said.empty()) {
            if (question.required) form.complain(name_of(question), view.say(texts::answer_missing, label_of(view, question)));
            continue;
        }
        if (selfhelp::count_characters(said) > selfhelp::admission::longest_answer)
            form.complain(name_of(question), view.say(texts::too_long, selfhelp::admission::longest_answer));
        if (question.kind == FieldKind::yes_no)
            wish.answers[question.id] = said == "ja";
        else
            wish.answers[question.id] = said;
    }
    if (const auto& email = form.value("email"); !email.empty()) wish.email = email;
    if (const auto& phone = form.value("telefon"); !phone.empty()) wish.phone = phone;
    try {
        selfhelp::admission::read_contact(wish.email, std::nullopt);
    } catch (const schema::Refusal&) {
        form.complain("email", std::string(view.say(texts::email_wrong)));
    }
    try {
        selfhelp::admission::read_contact(std::nullopt, wish.phone);
    } catch (const schema::Refusal&) {
        form.complain("telefon", std::string(view.say(texts::phone_wrong)));
    }
    return wish;
}

FormData filled_in(const std::vector<Question>& questions, const storage::ApplicationRow& application) {
    FormData form;
    const auto answers = schema::parse_json(application.answers).as_object();
    for (const auto& question : questions) {
        const auto* answer = answers.if_contains(question.id);
        if (!answer) continue;
        if (answer->is_bool())
            form.set(name_of(question), answer->get_bool() ? "ja" : "nein");
        else if (answer->is_string())
            form.set(name_of(question), std::string(answer->get_string()));
    }
    form.set("email", application.email.value_or(""));
    form.set("telefon", application.phone.value_or(""));
    return form;
}

std::string answer_in_words(const View& view, const Question& question, const schema::JsonObject& answers) {
    const auto* answer = answers.if_contains(question.id);
    if (!answer) return {};
    if (answer->is_bool()) return std::string(view.say(answer->get_bool() ? texts::yes : texts::no));
    return answer->is_string() ? std::string(answer->get_string()) : std::string();
}

}  // namespace runde::api::web
