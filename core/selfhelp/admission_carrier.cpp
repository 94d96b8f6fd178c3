#include "core/selfhelp/admission_carrier.hpp"

#include <spdlog/spdlog.h>

#include <ctime>
#include <limits>

#include <fmt/format.h>

#include "core/rooms/membership.hpp"
#include "core/rooms/people.hpp"
#include "core/selfhelp/admission_texts.hpp"
#include "core/selfhelp/attestation.hpp"
#include "core/selfhelp/erasure.hpp"
#include "schema/refusal.hpp"
#include "storage/erasure.hpp"
#include "storage/role_ends.hpp"
#include "storage/rooms.hpp"
#include "storage/search.hpp"

namespace runde::selfhelp {

using admission::State;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::UserId;
using storage::ApplicationRow;
using storage::Tx;

namespace {

// The kinds of work; keys are application ids, for seats a group's.
constexpr std::string_view job_settle = "admission", job_mail = "admission mail", job_reminder = "admission reminder",
                           job_erasure = "admission erasure", job_seats = "admission seats";

constexpr std::int64_t minute_ms = 60'000, hour_ms = 60 * minute_ms, day_ms = 24 * hour_ms;
constexpr std::int64_t mail_after_words = 10 * minute_ms;  ///< Several messages in a row make one mail.
constexpr std::int64_t mail_patience = 3 * day_ms;
constexpr std::int64_t hears_every = 10 * minute_ms;       ///< A talk need not move the deadline with every word.

State state_of(const ApplicationRow& row) { return admission::parse_state(row.state); }
Register register_of(const ApplicationRow& row) { return parse_register(row.way).value_or(Register::sie); }

std::string month_of(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}", utc.tm_year + 1900, utc.tm_mon + 1);
}

/// Who accompanies newcomers to a group: its moderators, those of the whole node, office and board.
std::vector<std::string> team_of(Tx& tx, const std::string& group, std::int64_t now) {
    std::vector<std::string> team;
    for (const auto& grant : storage::roles_in_force(tx, now)) {
        const bool here = !grant.group || *grant.group == group;
        const bool admits = grant.role == role::moderator || grant.role == role::office || grant.role == role::board;
        if (here && admits && std::find(team.begin(), team.end(), grant.user_id) == team.end()) team.push_back(grant.user_id);
    }
    return team;
}

JsonObject application_state(const ApplicationRow& row) {
    return {{"application_id", row.id}, {"group_id", row.group}, {"state", row.state}};
}

}  // namespace

