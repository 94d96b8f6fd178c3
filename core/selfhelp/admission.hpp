#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/selfhelp/texts.hpp"
#include "schema/json.hpp"

/// Deciding about applications: pure. What somebody may be asked, which step may follow which, when a file ends. The office
/// (admission_office) reads the rows before and writes the answer after, in one transaction under the row's lock, so that
/// whatever meets has one outcome: the second to come is asked again, with what the first has made of it.
namespace runde::selfhelp::admission {

/// How a group lets people in (groups.admission).
enum class Mode { open, on_request, with_interview };
std::string_view name_of(Mode mode);
std::optional<Mode> parse_mode(std::string_view name);

enum class State {
    received,   ///< The team has it.
    interview,  ///< A slot is picked.
    waiting,    ///< Admitted by those who decide; there is no seat yet.
    admitted,
    declined,
    withdrawn,  ///< By the applicant.
    lapsed,     ///< Nobody reacted for too long.
};
std::string_view name_of(State state);
State parse_state(std::string_view name);  ///< Of our own tables: throws std::logic_error.
constexpr bool is_final(State state) { return state >= State::admitted; }

/// Says that somebody of the team wants an applicant in, or not.
struct Vote {
    std::string by;  ///< User id: decisions have names.
    bool admit;
};

struct Application {
    State state = State::received;
    bool interviewed = false;
    std::vector<Vote> votes = {};
    std::int64_t reaction = 0;                  ///< ms: the newest sign of either side.
    std::optional<std::int64_t> decided = {};  ///< ms
    bool erasure_asked = false;                 ///< After the decision: the file is to go now.
};

/// The group's, at the moment of the step.
struct Rules {
    Mode mode = Mode::on_request;
    int deciders = 1;         ///< People who must agree.
    bool waiting_list = true;
    bool seat_free = true;
    bool closed = false;      ///< The group admits nobody any more.
};

// What happens to an application.
struct Submitted {};
struct Corrected {};
struct SlotPicked {};
struct SlotGivenBack {};
struct Interviewed {};
struct Voted {
    Vote vote;
};
struct SeatOffered {};        ///< One became free while it waits.
struct Stays {};              ///< "I am still here."
struct Wrote {};              ///< Somebody said something in the reception.
struct Withdrawn {};
struct ErasureAsked {};       ///< Consent is taken back after the decision, which stands.
struct TooQuiet {};
struct Recognised {};         ///< Another office has admitted the person, and we trust its word.
using Event = std::variant<Submitted, Corrected, SlotPicked, SlotGivenBack, Interviewed, Voted, SeatOffered, Stays, Wrote,
                           Withdrawn, ErasureAsked, TooQuiet, Recognised>;

/// One line of what the applicant sees: received, corrected, slot_picked, slot_given_back, interviewed, waiting, admitted,
/// declined, withdrawn, lapsed.
struct Step {
    Application next;
    std::vector<std::string_view> log;
};
/// Throws Refusal(bad_state) when that cannot follow: something was decided meanwhile, the interview is still to come, there
/// is neither seat nor waiting list. The text names no person and no number.
Step step(const Rules& rules, const Application& application, const Event& event, std::int64_t now_ms);

/// How long a file lives; milliseconds.
struct Deadlines {
    std::int64_t after_decision = std::int64_t{14} * 24 * 3600 * 1000;
    std::int64_t without_reaction = std::int64_t{60} * 24 * 3600 * 1000;
    std::int64_t reminder_before = std::int64_t{10} * 24 * 3600 * 1000;
};
/// When the file is to be looked at next: to be erased, or to lapse. A withdrawn or lapsed one, and where it was asked, at once.
std::int64_t ends_at(const Application& application, const Deadlines& deadlines);

// --- the form

constexpr std::size_t most_fields = 8, most_choices = 20, longest_answer = 2000, longest_label = 200;
enum class FieldKind { line, text, choice, yes_no };

/// A question of the group's own form, with the reason why it is asked: without a reason it is not asked.
struct Field {
    std::string id;                       ///< [a-z0-9_]{1,40}
    FieldKind kind = FieldKind::text;
    std::string label, reason;            ///< German
    std::string label_en = {}, reason_en = {};
    bool required = false;
    std::vector<std::string> choices = {};
};
/// What is asked where a group has set nothing: one free text, nothing required.
std::vector<Field> default_form();
/// Throws Refusal(invalid_param, too_large): a field without a reason, two of one id, one that must be filled and asks for
/// name, address, birthday, mail or phone ("never needed").
std::vector<Field> read_form(const schema::JsonArray& fields);
schema::JsonArray to_json(const std::vector<Field>& fields);
/// Answers to the form: unknown ones and those of the wrong kind are refused, missing ones too where required.
schema::JsonObject read_answers(const std::vector<Field>& fields, const schema::JsonObject& answers);

/// Among the answers of somebody who came by knocking: the reason given there. No field can be called so.
constexpr std::string_view knock_answer = "(knock)";

struct Contact {
    std::optional<std::string> email, phone;
};
/// Both may be missing or empty. Throws Refusal(invalid_param).
Contact read_contact(const std::optional<std::string>& email, const std::optional<std::string>& phone);

// --- interviews

constexpr std::array<std::string_view, 4> interview_ways{"chat", "phone", "video", "in_person"};

/// An appointment as a calendar file (RFC 5545). `title` and `place` are what a stranger may read over a shoulder.
std::string calendar_file(std::string_view uid, std::int64_t begins, std::int64_t ends, std::string_view title,
                          std::string_view place, std::int64_t now_ms);

}  // namespace runde::selfhelp::admission
