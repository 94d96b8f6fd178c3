#include "storage/admission.hpp"

namespace runde::storage {
namespace {

ApplicationRow application_row(const Rows::Row& row) {
    return {.id = row[0].string(),
            .group = row[1].string(),
            .user = row[2].string(),
            .user_nid = row[3].is_null() ? std::nullopt : std::optional(row[3].nid<schema::UserNid>()),
            .new_account = row[4].flag(),
            .came_by = row[5].string(),
            .way = row[6].string(),
            .state = row[7].string(),
            .interviewed = row[8].flag(),
            .answers = row[9].string(),
            .email = row[10].maybe_string(),
            .phone = row[11].maybe_string(),
            .attested_by = row[12].maybe_string(),
            .created = row[13].number(),
            .reaction = row[14].number(),
            .decided = row[15].maybe_number(),
            .room = row[16].maybe_string(),
            .told = static_cast<int>(row[17].number()),
            .mailed = static_cast<int>(row[18].number()),
            .settled = row[19].flag(),
            .asked = row[20].string(),
            .erasure_asked = row[21].flag()};
}

std::vector<ApplicationRow> application_rows(const Rows& rows) {
    std::vector<ApplicationRow> found;
    for (auto row : rows) found.push_back(application_row(row));
    return found;
}

std::optional<ApplicationRow> first_application(const Rows& rows) {
    return rows.empty() ? std::nullopt : std::optional(application_row(rows.front()));
}

InterviewSlotRow slot_row(const Rows::Row& row) {
    return {.id = row[0].number(),
            .group = row[1].string(),
            .offered_by = row[2].string(),
            .begins = row[3].number(),
            .ends = row[4].number(),
            .way = row[5].string(),
            .place = row[6].string(),
            .application = row[7].maybe_string()};
}

}  // namespace

#define RUNDE_APPLICATION_COLUMNS                                                                                              \
    "application_id, group_id, user_id, user_nid, new_account, came_by, register, state, interviewed, answers, email, phone, " \
    "attested_by, created, reaction, decided, room_id, told, mailed, settled, asked, erasure_asked "
#define RUNDE_SLOT_COLUMNS "slot_id, group_id, offered_by, begins, ends, way, place, application_id "

std::optional<UserRow> lock_user(Tx& tx, schema::UserNid user) {
    // Two statements: the second sees what whoever had the lock before has left.
    tx.exec("SELECT 1 FROM users WHERE user_nid = $1 FOR UPDATE", user);
    return find_user(tx, user);
}

std::optional<AdmissionForm> find_admission_form(Tx& tx, std::string_view group) {
    const auto rows = tx.exec("SELECT fields, deciders, recognises FROM admission_forms WHERE group_id = $1", group);
    if (rows.empty()) return std::nullopt;
    const auto row = rows.front();
    return AdmissionForm{row[0].string(), static_cast<int>(row[1].number()), row[2].strings()};
}

void put_admission_form(Tx& tx, std::string_view group, const AdmissionForm& form, std::int64_t now_ms) {
    tx.exec(R"(INSERT INTO admission_forms (group_id, fields, deciders, recognises, changed) VALUES ($1, $2, $3, $4::text[], $5)
               ON CONFLICT (group_id) DO UPDATE SET fields = excluded.fields, deciders = excluded.deciders,
                                                    recognises = excluded.recognises, changed = excluded.changed)",
            group, form.fields, form.deciders, form.recognises, now_ms);
}

Inserted insert_application(Tx& tx, const ApplicationRow& row) {
    const auto rows = tx.exec(
        R"(INSERT INTO applications (application_id, group_id, user_id, user_nid, new_account, came_by, register, state, interviewed,
                                     answers, email, phone, attested_by, created, reaction, decided, asked)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
           ON CONFLICT (group_id, user_id) WHERE decided IS NULL DO NOTHING)",
        row.id, row.group, row.user, row.user_nid, row.new_account, row.came_by, row.way, row.state, row.interviewed, row.answers,
        row.email, row.phone, row.attested_by, row.created, row.reaction, row.decided, row.asked);
    return rows.affected() == 1 ? Inserted::yes : Inserted::no;
}

std::optional<ApplicationRow> find_application(Tx& tx, std::string_view id) {
    return first_application(tx.exec("SELECT " RUNDE_APPLICATION_COLUMNS "FROM applications WHERE application_id = $1", id));
}

std::optional<ApplicationRow> lock_application(Tx& tx, std::string_view id) {
    return first_application(
        tx.exec("SELECT " RUNDE_APPLICATION_COLUMNS "FROM applications WHERE application_id = $1 FOR UPDATE", id));
}

