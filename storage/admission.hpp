#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.hpp"
#include "storage/database.hpp"
#include "storage/users.hpp"

namespace runde::storage {

// Applications to groups (schema/sql/0061). What may follow what is decided in core/selfhelp/admission.

/// A bit of users.flags, beside storage::UserFlag: made for an application. Such an account may do what a suspended one may, until
/// it is admitted; nobody has suspended it.
constexpr int limited_account = 64;
/// The account, and nobody else changes or erases it before this transaction ends.
std::optional<UserRow> lock_user(Tx& tx, schema::UserNid user);

struct AdmissionForm {
    std::string fields;  ///< JSON
    int deciders = 1;
    std::vector<std::string> recognises = {};  ///< Servers of offices whose admissions count here.
};
std::optional<AdmissionForm> find_admission_form(Tx& tx, std::string_view group);
void put_admission_form(Tx& tx, std::string_view group, const AdmissionForm& form, std::int64_t now_ms);

struct ApplicationRow {
    std::string id, group, user;
    std::optional<schema::UserNid> user_nid = {};  ///< Of ours.
    bool new_account = false;                      ///< Made for this application.
    std::string came_by = "page", way = "sie";     ///< `way`: the register it is spoken to in.
    std::string state = "received";
    bool interviewed = false;
    std::string answers = "{}";
    std::optional<std::string> email = {}, phone = {}, attested_by = {};
    std::int64_t created = 0, reaction = 0;
    std::optional<std::int64_t> decided = {};
    std::optional<std::string> room = {};  ///< The reception.
    int told = 0, mailed = 0;
    bool settled = false;
    std::string asked = "[]";    ///< JSON: the form as it was when the answers were given.
    bool erasure_asked = false;  ///< By the applicant, after the decision.
};
/// `no`: the person has an application to that group under way.
Inserted insert_application(Tx& tx, const ApplicationRow& row);
std::optional<ApplicationRow> find_application(Tx& tx, std::string_view id);
/// The same, and nobody else changes it before this transaction ends.
std::optional<ApplicationRow> lock_application(Tx& tx, std::string_view id);
std::vector<ApplicationRow> applications_of_user(Tx& tx, std::string_view user);
/// Those not decided.
int count_open_applications(Tx& tx, std::string_view group);
/// The same, of people of one server.
int count_open_applications(Tx& tx, std::string_view group, std::string_view server);
std::vector<ApplicationRow> applications_of_group(Tx& tx, std::string_view group);
/// Of one group or (nullopt) of all.
std::vector<ApplicationRow> applications_with_reception(Tx& tx, const std::optional<std::string>& group);
/// All: application and room.
std::vector<std::pair<std::string, std::string>> receptions(Tx& tx);
/// Those with this state, who waits longest first.
std::vector<ApplicationRow> applications_waiting(Tx& tx, std::string_view group);
/// Everything that can change but `told`, `mailed`, `settled` and the room; `settled` becomes false.
void update_application(Tx& tx, const ApplicationRow& row);
void set_application_room(Tx& tx, std::string_view id, std::string_view room_id);
void set_application_told(Tx& tx, std::string_view id, int told);
void set_application_mailed(Tx& tx, std::string_view id, int mailed);
/// What followed from `state` is done; nothing happens when it is another by now.
void set_application_settled(Tx& tx, std::string_view id, std::string_view state);
/// Limited accounts that were made before `before` and belong to no application (any more).
std::vector<std::pair<schema::UserNid, std::string>> forsaken_accounts(Tx& tx, std::int64_t before);
/// With log, votes and notes; the slot it had goes too.
void delete_application(Tx& tx, std::string_view id);

struct ApplicationLogRow {
    int seq = 0;
    std::int64_t at = 0;
    std::string what, by, text;
};
void append_application_log(Tx& tx, std::string_view id, std::int64_t at, std::string_view what, std::string_view by,
                            std::string_view text);
std::vector<ApplicationLogRow> application_log(Tx& tx, std::string_view id);

struct ApplicationVoteRow {
    std::string by;
    bool admit = false;
    std::string text, reason;
    std::int64_t at = 0;
};
/// Replaces an earlier one of the same person.
void put_application_vote(Tx& tx, std::string_view id, const ApplicationVoteRow& vote);
std::vector<ApplicationVoteRow> application_votes(Tx& tx, std::string_view id);

struct ApplicationNoteRow {
    std::string by;
    std::int64_t at = 0;
    std::string text;
};
void insert_application_note(Tx& tx, std::string_view id, const ApplicationNoteRow& note);
std::vector<ApplicationNoteRow> application_notes(Tx& tx, std::string_view id);

struct InterviewSlotRow {
    std::int64_t id = 0;
    std::string group, offered_by;
    std::int64_t begins = 0, ends = 0;  ///< ms
    std::string way, place;
    std::optional<std::string> application = {};
};
std::int64_t insert_interview_slot(Tx& tx, const InterviewSlotRow& slot);
/// Of a group, which begin after `from`, in their order; only those nobody has, when `free_only`.
std::vector<InterviewSlotRow> interview_slots(Tx& tx, std::string_view group, std::int64_t from, bool free_only);
std::optional<InterviewSlotRow> slot_of_application(Tx& tx, std::string_view application);
/// False: somebody else has it, or it is gone or has begun.
bool take_interview_slot(Tx& tx, std::int64_t id, std::string_view group, std::string_view application, std::int64_t now_ms);
void give_back_interview_slot(Tx& tx, std::string_view application);
/// False: an applicant has it already, or there is none.
bool delete_free_interview_slot(Tx& tx, std::int64_t id, std::string_view group);

void count_admission(Tx& tx, std::string_view group, std::string_view month, std::string_view outcome);
struct AdmissionCount {
    std::string month, outcome;
    int n = 0;
};
std::vector<AdmissionCount> admission_counts(Tx& tx, std::string_view group);

}  // namespace runde::storage
