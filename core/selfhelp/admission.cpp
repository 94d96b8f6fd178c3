#include "core/selfhelp/admission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <stdexcept>

#include "core/selfhelp/words.hpp"
#include "net/mail.hpp"
#include "schema/refusal.hpp"

namespace runde::selfhelp::admission {
namespace {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

struct NamedMode {
    Mode mode;
    std::string_view name;
};
constexpr NamedMode modes[] = {{Mode::open, "open"}, {Mode::on_request, "on_request"}, {Mode::with_interview, "with_interview"}};

constexpr std::string_view state_names[] = {"received", "interview", "waiting", "admitted", "declined", "withdrawn", "lapsed"};

[[noreturn]] void impossible(std::string text) { throw Refusal(Reason::bad_state, std::move(text)); }

/// One step in the making.
class Stepper {
public:
    Stepper(const Rules& rules, Application application, std::int64_t now)
        : rules_(rules), next_(std::move(application)), now_(now) {}

    Step take(const Event& event) {
        if (is_final(next_.state) && !std::holds_alternative<Wrote>(event) && !std::holds_alternative<ErasureAsked>(event))
            impossible("Diese Anfrage ist schon abgeschlossen. / This application has been decided already.");
        std::visit([this](const auto& what) { on(what); }, event);
        return {std::move(next_), std::move(log_)};
    }

private:
    void react() { next_.reaction = now_; }
    void enter(State state) {
        next_.state = state;
        if (is_final(state)) next_.decided = now_;
        log_.push_back(name_of(state));
    }

    void on(const Submitted&) {
        if (rules_.closed) impossible("Diese Gruppe nimmt niemanden mehr auf. / This group admits nobody any more.");
        if (!rules_.seat_free && !rules_.waiting_list)
            impossible("Diese Gruppe nimmt zurzeit niemanden auf. / This group admits nobody at the moment.");
        react();
        log_.push_back("received");
        if (rules_.mode == Mode::open) let_in();
    }
    void on(const Recognised&) {
        react();
        let_in();
    }
    void on(const Corrected&) {
        react();
        log_.push_back("corrected");
    }
    void on(const SlotPicked&) {
        if (next_.state == State::waiting || next_.interviewed)
            impossible("Ein Gespräch ist nicht mehr nötig. / No interview is needed any more.");
        react();
        next_.state = State::interview;
        log_.push_back("slot_picked");
    }
    void on(const SlotGivenBack&) {
        react();
        if (next_.state == State::interview) next_.state = State::received;
        log_.push_back("slot_given_back");
    }
    void on(const Interviewed&) {
        react();
        if (std::exchange(next_.interviewed, true)) return;
        log_.push_back("interviewed");
    }
    void on(const Voted& voted) {
        if (next_.state == State::waiting && voted.vote.admit)
            impossible("Das ist schon entschieden; es fehlt nur ein Platz. / That is decided; only a seat is missing.");
        if (voted.vote.admit && rules_.mode == Mode::with_interview && !next_.interviewed)
            impossible(
                "Diese Gruppe spricht mit allen, bevor sie kommen: Das Gespräch steht noch aus. / This group talks with "
                "everybody before they come: the interview is still to be held.");
        react();
        std::erase_if(next_.votes, [&](const Vote& vote) { return vote.by == voted.vote.by; });
        next_.votes.push_back(voted.vote);
        const auto agreeing =
            std::count_if(next_.votes.begin(), next_.votes.end(), [&](const Vote& vote) { return vote.admit == voted.vote.admit; });
        if (agreeing < rules_.deciders) return;
        if (voted.vote.admit) return let_in();
        enter(State::declined);
    }
    void on(const SeatOffered&) {
        if (next_.state != State::waiting || !rules_.seat_free) impossible("There is no seat.");
        enter(State::admitted);
    }
    void on(const Stays&) { react(); }
    void on(const Wrote&) {
        if (!is_final(next_.state)) react();
    }
    void on(const Withdrawn&) { enter(State::withdrawn); }
    void on(const ErasureAsked&) {
        if (!is_final(next_.state))
            impossible(
                "Darüber ist noch nicht entschieden: Ziehen Sie die Anfrage zurück. / This is not decided yet: withdraw it.");
        next_.erasure_asked = true;
    }
    void on(const TooQuiet&) { enter(State::lapsed); }

    void let_in() {
        if (rules_.closed) impossible("Diese Gruppe nimmt niemanden mehr auf. / This group admits nobody any more.");
        if (rules_.seat_free) return enter(State::admitted);
        if (!rules_.waiting_list)
            impossible(
                "Es ist kein Platz frei, und die Gruppe führt keine Warteliste. / There is no seat, and the group keeps "
                "no waiting list.");
        if (next_.state != State::waiting) enter(State::waiting);
    }