std::vector<ApplicationRow> applications_of_user(Tx& tx, std::string_view user) {
    return application_rows(
        tx.exec("SELECT " RUNDE_APPLICATION_COLUMNS "FROM applications WHERE user_id = $1 ORDER BY created", user));
}

int count_open_applications(Tx& tx, std::string_view group) {
    return static_cast<int>(
        tx.exec("SELECT count(*) FROM applications WHERE group_id = $1 AND decided IS NULL", group).front()[0].number());
}

int count_open_applications(Tx& tx, std::string_view group, std::string_view server) {
    return static_cast<int>(tx.exec("SELECT count(*) FROM applications WHERE group_id = $1 AND decided IS NULL "
                                    "AND substr(user_id, strpos(user_id, ':') + 1) = $2",
                                    group, server)
                                .front()[0]
                                .number());
}

std::vector<ApplicationRow> applications_of_group(Tx& tx, std::string_view group) {
    return application_rows(
        tx.exec("SELECT " RUNDE_APPLICATION_COLUMNS "FROM applications WHERE group_id = $1 ORDER BY created", group));
}

std::vector<ApplicationRow> applications_with_reception(Tx& tx, const std::optional<std::string>& group) {
    return application_rows(tx.exec("SELECT " RUNDE_APPLICATION_COLUMNS
                                    "FROM applications WHERE room_id IS NOT NULL AND ($1::text IS NULL OR group_id = $1)",
                                    group));
}

std::vector<std::pair<std::string, std::string>> receptions(Tx& tx) {
    std::vector<std::pair<std::string, std::string>> found;
    for (auto row : tx.exec("SELECT application_id, room_id FROM applications WHERE room_id IS NOT NULL"))
        found.emplace_back(row[0].string(), row[1].string());
    return found;
}

std::vector<ApplicationRow> applications_waiting(Tx& tx, std::string_view group) {
    return application_rows(tx.exec("SELECT " RUNDE_APPLICATION_COLUMNS
                                    "FROM applications WHERE group_id = $1 AND state = 'waiting' ORDER BY created, application_id",
                                    group));
}

void update_application(Tx& tx, const ApplicationRow& row) {
    tx.exec(R"(UPDATE applications SET state = $2, interviewed = $3, answers = $4, email = $5, phone = $6, attested_by = $7,
                                       reaction = $8, decided = $9, register = $10, asked = $11, erasure_asked = $12,
                                       settled = settled AND $12
               WHERE application_id = $1)",
            row.id, row.state, row.interviewed, row.answers, row.email, row.phone, row.attested_by, row.reaction, row.decided,
            row.way, row.asked, row.erasure_asked);
}

void set_application_room(Tx& tx, std::string_view id, std::string_view room_id) {
    tx.exec("UPDATE applications SET room_id = $2 WHERE application_id = $1", id, room_id);
}

void set_application_told(Tx& tx, std::string_view id, int told) {
    tx.exec("UPDATE applications SET told = greatest(told, $2::int) WHERE application_id = $1", id, told);
}

void set_application_mailed(Tx& tx, std::string_view id, int mailed) {
    tx.exec("UPDATE applications SET mailed = greatest(mailed, $2::int) WHERE application_id = $1", id, mailed);
}

void set_application_settled(Tx& tx, std::string_view id, std::string_view state) {
    tx.exec("UPDATE applications SET settled = true WHERE application_id = $1 AND state = $2", id, state);
}

std::vector<std::pair<schema::UserNid, std::string>> forsaken_accounts(Tx& tx, std::int64_t before) {
    std::vector<std::pair<schema::UserNid, std::string>> found;
    for (auto row : tx.exec("SELECT user_nid, localpart FROM users u WHERE flags & 64 <> 0 AND created < $1 "
                            "AND NOT EXISTS (SELECT 1 FROM applications a WHERE a.user_nid = u.user_nid) LIMIT 100",
                            before))
        found.emplace_back(row[0].nid<schema::UserNid>(), row[1].string());
    return found;
}

void delete_application(Tx& tx, std::string_view id) {
    tx.exec("DELETE FROM interview_slots WHERE application_id = $1", id);
    tx.exec("DELETE FROM applications WHERE application_id = $1", id);
}

void append_application_log(Tx& tx, std::string_view id, std::int64_t at, std::string_view what, std::string_view by,
                            std::string_view text) {
    tx.exec(R"(INSERT INTO application_log (application_id, seq, at, what, by, text)
               SELECT $1::text, coalesce(max(seq), 0) + 1, $2::bigint, $3::text, $4::text, $5::text
               FROM application_log WHERE application_id = $1::text)",
            id, at, what, by, text);
}