class AdmissionCarrier::Turn {
public:
    Turn(std::shared_ptr<Turns> of, std::string application) : turns_(std::move(of)), id_(std::move(application)) {
        turns_->emplace(id_, std::make_shared<net::Gate>());
    }
    ~Turn() {
        const auto mine = turns_->extract(id_);
        mine.mapped()->open();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    const std::shared_ptr<Turns> turns_;
    const std::string id_;
};

net::Task<std::shared_ptr<AdmissionCarrier::Turn>> AdmissionCarrier::turn(std::string id) {
    while (true) {
        const auto other = turns->find(id);
        if (other == turns->end()) break;
        const auto gate = other->second;
        co_await gate->wait();
    }
    co_return std::make_shared<Turn>(turns, std::move(id));
}

void AdmissionCarrier::register_jobs(TakeStep step) {
    take_step = std::move(step);
    parts.jobs.add(job_settle, [this](Jobs::Job job) { return carry_out(std::move(job.key)); });
    parts.jobs.add(job_mail, [this](Jobs::Job job) { return send_mail(std::move(job)); });
    parts.jobs.add(job_reminder, [this](Jobs::Job job) { return remind(std::move(job.key)); });
    parts.jobs.add(job_erasure, [this](Jobs::Job job) { return erase(std::move(job.key)); });
    parts.jobs.add(job_seats, [this](Jobs::Job job) { return offer_seats(std::move(job.key)); });
}

void AdmissionCarrier::load_now() {
    parts.db.transact_now([this](Tx& tx) {
        for (const auto& [id, room] : storage::receptions(tx))
            if (const auto nid = storage::find_room(tx, room)) {
                receptions.insert_or_assign(*nid, id);
                reception_ids.insert(room);
            }
    });
}

void AdmissionCarrier::schedule(Tx& tx, const ApplicationRow& row, const admission::Application& application,
                                std::int64_t now) const {
    storage::schedule_job(tx, job_settle, row.id, now, now);
    const auto end = admission::ends_at(application, options.deadlines);
    storage::schedule_job(tx, job_erasure, row.id, end, now);
    if (application.decided)
        storage::cancel_job(tx, job_reminder, row.id);
    else
        storage::schedule_job(tx, job_reminder, row.id, end - options.deadlines.reminder_before, now);
    // One may have become free since it was decided; from then on look_for_seats() notices.
    if (application.state == State::waiting) storage::hasten_job(tx, job_seats, row.group, now + minute_ms, now);
}

net::Task<std::optional<AdmissionCarrier::Whole>> AdmissionCarrier::read(std::string id) {
    const auto now = parts.runtime.clock().now_ms();
    co_return co_await parts.db.transact([&](Tx& tx) -> std::optional<Whole> {
        auto row = storage::find_application(tx, id);
        if (!row) return std::nullopt;
        auto group = storage::find_group(tx, row->group);
        if (!group) return std::nullopt;
        auto log = storage::application_log(tx, id);
        auto slot = storage::slot_of_application(tx, id);
        auto team = team_of(tx, row->group, now);
        const auto form = storage::find_admission_form(tx, row->group);
        auto fields = form ? admission::read_form(schema::parse_json(form->fields).as_array()) : admission::default_form();
        return Whole{*std::move(row), *std::move(group), std::move(log), std::move(slot), std::move(team), std::move(fields)};
    });
}

// --- what follows from a step

net::Task<> AdmissionCarrier::carry_out(std::string id) {
    const auto mine = co_await turn(id);
    auto whole = co_await read(id);
    if (!whole) co_return;
    const auto state = state_of(whole->row);
    if (state == State::withdrawn || state == State::lapsed) co_return;  // Everything goes: job_erasure.
    const auto room = co_await reception(*whole);
    co_await gather(*whole, room);
    co_await tell(*whole, room);
    if (state == State::admitted) co_await let_in(*whole);
    co_await parts.db.transact([&](Tx& tx) { storage::set_application_settled(tx, id, whole->row.state); });
}

net::Task<rooms::RoomPtr> AdmissionCarrier::reception(Whole& whole) {
    if (whole.row.room) {
        const auto id = schema::RoomId::parse(*whole.row.room);
        auto room = co_await parts.rooms.find(*id);
        if (room) co_return room;
    }
    rooms::CreateRoom wish;
    wish.name = admission::reception_name(register_of(whole.row), whole.group.card.name);
    wish.creation_content["type"] = reception_room_type;
    // Nobody but the server lets people in here.
    wish.power_levels = JsonObject{{"invite", 100}};
    wish.initial_state.push_back({std::string(application_event), "", application_state(whole.row)});
    wish.initial_state.push_back({"m.room.guest_access", "", JsonObject{{"guest_access", "forbidden"}}});
    auto room = co_await parts.service.create_room(std::move(wish));
    co_await parts.db.transact([&](Tx& tx) { storage::set_application_room(tx, whole.row.id, room->id().str()); });
    whole.row.room = room->id().str();
    whole.row.told = 0;
    receptions.insert_or_assign(room->nid(), whole.row.id);
    reception_ids.insert(room->id().str());
    co_return room;
}

/// The applicant, and into the room: they are awaited there. Of the team only whose appointment it is; others come when they
/// open the file. Whoever was of the team and is no more goes.
net::Task<> AdmissionCarrier::gather(const Whole& whole, rooms::RoomPtr room) {
    if (!room->memberships().contains(whole.row.user)) {
        const auto applicant = UserId::parse(whole.row.user);
        co_await parts.service.invite(room->id(), *applicant);
        if (parts.rooms.identity().is_local(*applicant)) {
            auto person = co_await rooms::find_person(parts.db, *applicant);
            if (person)
                co_await rooms::join(parts.rooms, *std::move(person),
                                     {.room = room->id(), .via = {}, .reason = {}, .third_party_signed = {}});
        }
    }
    const auto is_of_team = [&](const std::string& user) {
        return std::find(whole.team.begin(), whole.team.end(), user) != whole.team.end();
    };
    std::vector<UserId> strangers;
    for (const auto& [user, membership] : room->memberships()) {
        if (membership == rooms::Membership::leave || membership == rooms::Membership::ban) continue;
        if (user != whole.row.user && !parts.service.is_self(user) && !is_of_team(user)) strangers.push_back(*UserId::parse(user));
    }
    for (auto& user : strangers) co_await parts.service.send_away(room->id(), std::move(user));
    if (!whole.slot || whole.slot->offered_by == whole.row.user || !is_of_team(whole.slot->offered_by)) co_return;
    try {
        co_await parts.service.invite(room->id(), *UserId::parse(whole.slot->offered_by));
    } catch (const Refusal&) {
        // An account that is closed, a server that is away: the applicant is told all the same.
    }
}

net::Task<> AdmissionCarrier::welcome(ApplicationRow row, UserId member) {
    if (row.decided || !row.room) co_return;
    const auto room = *schema::RoomId::parse(*row.room);
    co_await parts.service.invite(room, member);
    // Between being looked up and being invited they may have left the team.
    const auto now = parts.runtime.clock().now_ms();
    const auto team = co_await parts.db.read([&](Tx& tx) { return team_of(tx, row.group, now); });
    if (std::find(team.begin(), team.end(), member.str()) == team.end()) co_await parts.service.send_away(room, std::move(member));
}

net::Task<> AdmissionCarrier::dismiss(UserId member, std::optional<std::string> group) {
    const auto now = parts.runtime.clock().now_ms();
    const auto theirs_no_more = co_await parts.db.read([&](Tx& tx) {
        std::vector<std::string> found;
        std::map<std::string, bool> is_of_team;
        for (const auto& row : storage::applications_with_reception(tx, group)) {
            const auto [known, is_new] = is_of_team.try_emplace(row.group, false);
            if (is_new) {
                const auto team = team_of(tx, row.group, now);
                known->second = std::find(team.begin(), team.end(), member.str()) != team.end();
            }
            if (!known->second && row.user != member.str()) found.push_back(*row.room);
        }
        return found;
    });
    for (const auto& room : theirs_no_more) co_await parts.service.send_away(*schema::RoomId::parse(room), member);
}

net::Task<> AdmissionCarrier::tell(const Whole& whole, rooms::RoomPtr room) {
    const auto way = register_of(whole.row);
    admission::About about{.group = whole.group.card.name, .link = options.page};
    bool news = false;
    int told = whole.row.told;
    for (const auto& line : whole.log) {
        if (line.seq <= whole.row.told) continue;
        about.said = line.text;
        about.when = whole.slot ? admission::local_time(whole.slot->begins, way) : std::string();
        auto text = admission::notice(line.what, way, about);
        // An appointment that was given back meanwhile needs no announcement.
        const bool moot = line.what == "slot_picked" && !whole.slot;
        if (!text.plain.empty() && !moot)
            co_await parts.service.say(room->id(), std::move(text), fmt::format("{}/{}", whole.row.id, line.seq));
        if (line.what == "received" && whole.row.came_by == "knock" && !admission::is_final(state_of(whole.row))) {
            auto asked = admission::questions(way, whole.form);
            if (!asked.plain.empty()) co_await parts.service.say(room->id(), std::move(asked), whole.row.id + "/questions");
        }
        news = news || !line.by.empty();
        told = line.seq;
    }
    co_await parts.service.set_state(room->id(), std::string(application_event), "", application_state(whole.row));
    if (told == whole.row.told) co_return;
    const auto now = parts.runtime.clock().now_ms();
    const bool by_mail = news && whole.row.email && parts.mailer.is_on();
    co_await parts.db.transact([&](Tx& tx) {
        storage::set_application_told(tx, whole.row.id, told);
        if (by_mail) storage::hasten_job(tx, job_mail, whole.row.id, now, now);
    });
    if (by_mail) parts.jobs.look();
}

net::Task<> AdmissionCarrier::let_in(const Whole& whole) {
    if (whole.row.user_nid && whole.row.new_account) {
        co_await parts.db.transact(
            [&](Tx& tx) { storage::change_user_flags(tx, *whole.row.user_nid, 0, storage::limited_account); });
        parts.accounts.sessions.forget_user(*whole.row.user_nid);
    }
    // Whoever has been let in and has left is not fetched back by a repetition of this job.
    if (!whole.row.settled) co_await parts.groups.assign_rooms(whole.row.group, *UserId::parse(whole.row.user));
}

// --- mails and reminders

net::Task<> AdmissionCarrier::send_mail(Jobs::Job job) {
    const auto whole = co_await read(job.key);
    if (!whole || !whole->row.email || !parts.mailer.is_on()) co_return;
    const bool last_try = parts.runtime.clock().now_ms() - job.made > mail_patience;
    auto mail = admission::mail(*whole->row.email, register_of(whole->row), {.group = {}, .link = options.page});
    try {
        co_await parts.mailer.send(std::move(mail));
    } catch (const net::MailRefused& refused) {
        spdlog::warn("a mail was refused: {}", refused.what());
    } catch (const net::MailFailed& failed) {
        if (!last_try) throw;
        spdlog::warn("a mail was given up: {}", failed.what());
    }
}

net::Task<> AdmissionCarrier::remind(std::string id) {
    const auto mine = co_await turn(id);
    const auto whole = co_await read(id);
    if (!whole || whole->row.decided || !whole->row.room) co_return;
    const auto quiet_for = parts.runtime.clock().now_ms() - whole->row.reaction;
    if (quiet_for < options.deadlines.without_reaction - options.deadlines.reminder_before) co_return;  // Its job has moved.
    const auto room = *schema::RoomId::parse(*whole->row.room);
    admission::About about{.group = whole->group.card.name, .link = options.page};
    auto text = admission::notice("reminder", register_of(whole->row), about);
    co_await parts.service.say(room, std::move(text), fmt::format("{}/reminder/{}", id, whole->row.reaction));
    if (!whole->row.email || !parts.mailer.is_on()) co_return;
    const auto now = parts.runtime.clock().now_ms();
    co_await parts.db.transact([&](Tx& tx) { storage::hasten_job(tx, job_mail, id, now, now); });
    parts.jobs.look();
}

/// Whoever has waited longest comes in first, as long as there are seats.
net::Task<> AdmissionCarrier::offer_seats(std::string group) {
    const auto now = parts.runtime.clock().now_ms();
    co_await parts.db.transact([&](Tx& tx) {
        auto waiting = storage::applications_waiting(tx, group);
        bool seats = true;
        for (auto& row : waiting) {
            try {
                take_step(tx, row, admission::SeatOffered{}, now);
            } catch (const Refusal&) {
                seats = false;  // None is free: the rest waits on.
            }
            if (!seats) break;
        }
        // A role that ends by itself changes nothing that look_for_seats() would be told of. The hour is for what nobody thought of.
        const auto ends = storage::next_end_of_role(tx, group, role::member, now);
        if (!seats) storage::schedule_job(tx, job_seats, group, std::min(now + hour_ms, ends.value_or(now + hour_ms)), now);
    });
    parts.jobs.look();
}

net::Task<> AdmissionCarrier::look_for_seats() {
    const auto now = parts.runtime.clock().now_ms();
    co_await parts.db.transact([&](Tx& tx) { storage::hasten_jobs(tx, job_seats, now); });
    parts.jobs.look();
}

// --- the end of a file

net::Task<> AdmissionCarrier::erase(std::string id) {
    const auto mine = co_await turn(id);
    const auto now = parts.runtime.clock().now_ms();
    const auto row = co_await parts.db.transact([&](Tx& tx) -> std::optional<ApplicationRow> {
        auto found = storage::find_application(tx, id);
        if (!found) return std::nullopt;
        const admission::Application application{.state = state_of(*found),
                                                 .reaction = found->reaction,
                                                 .decided = found->decided,
                                                 .erasure_asked = found->erasure_asked};
        const auto end = admission::ends_at(application, options.deadlines);
        if (now < end) {  // Somebody reacted meanwhile.
            storage::schedule_job(tx, job_erasure, id, end, now);
            return std::nullopt;
        }
        if (!found->decided) take_step(tx, *found, admission::TooQuiet{}, now);
        return found;
    });
    if (!row) co_return;
    if (state_of(*row) == State::admitted && !row->settled) {
        // Nobody comes after us to let them in.
        const auto whole = co_await read(id);
        if (whole) co_await let_in(*whole);
    }
    if (row->room) {
        const auto room = *schema::RoomId::parse(*row->room);
        const auto erased = [this, &row](schema::RoomNid nid) {
            parts.room_erased(nid);
            receptions.erase(nid);
            reception_ids.erase(*row->room);
        };
        co_await erase_room(parts.rooms, parts.follower, parts.service, room, erased);
    }
    bool account_too = false;
    co_await parts.db.transact([&](Tx& tx) {
        account_too = false;  // It may be run again.
        // The account first: two files of it that end at once take turns, and so does a new application with it.
        const auto account = row->user_nid ? storage::lock_user(tx, *row->user_nid) : std::nullopt;
        const auto found = storage::lock_application(tx, id);
        if (!found) return;
        storage::count_admission(tx, found->group, month_of(*found->decided), found->state);
        storage::delete_application(tx, id);
        for (const auto kind : {job_settle, job_mail, job_reminder}) storage::cancel_job(tx, kind, id);
        if (account) account_too = end_limited_account(tx, *account, found->user);
    });
    std::erase_if(heard, [&](const auto& entry) { return entry.first.starts_with(id); });
    if (row->user_nid) parts.accounts.sessions.forget_user(*row->user_nid);  // Gone, or limited no more.
    if (account_too) parts.user_erased(*row->user_nid);
}

/// A limited account whose last file is gone goes with it. If it has become somebody's place meanwhile, it is limited no more.
bool AdmissionCarrier::end_limited_account(Tx& tx, const storage::UserRow& account, const std::string& user) {
    if ((account.flags & storage::limited_account) == 0 || !storage::applications_of_user(tx, user).empty()) return false;
    if (storage::belongs_to_organisation(tx, account.nid, user)) {
        storage::change_user_flags(tx, account.nid, 0, storage::limited_account);
        return false;
    }
    storage::erase_account(tx, account.nid, user);
    return true;
}

net::Task<> AdmissionCarrier::forsake(schema::UserNid nid, UserId user) {
    const bool gone = co_await parts.db.transact([&](Tx& tx) {
        const auto account = storage::lock_user(tx, nid);
        return account && end_limited_account(tx, *account, user.str());
    });
    if (!gone) co_return;
    parts.accounts.sessions.forget_user(nid);
    parts.user_erased(nid);
}

net::Task<> AdmissionCarrier::sweep() {
    // One that is being erased or admitted at this moment has its application still.
    const auto before = parts.runtime.clock().now_ms() - hour_ms;
    const auto server = parts.rooms.identity().server.str();
    const auto gone = co_await parts.db.transact([&](Tx& tx) {
        std::vector<schema::UserNid> erased;
        for (const auto& [nid, localpart] : storage::forsaken_accounts(tx, before)) {
            const auto account = storage::lock_user(tx, nid);
            if (account && end_limited_account(tx, *account, "@" + localpart + ":" + server)) erased.push_back(nid);
        }
        return erased;
    });
    for (const auto account : gone) {
        parts.accounts.sessions.forget_user(account);
        parts.user_erased(account);
    }
}

net::Task<> AdmissionCarrier::sweep_regularly() {
    for (;;) {
        try {
            co_await sweep();
        } catch (const storage::DatabaseError& error) {
            spdlog::error("sweeping limited accounts failed: {}", error.what());
        } catch (const storage::Unreachable&) {
            // The next hour will do.
        }
        co_await parts.runtime.clock().sleep(std::chrono::hours(1));
    }
}

// --- what is said in receptions

void AdmissionCarrier::on_commit(const rooms::Committed& committed) {
    const auto found = receptions.find(committed.room.nid());
    if (found == receptions.end()) return;
    for (const auto& change : committed.memberships)
        if (change.before != rooms::Membership::leave && change.after == rooms::Membership::leave)
            parts.runtime.spawn("left a reception", left(found->second, change.user.str()));
    for (const auto& entry : committed.events) {
        if (entry.event->state_key || parts.service.is_self(entry.event->sender)) continue;
        const auto now = parts.runtime.clock().now_ms();
        auto& last = heard[found->second + entry.event->sender];
        if (now - last < hears_every) continue;
        last = now;
        parts.runtime.spawn("heard in a reception", wrote(found->second, entry.event->sender));
    }
}

net::Task<> AdmissionCarrier::wrote(std::string id, std::string sender) {
    const auto now = parts.runtime.clock().now_ms();
    co_await parts.db.transact([&](Tx& tx) {
        auto row = storage::find_application(tx, id);
        if (!row || row->decided) return;
        take_step(tx, *row, admission::Wrote{}, now);
        if (sender != row->user && row->email && parts.mailer.is_on())
            storage::hasten_job(tx, job_mail, id, now + mail_after_words, now);
    });
    parts.jobs.look();
}

/// Leaving the reception, or declining to come in, is withdrawing: an app has no other button for it.
net::Task<> AdmissionCarrier::left(std::string id, std::string user) {
    const auto now = parts.runtime.clock().now_ms();
    try {
        co_await parts.db.transact([&](Tx& tx) {
            auto row = storage::find_application(tx, id);
            if (row && !row->decided && row->user == user) take_step(tx, *row, admission::Withdrawn{}, now);
        });
    } catch (const Refusal&) {
        // Decided at this moment.
    }
    parts.jobs.look();
}

// --- copies

net::Task<JsonObject> AdmissionCarrier::copy(UserId user, std::string id) {
    JsonObject copy;
    co_await parts.db.transact([&](Tx& tx) {
        const auto row = storage::find_application(tx, id);
        if (!row || row->user != user.str())
            throw Refusal(Reason::not_found, "Diese Anfrage gibt es nicht. / There is no such application.");
        JsonObject all{{"application_id", row->id},       {"group_id", row->group},     {"user_id", row->user},
                       {"came_by", row->came_by},         {"register", row->way},       {"state", row->state},
                       {"interviewed", row->interviewed}, {"created_ts", row->created}, {"reaction_ts", row->reaction}};
        all["answers"] = schema::parse_json(row->answers);
        if (row->email) all["email"] = *row->email;
        if (row->phone) all["phone"] = *row->phone;
        if (row->decided) all["decided_ts"] = *row->decided;
        if (row->attested_by) all["attested_by"] = *row->attested_by;
        schema::JsonArray log, notes, votes, messages;
        for (const auto& line : storage::application_log(tx, id))
            log.push_back(JsonObject{{"ts", line.at}, {"what", line.what}, {"by", line.by}, {"text", line.text}});
        for (const auto& note : storage::application_notes(tx, id))
            notes.push_back(JsonObject{{"ts", note.at}, {"by", note.by}, {"text", note.text}});
        for (const auto& vote : storage::application_votes(tx, id))
            votes.push_back(
                JsonObject{{"ts", vote.at}, {"by", vote.by}, {"admit", vote.admit}, {"text", vote.text}, {"reason", vote.reason}});
        if (row->room)
            if (const auto nid = storage::find_room(tx, *row->room))
                for (const auto& event :
                     storage::events_in_order(tx, *nid, 0, std::numeric_limits<schema::Ord>::max(), 5000, true)) {
                    if (event.type != "m.room.message" || event.redacted_by) continue;
                    const auto content = storage::content_of(event);
                    messages.push_back(JsonObject{
                        {"ts", event.origin_ts}, {"by", event.sender}, {"text", schema::string_at(content, "body").value_or("")}});
                }
        all["log"] = std::move(log);
        all["notes"] = std::move(notes);
        all["decisions"] = std::move(votes);
        all["messages"] = std::move(messages);
        copy = std::move(all);
    });
    co_return copy;
}

net::Task<std::string> AdmissionCarrier::check_attestation(UserId user, const ApplicationForm& said) {
    const auto now = parts.runtime.clock().now_ms();
    const auto recognised = co_await parts.db.read([&](Tx& tx) {
        const auto form = storage::find_admission_form(tx, said.group);
        return form ? form->recognises : std::vector<std::string>();
    });
    const auto read = attestation::read(*said.attestation, parts.rooms.identity().server, user, now);
    if (!parts.signed_by || std::find(recognised.begin(), recognised.end(), read.issuer.str()) == recognised.end())
        throw Refusal(
            Reason::server_not_trusted,
            "Diese Gruppe erkennt Aufnahmen dieser Stelle nicht an; fragen Sie ohne die Bescheinigung an. / This group does "
            "not recognise admissions of that office; please ask without the attestation.");
    const bool good = co_await parts.signed_by(read.issuer, *said.attestation);
    if (!good)
        throw Refusal(Reason::invalid_param,
                      "Die Bescheinigung ist nicht richtig unterschrieben. / The attestation is not properly signed.");
    co_return read.issuer.str();
}

}  // namespace runde::selfhelp