    const Rules& rules_;
    Application next_;
    const std::int64_t now_;
    std::vector<std::string_view> log_;
};

constexpr std::string_view kind_names[] = {"line", "text", "choice", "yes_no"};

std::optional<FieldKind> parse_kind(std::string_view name) {
    for (std::size_t i = 0; i < std::size(kind_names); ++i)
        if (kind_names[i] == name) return static_cast<FieldKind>(i);
    return std::nullopt;
}

std::string short_text(const JsonObject& field, std::string_view name, bool needed) {
    const auto text = schema::string_at(field, name);
    if (!text || text->empty()) {
        if (needed) throw Refusal(Reason::invalid_param, fmt::format("every field needs a {}", name));
        return {};
    }
    if (count_characters(*text) > longest_label) throw Refusal(Reason::too_large, fmt::format("{} is too long", name));
    return std::string(*text);
}

/// What nobody may be made to say: who they are, and where to find them.
bool asks_for_identity(std::string_view id) {
    constexpr std::string_view never[] = {"name",  "vorname", "nachname", "surname", "adresse",  "address",      "strasse",
                                          "email", "mail",    "telefon",  "phone",   "birthday", "geburtsdatum", "birthdate"};
    return std::find(std::begin(never), std::end(never), id) != std::end(never);
}

Field read_field(const JsonObject& json) {
    Field field;
    field.id = schema::string_at(json, "id").value_or("");
    if (field.id.empty() || field.id.size() > 40 ||
        field.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != field.id.npos)
        throw Refusal(Reason::invalid_param, "a field's id is a short word of a-z, 0-9 and _");
    const auto kind = parse_kind(schema::string_at(json, "kind").value_or("text"));
    if (!kind) throw Refusal(Reason::invalid_param, "kind is line, text, choice or yes_no");
    field.kind = *kind;
    field.label = short_text(json, "label", true);
    // https://eur-lex.europa.eu/eli/reg/2016/679: nothing is asked without a purpose (Art. 5(1)(b) and (c)).
    field.reason = short_text(json, "reason", true);
    field.label_en = short_text(json, "label_en", false);
    field.reason_en = short_text(json, "reason_en", false);
    field.required = schema::boolean_at(json, "required").value_or(false);
    if (field.required && asks_for_identity(field.id))
        throw Refusal(Reason::invalid_param, "name, address, birthday, mail and phone are never required");
    if (const auto* choices = schema::array_at(json, "choices")) {
        for (const auto& choice : *choices) {
            if (!choice.is_string() || choice.get_string().empty() || count_characters(choice.get_string()) > longest_label)
                throw Refusal(Reason::invalid_param, "a choice is a short text");
            field.choices.emplace_back(choice.get_string());
        }
    }
    if (field.choices.size() > most_choices || (field.kind == FieldKind::choice) != !field.choices.empty())
        throw Refusal(Reason::invalid_param, "a field of kind choice, and no other, has up to twenty choices");
    return field;
}

void check_answer(const Field& field, const schema::Json& answer) {
    const auto wrong = [&] { throw Refusal(Reason::invalid_param, fmt::format("the answer to {} does not fit", field.id)); };
    if (field.kind == FieldKind::yes_no) {
        if (!answer.is_bool()) wrong();
        return;
    }
    if (!answer.is_string()) wrong();
    const std::string_view text = answer.get_string();
    if (count_characters(text) > longest_answer)
        throw Refusal(Reason::too_large, fmt::format("Die Antwort auf „{}“ ist zu lang. / The answer to “{}” is too long.",
                                                     field.label, field.label_en.empty() ? field.label : field.label_en));
    if (text.find('\0') != text.npos) wrong();
    if (field.kind == FieldKind::line && text.find('\n') != text.npos) wrong();
    if (field.kind == FieldKind::choice && !text.empty() &&
        std::find(field.choices.begin(), field.choices.end(), text) == field.choices.end())
        wrong();
}

bool is_empty(const schema::Json& answer) { return answer.is_string() && answer.get_string().empty(); }

std::string calendar_time(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                       utc.tm_sec);
}

/// A line of a calendar file: escaped, folded after 75 bytes between characters (RFC 5545 3.1, 3.3.11).
std::string calendar_line(std::string_view name, std::string_view value) {
    std::string text(name);
    text += ':';
    for (const char c : value) {
        if (c == '\\' || c == ';' || c == ',') text += '\\';
        if (c == '\n')
            text += "\\n";
        else if (static_cast<unsigned char>(c) >= ' ')
            text += c;
    }
    std::string folded;
    std::string_view rest = text;
    while (rest.size() > 73) {
        std::size_t length = 73;
        while ((static_cast<unsigned char>(rest[length]) & 0xc0) == 0x80) --length;
        folded.append(rest.substr(0, length)).append("\r\n ");
        rest.remove_prefix(length);
    }
    return folded.append(rest).append("\r\n");
}

}  // namespace