std::vector<ApplicationLogRow> application_log(Tx& tx, std::string_view id) {
    std::vector<ApplicationLogRow> log;
    for (auto row : tx.exec("SELECT seq, at, what, by, text FROM application_log WHERE application_id = $1 ORDER BY seq", id))
        log.push_back({static_cast<int>(row[0].number()), row[1].number(), row[2].string(), row[3].string(), row[4].string()});
    return log;
}

void put_application_vote(Tx& tx, std::string_view id, const ApplicationVoteRow& vote) {
    tx.exec(R"(INSERT INTO application_votes (application_id, by, admit, text, reason, at) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (application_id, by) DO UPDATE SET admit = $3, text = $4, reason = $5, at = $6)",
            id, vote.by, vote.admit, vote.text, vote.reason, vote.at);
}

std::vector<ApplicationVoteRow> application_votes(Tx& tx, std::string_view id) {
    std::vector<ApplicationVoteRow> votes;
    for (auto row :
         tx.exec("SELECT by, admit, text, reason, at FROM application_votes WHERE application_id = $1 ORDER BY at, by", id))
        votes.push_back({row[0].string(), row[1].flag(), row[2].string(), row[3].string(), row[4].number()});
    return votes;
}

void insert_application_note(Tx& tx, std::string_view id, const ApplicationNoteRow& note) {
    tx.exec("INSERT INTO application_notes (application_id, by, at, text) VALUES ($1, $2, $3, $4)", id, note.by, note.at,
            note.text);
}

std::vector<ApplicationNoteRow> application_notes(Tx& tx, std::string_view id) {
    std::vector<ApplicationNoteRow> notes;
    for (auto row : tx.exec("SELECT by, at, text FROM application_notes WHERE application_id = $1 ORDER BY note_id", id))
        notes.push_back({row[0].string(), row[1].number(), row[2].string()});
    return notes;
}

std::int64_t insert_interview_slot(Tx& tx, const InterviewSlotRow& slot) {
    return tx
        .exec(R"(INSERT INTO interview_slots (group_id, offered_by, begins, ends, way, place) VALUES ($1, $2, $3, $4, $5, $6)
                 RETURNING slot_id)",
              slot.group, slot.offered_by, slot.begins, slot.ends, slot.way, slot.place)
        .front()[0]
        .number();
}

std::vector<InterviewSlotRow> interview_slots(Tx& tx, std::string_view group, std::int64_t from, bool free_only) {
    std::vector<InterviewSlotRow> slots;
    for (auto row :
         tx.exec("SELECT " RUNDE_SLOT_COLUMNS
                 "FROM interview_slots WHERE group_id = $1 AND begins > $2 AND (NOT $3::boolean OR application_id IS NULL) "
                 "ORDER BY begins, slot_id LIMIT 200",
                 group, from, free_only))
        slots.push_back(slot_row(row));
    return slots;
}

std::optional<InterviewSlotRow> slot_of_application(Tx& tx, std::string_view application) {
    const auto rows = tx.exec("SELECT " RUNDE_SLOT_COLUMNS "FROM interview_slots WHERE application_id = $1", application);
    return rows.empty() ? std::nullopt : std::optional(slot_row(rows.front()));
}

bool take_interview_slot(Tx& tx, std::int64_t id, std::string_view group, std::string_view application, std::int64_t now_ms) {
    return tx.exec(R"(UPDATE interview_slots SET application_id = $3
                      WHERE slot_id = $1 AND group_id = $2 AND application_id IS NULL AND begins > $4)",
                   id, group, application, now_ms)
               .affected() == 1;
}

void give_back_interview_slot(Tx& tx, std::string_view application) {
    tx.exec("UPDATE interview_slots SET application_id = NULL WHERE application_id = $1", application);
}

bool delete_free_interview_slot(Tx& tx, std::int64_t id, std::string_view group) {
    return tx.exec("DELETE FROM interview_slots WHERE slot_id = $1 AND group_id = $2 AND application_id IS NULL", id, group)
               .affected() == 1;
}

void count_admission(Tx& tx, std::string_view group, std::string_view month, std::string_view outcome) {
    tx.exec(R"(INSERT INTO admission_counts (group_id, month, outcome, n) VALUES ($1, $2, $3, 1)
               ON CONFLICT (group_id, month, outcome) DO UPDATE SET n = admission_counts.n + 1)",
            group, month, outcome);
}

std::vector<AdmissionCount> admission_counts(Tx& tx, std::string_view group) {
    std::vector<AdmissionCount> counts;
    for (auto row : tx.exec("SELECT month, outcome, n FROM admission_counts WHERE group_id = $1 ORDER BY month, outcome", group))
        counts.push_back({row[0].string(), row[1].string(), static_cast<int>(row[2].number())});
    return counts;
}

}  // namespace runde::storage