std::string_view name_of(Mode mode) {
    for (const auto& known : modes)
        if (known.mode == mode) return known.name;
    return "";
}

std::optional<Mode> parse_mode(std::string_view name) {
    for (const auto& known : modes)
        if (known.name == name) return known.mode;
    return std::nullopt;
}

std::string_view name_of(State state) { return state_names[static_cast<std::size_t>(state)]; }

State parse_state(std::string_view name) {
    for (std::size_t i = 0; i < std::size(state_names); ++i)
        if (state_names[i] == name) return static_cast<State>(i);
    throw std::logic_error("a stored application has an unknown state");
}

Step step(const Rules& rules, const Application& application, const Event& event, std::int64_t now_ms) {
    return Stepper(rules, application, now_ms).take(event);
}

std::int64_t ends_at(const Application& application, const Deadlines& deadlines) {
    if (!application.decided) return application.reaction + deadlines.without_reaction;
    const bool at_once = application.erasure_asked || application.state == State::withdrawn || application.state == State::lapsed;
    return *application.decided + (at_once ? 0 : deadlines.after_decision);
}

std::vector<Field> default_form() {
    return {
        {.id = "anliegen",
         .kind = FieldKind::text,
         .label = "Was führt Sie zu uns?",
         .reason =
             "Damit wir sehen, ob diese Gruppe für Sie die richtige ist. Ein Satz genügt, und Sie dürfen das Feld leer lassen.",
         .label_en = "What brings you to us?",
         .reason_en =
             "So that we see whether this group is the right one for you. One sentence is enough, and you may leave it empty."}};
}

std::vector<Field> read_form(const JsonArray& json) {
    if (json.size() > most_fields) throw Refusal(Reason::invalid_param, "a form has at most eight fields");
    std::vector<Field> fields;
    std::set<std::string> ids;
    for (const auto& entry : json) {
        if (!entry.is_object()) throw Refusal(Reason::invalid_param, "a field is an object");
        fields.push_back(read_field(entry.get_object()));
        if (!ids.insert(fields.back().id).second) throw Refusal(Reason::invalid_param, "two fields have the same id");
    }
    return fields;
}

JsonArray to_json(const std::vector<Field>& fields) {
    JsonArray json;
    for (const auto& field : fields) {
        JsonObject entry{{"id", field.id},
                         {"kind", kind_names[static_cast<std::size_t>(field.kind)]},
                         {"label", field.label},
                         {"reason", field.reason},
                         {"required", field.required}};
        if (!field.label_en.empty()) entry["label_en"] = field.label_en;
        if (!field.reason_en.empty()) entry["reason_en"] = field.reason_en;
        if (!field.choices.empty()) {
            JsonArray choices;
            for (const auto& choice : field.choices) choices.emplace_back(choice);
            entry["choices"] = std::move(choices);
        }
        json.push_back(std::move(entry));
    }
    return json;
}

JsonObject read_answers(const std::vector<Field>& fields, const JsonObject& answers) {
    JsonObject kept;
    for (const auto& [id, answer] : answers) {
        const auto field =
            std::find_if(fields.begin(), fields.end(), [&, key = std::string_view(id)](const Field& f) { return f.id == key; });
        if (field == fields.end()) throw Refusal(Reason::invalid_param, "the form asks nothing of that name");
        check_answer(*field, answer);
        if (!is_empty(answer)) kept[field->id] = answer;
    }
    for (const auto& field : fields)
        if (field.required && !kept.contains(field.id))
            throw Refusal(Reason::missing_param, fmt::format("Bitte füllen Sie aus: {} / Please fill in: {}", field.label,
                                                             field.label_en.empty() ? field.label : field.label_en));
    return kept;
}

Contact read_contact(const std::optional<std::string>& email, const std::optional<std::string>& phone) {
    Contact contact;
    if (email && !email->empty()) {
        if (!net::is_mail_address(*email)) throw Refusal(Reason::invalid_param, "email is not an address");
        contact.email = email;
    }
    if (phone && !phone->empty()) {
        if (phone->size() > 40 || phone->find_first_not_of("0123456789 +()/-") != phone->npos)
            throw Refusal(Reason::invalid_param, "phone is a number");
        contact.phone = phone;
    }
    return contact;
}

std::string calendar_file(std::string_view uid, std::int64_t begins, std::int64_t ends, std::string_view title,
                          std::string_view place, std::int64_t now_ms) {
    std::string file = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Runde//Runde//DE\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n";
    file += calendar_line("UID", uid);
    file += calendar_line("DTSTAMP", calendar_time(now_ms));
    file += calendar_line("DTSTART", calendar_time(begins));
    file += calendar_line("DTEND", calendar_time(ends));
    file += calendar_line("SUMMARY", title);
    if (!place.empty()) file += calendar_line("LOCATION", place);
    file += "CLASS:PRIVATE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    return file;
}

}  // namespace runde::selfhelp::admission
