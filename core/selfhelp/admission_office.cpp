#include "core/selfhelp/admission_office.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "core/selfhelp/admission_carrier.hpp"
#include "core/selfhelp/attestation.hpp"
#include "core/selfhelp/guests.hpp"
#include "core/selfhelp/words.hpp"
#include "schema/refusal.hpp"
#include "schema/signing.hpp"

namespace runde::selfhelp {

using admission::Event;
using admission::Mode;
using admission::State;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::UserId;
using storage::ApplicationRow;
using storage::GroupRow;
using storage::Tx;

namespace {

constexpr std::size_t longest_text_of_team = 4000;
constexpr int most_open_of_one_server = 20;  ///< Applications to one group.
constexpr std::int64_t slot_longest_ms = std::int64_t{4} * 3600 * 1000, slot_furthest_ms = std::int64_t{366} * 24 * 3600 * 1000;

[[noreturn]] void unknown() { throw Refusal(Reason::not_found, "Diese Anfrage gibt es nicht. / There is no such application."); }

/// A group that can be asked: complete and with a card.
GroupRow require_group(std::optional<GroupRow> group) {
    if (!group || !group->is_complete() || group->closed)
        throw Refusal(Reason::not_found, "Diese Gruppe gibt es nicht. / There is no such group.");
    return *std::move(group);
}

std::vector<admission::Field> form_of(const std::optional<storage::AdmissionForm>& stored) {
    if (!stored) return admission::default_form();
    return admission::read_form(schema::parse_json(stored->fields).as_array());
}

admission::Rules rules_of(Tx& tx, const GroupRow& group, std::int64_t now) {
    const auto form = storage::find_admission_form(tx, group.id);
    const bool free = has_free_seat(tx, group, now);
    return {.mode = admission::parse_mode(group.admission).value_or(Mode::on_request),
            .deciders = form ? form->deciders : 1,
            .waiting_list = group.waiting_list,
            .seat_free = free,
            .closed = group.closed.has_value()};
}

admission::Application application_of(Tx& tx, const ApplicationRow& row) {
    admission::Application application{.state = admission::parse_state(row.state),
                                       .interviewed = row.interviewed,
                                       .reaction = row.reaction,
                                       .decided = row.decided,
                                       .erasure_asked = row.erasure_asked};
    for (const auto& vote : storage::application_votes(tx, row.id)) application.votes.push_back({vote.by, vote.admit});
    return application;
}

}  // namespace

struct AdmissionOffice::Impl : AdmissionCarrier {
    Impl(Parts what, AdmissionOptions how)
        : AdmissionCarrier(std::move(what), std::move(how)),
          guests({.runtime = parts.runtime,
                  .db = parts.db,
                  .rooms = parts.rooms,
                  .follower = parts.follower,
                  .service = parts.service,
                  .jobs = parts.jobs,
                  .room_erased = parts.room_erased,
                  .page = parts.signed_by && !options.page.empty() ? options.page + "/auswaerts" : std::string()}) {}

    Guests guests;

    std::int64_t now() const { return parts.runtime.clock().now_ms(); }

    /// One step of an application that is locked (or new): decides, writes, and schedules what follows.
    /// `by`, `text`: who of the team did it, and what they say to the applicant.
    void take_step(Tx& tx, ApplicationRow& row, const admission::Rules& rules, const Event& event, std::int64_t at,
                   const std::string& by, const std::string& text) {
        auto application = application_of(tx, row);
        const auto before = application.state;
        const auto step = admission::step(rules, application, event, at);
        row.state = admission::name_of(step.next.state);
        row.interviewed = step.next.interviewed;
        row.reaction = step.next.reaction;
        row.decided = step.next.decided;
        row.erasure_asked = step.next.erasure_asked;
        storage::update_application(tx, row);
        for (const auto what : step.log) {
            const bool decision = what == "admitted" || what == "declined";
            storage::append_application_log(tx, row.id, at, what, by, decision ? text : std::string());
        }
        if (step.next.state == State::admitted && before != State::admitted)
            storage::insert_role(tx, {.user_id = row.user,
                                      .role = std::string(role::member),
                                      .group = row.group,
                                      .granted_by = by.empty() ? parts.service.id().str() : by,
                                      .granted_at = at});
        if (step.next.decided) storage::give_back_interview_slot(tx, row.id);
        schedule(tx, row, step.next, at);
    }

    ApplicationFile read_file(Tx& tx, ApplicationRow row, bool for_team) {
        auto group = storage::find_group(tx, row.group);
        if (!group) unknown();
        const auto form = storage::find_admission_form(tx, row.group);
        ApplicationFile file{
            .row = std::move(row), .group = *std::move(group), .deciders = form ? form->deciders : 1, .form = form_of(form)};
        if (file.row.asked != "[]") file.asked = admission::read_form(schema::parse_json(file.row.asked).as_array());
        if (file.asked.empty()) file.asked = file.form;
        file.log = storage::application_log(tx, file.row.id);
        file.slot = storage::slot_of_application(tx, file.row.id);
        const auto state = admission::parse_state(file.row.state);
        if (state == State::received || state == State::interview)
            file.free_slots = storage::interview_slots(tx, file.row.group, now(), true);
        file.ends_at = admission::ends_at(
            {.state = state, .reaction = file.row.reaction, .decided = file.row.decided, .erasure_asked = file.row.erasure_asked},
            options.deadlines);
        if (for_team) {
            file.votes = storage::application_votes(tx, file.row.id);
            file.notes = storage::application_notes(tx, file.row.id);
        }
        return file;
    }

    static ApplicationRow own(std::optional<ApplicationRow> row, const UserId& user) {
        if (!row || row->user != user.str()) unknown();
        return *std::move(row);
    }

    /// The team's view: whoever may not admit to that group learns not even that there is such an application.
    static ApplicationRow teams(Tx& tx, std::optional<ApplicationRow> row, const Member& by, std::int64_t at) {
        if (!row || !rights_of(tx, by.user, by.administrator, at).may_admit(row->group)) unknown();
        return *std::move(row);
    }
    static void require_not_own(const ApplicationRow& row, const Member& by) {
        if (row.user == by.user.str())
            throw Refusal(Reason::forbidden,
                          "Über die eigene Anfrage entscheidet man nicht. / Nobody decides on their own application.");
    }
    static void require_team(Tx& tx, const Member& by, const std::string& group, std::int64_t at) {
        require(rights_of(tx, by.user, by.administrator, at).may_admit(group));
    }

    /// What the applicant does to their own application. Locks in one order everywhere: the group, then the application.
    net::Task<> own_step(UserId user, std::string id, std::function<Event(Tx&, ApplicationRow&)> make) {
        const auto at = now();
        co_await parts.db.transact([&](Tx& tx) {
            const auto group = storage::lock_group(tx, own(storage::find_application(tx, id), user).group);
            auto row = own(storage::lock_application(tx, id), user);
            const auto event = make(tx, row);
            take_step(tx, row, rules_of(tx, *group, at), event, at, {}, {});
        });
        parts.jobs.look();
    }

    net::Task<> team_step(Member by, std::string id, std::function<Event(Tx&, ApplicationRow&)> make, std::string text) {
        const auto at = now();
        co_await parts.db.transact([&](Tx& tx) {
            const auto group = storage::lock_group(tx, teams(tx, storage::find_application(tx, id), by, at).group);
            auto row = teams(tx, storage::lock_application(tx, id), by, at);
            require_not_own(row, by);
            const auto event = make(tx, row);
            take_step(tx, row, rules_of(tx, *group, at), event, at, by.user.str(), text);
        });
        parts.jobs.look();
    }

    /// Whether people of that server may ask this group. Throws Refusal(forbidden).
    net::Task<> require_taken_from(const UserId& user, std::string group) {
        if (options.knocks_from_everywhere) co_return;
        const auto form = co_await parts.db.read([&](Tx& tx) { return storage::find_admission_form(tx, group); });
        if (!form || std::find(form->recognises.begin(), form->recognises.end(), user.server()) == form->recognises.end())
            throw Refusal(Reason::forbidden,
                          "Diese Stelle nimmt Anfragen nur von Konten auf ihrer eigenen Seite an. / This office takes applications "
                          "from accounts of its own page only.");
    }

    /// Takes an application. Returns its id. Throws what apply() throws.
    std::string write(Tx& tx, const AdmissionOffice::Applicant& applicant, const ApplicationForm& said,
                      const std::optional<std::string>& recognised, std::int64_t at) {
        const auto group = require_group(storage::lock_group(tx, said.group));
        auto row = checked(form_of(storage::find_admission_form(tx, said.group)), said, at);
        row.user = applicant.user.str();
        row.user_nid = applicant.nid;
        row.attested_by = recognised;
        if (applicant.nid) {
            // A limited account may be going with its last file at this moment.
            const auto user = storage::lock_user(tx, *applicant.nid);
            if (!user) throw Refusal(Reason::unknown_token, "");
            row.new_account = (user->flags & storage::limited_account) != 0;
        }
        // Another server may make as many accounts as it likes; ours are counted where they are made.
        if (!applicant.nid && storage::count_open_applications(tx, said.group, applicant.user.server()) >= most_open_of_one_server)
            throw Refusal(Reason::limit_exceeded,
                          "Von diesem Server haben gerade schon viele angefragt; bitte später noch einmal. / Many people of that "
                          "server have asked here; please try again later.",
                          {{"retry_after_ms", 3'600'000}});
        for (const auto& grant : storage::roles_of(tx, row.user, at))
            if (grant.group == said.group && grant.role == role::member)
                throw Refusal(Reason::bad_state, "Sie gehören schon zu dieser Gruppe. / You are in this group already.");
        if (storage::insert_application(tx, row) == storage::Inserted::no)
            throw Refusal(Reason::bad_state, "Sie haben dort schon angefragt. / You have asked there already.");
        const auto rules = rules_of(tx, group, at);
        take_step(tx, row, rules, admission::Submitted{}, at, {}, {});
        if (recognised && !admission::is_final(admission::parse_state(row.state)))
            take_step(tx, row, rules, admission::Recognised{}, at, {}, {});
        return row.id;
    }

    /// Checks what was said, without writing anything.
    static ApplicationRow checked(const std::vector<admission::Field>& form, const ApplicationForm& said, std::int64_t at) {
        const auto contact = admission::read_contact(said.email, said.phone);
        auto answers = said.knock ? JsonObject() : admission::read_answers(form, said.answers);
        if (said.knock && !said.knock->empty())
            answers[admission::knock_answer] = first_characters(*said.knock, admission::longest_answer);
        return {.id = schema::random_token(20),
                .group = said.group,
                .came_by = said.knock ? "knock" : "page",
                .way = std::string(name_of(said.way)),
                .answers = schema::to_text(answers),
                .email = contact.email,
                .phone = contact.phone,
                .created = at,
                .reaction = at,
                .asked = schema::to_text(schema::Json(admission::to_json(form)))};
    }
};

AdmissionOffice::AdmissionOffice(Parts parts, AdmissionOptions options)
    : impl_(std::make_shared<Impl>(std::move(parts), std::move(options))) {
    impl_->register_jobs([impl = impl_.get()](Tx& tx, ApplicationRow& row, const Event& event, std::int64_t at) {
        const auto group = storage::lock_group(tx, row.group);
        auto locked = storage::lock_application(tx, row.id);
        if (!group || !locked) return;
        impl->take_step(tx, *locked, rules_of(tx, *group, at), event, at, {}, {});
        row = *locked;
    });
}

Guests& AdmissionOffice::guests() { return impl_->guests; }
const admission::Deadlines& AdmissionOffice::deadlines() const { return impl_->options.deadlines; }

net::Task<Entrance> AdmissionOffice::entrance(std::string group) {
    co_return co_await impl_->parts.db.read([&](Tx& tx) {
        auto row = require_group(storage::find_group(tx, group));
        const auto form = storage::find_admission_form(tx, group);
        return Entrance{std::move(row), form ? form->deciders : 1, form_of(form),
                        form ? form->recognises : std::vector<std::string>()};
    });
}

net::Task<std::string> AdmissionOffice::apply(Applicant applicant, ApplicationForm said) {
    const auto impl = impl_;
    const auto at = impl->now();
    std::optional<std::string> recognised;
    if (said.attestation) recognised = co_await impl->check_attestation(applicant.user, said);
    if (!applicant.nid && !recognised) co_await impl->require_taken_from(applicant.user, said.group);
    const auto id = co_await impl->parts.db.transact([&](Tx& tx) { return impl->write(tx, applicant, said, recognised, at); });
    impl->parts.jobs.look();
    co_return id;
}

net::Task<AdmissionOffice::Arrived> AdmissionOffice::arrive(std::string name, std::string password, ApplicationForm said) {
    const auto impl = impl_;
    auto& accounts = impl->parts.accounts;
    if (accounts.options.registration == accounts::RegistrationMode::closed) throw Refusal(Reason::registration_closed, "");
    // Everything that can be refused is refused before there is an account.
    const auto asked = co_await entrance(said.group);
    Impl::checked(asked.form, said, impl->now());
    const auto user = co_await accounts.registration.require_available(name);
    accounts::check_password_strength(password, user.localpart());
    auto hash = co_await accounts.passwords.hash(std::move(password));
    accounts::NewAccount wish;
    wish.user = user;
    wish.password_hash = std::move(hash);
    wish.flags = storage::limited_account;
    wish.device.emplace();
    auto made = co_await accounts.registration.create(std::move(wish));
    Arrived arrived{
        .application = {}, .user = made.user, .device_id = std::move(made.device_id), .tokens = *std::move(made.tokens)};
    std::exception_ptr failed;
    try {
        arrived.application = co_await apply({made.user, made.nid}, std::move(said));
    } catch (const net::Stopped&) {
        throw;  // The sweep of the next start finds it.
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) {
        // The last seat went meanwhile, say: an account without an application would be good for nothing.
        co_await impl->forsake(made.nid, made.user);
        std::rethrow_exception(failed);
    }
    co_return arrived;
}

net::Task<bool> AdmissionOffice::knocked(schema::RoomId room, Applicant applicant, std::string reason) {
    const auto impl = impl_;
    const auto group = co_await impl->parts.db.read([&](Tx& tx) { return storage::find_group_of_room(tx, room.str()); });
    if (!group || group->card_id != room.str()) co_return false;
    if (!applicant.nid) co_await impl->require_taken_from(applicant.user, group->id);
    // Whoever knocks again hears what they heard before.
    const auto under_way = co_await impl->parts.db.read([&](Tx& tx) {
        const auto all = storage::applications_of_user(tx, applicant.user.str());
        return std::any_of(all.begin(), all.end(),
                           [&](const ApplicationRow& row) { return row.group == group->id && !row.decided; });
    });
    if (under_way) co_return true;
    ApplicationForm said{.group = group->id, .answers = {}, .email = {}, .phone = {}};
    said.knock = schema::is_utf8(reason) && reason.find('\0') == reason.npos ? std::move(reason) : std::string();
    co_await apply(std::move(applicant), std::move(said));
    co_return true;
}

net::Task<std::vector<ApplicationRow>> AdmissionOffice::mine(UserId user) {
    co_return co_await impl_->parts.db.read([&](Tx& tx) { return storage::applications_of_user(tx, user.str()); });
}

net::Task<ApplicationFile> AdmissionOffice::own_file(UserId user, std::string id) {
    co_return co_await impl_->parts.db.transact(
        [&](Tx& tx) { return impl_->read_file(tx, Impl::own(storage::find_application(tx, id), user), false); });
}

net::Task<> AdmissionOffice::correct(UserId user, std::string id, ApplicationForm said) {
    const auto impl = impl_;
    co_await impl->own_step(user, id, [&](Tx& tx, ApplicationRow& row) {
        said.group = row.group;
        auto corrected = Impl::checked(form_of(storage::find_admission_form(tx, row.group)), said, row.created);
        // What was said at the knock is no answer to the form, and stays.
        const auto before = schema::parse_json(row.answers).as_object();
        auto answers = schema::parse_json(corrected.answers).as_object();
        if (const auto* knock = before.if_contains(admission::knock_answer)) answers[admission::knock_answer] = *knock;
        row.answers = schema::to_text(answers);
        row.asked = std::move(corrected.asked);
        row.email = std::move(corrected.email);
        row.phone = std::move(corrected.phone);
        row.way = std::move(corrected.way);
        return Event(admission::Corrected{});
    });
}

net::Task<> AdmissionOffice::pick_slot(UserId user, std::string id, std::int64_t slot) {
    const auto impl = impl_;
    const auto at = impl->now();
    co_await impl->own_step(user, id, [&](Tx& tx, ApplicationRow& row) {
        storage::give_back_interview_slot(tx, row.id);
        if (!storage::take_interview_slot(tx, slot, row.group, row.id, at))
            throw Refusal(Reason::bad_state, "Dieser Termin ist nicht mehr frei. / This slot is no longer free.");
        return Event(admission::SlotPicked{});
    });
}

net::Task<> AdmissionOffice::give_slot_back(UserId user, std::string id) {
    const auto impl = impl_;
    co_await impl->own_step(user, id, [](Tx& tx, ApplicationRow& row) {
        if (!storage::slot_of_application(tx, row.id))
            throw Refusal(Reason::bad_state, "Es ist kein Termin vereinbart. / There is no appointment.");
        storage::give_back_interview_slot(tx, row.id);
        return Event(admission::SlotGivenBack{});
    });
}

net::Task<> AdmissionOffice::stay(UserId user, std::string id) {
    const auto impl = impl_;
    co_await impl->own_step(user, id, [](Tx&, ApplicationRow&) { return Event(admission::Stays{}); });
}

net::Task<> AdmissionOffice::withdraw(UserId user, std::string id) {
    const auto impl = impl_;
    co_await impl->own_step(user, id, [](Tx&, ApplicationRow&) { return Event(admission::Withdrawn{}); });
}

net::Task<> AdmissionOffice::erase_now(UserId user, std::string id) {
    const auto impl = impl_;
    co_await impl->own_step(user, id, [](Tx&, ApplicationRow&) { return Event(admission::ErasureAsked{}); });
}

net::Task<> AdmissionOffice::account_closed(UserId user) {
    const auto rows = co_await mine(user);
    for (const auto& row : rows) {
        if (row.decided) continue;
        try {
            co_await withdraw(user, row.id);
        } catch (const Refusal&) {
            // Decided, or withdrawn by leaving the reception, at this moment.
        }
    }
}

net::Task<JsonObject> AdmissionOffice::attest(UserId member, schema::ServerName audience) {
    const auto impl = impl_;
    const auto at = impl->now();
    const auto roles = co_await impl->parts.db.read([&](Tx& tx) { return storage::roles_of(tx, member.str(), at); });
    require(std::any_of(roles.begin(), roles.end(), [](const auto& grant) { return grant.role == role::member; }));
    const auto& identity = impl->parts.rooms.identity();
    co_return attestation::make(identity.server, identity.key, member, audience, at);
}

net::Task<> AdmissionOffice::set_form(Member by, std::string group, schema::JsonArray fields, int deciders,
                                      std::vector<std::string> recognises) {
    const auto impl = impl_;
    const auto form = admission::read_form(fields);
    if (deciders != 1 && deciders != 2) throw Refusal(Reason::invalid_param, "deciders is 1 or 2");
    if (recognises.size() > 100) throw Refusal(Reason::too_large, "recognises is too long");
    for (const auto& server : recognises)
        if (!schema::ServerName::parse(server)) throw Refusal(Reason::invalid_param, "recognises names servers");
    const auto at = impl->now();
    co_await impl->parts.db.transact([&](Tx& tx) {
        Impl::require_team(tx, by, group, at);
        require_group(storage::find_group(tx, group));
        storage::put_admission_form(tx, group, {schema::to_text(schema::Json(admission::to_json(form))), deciders, recognises}, at);
    });
}

net::Task<std::vector<ApplicationFile>> AdmissionOffice::files(Member by, std::string group) {
    const auto impl = impl_;
    const auto at = impl->now();
    co_return co_await impl->parts.db.transact([&](Tx& tx) {
        Impl::require_team(tx, by, group, at);
        std::vector<ApplicationFile> files;
        for (auto& row : storage::applications_of_group(tx, group)) {
            const bool own = row.user == by.user.str();
            files.push_back(impl->read_file(tx, std::move(row), !own));
        }
        return files;
    });
}

net::Task<int> AdmissionOffice::open_files(Member by, std::string group) {
    const auto impl = impl_;
    const auto at = impl->now();
    co_return co_await impl->parts.db.transact([&](Tx& tx) {
        Impl::require_team(tx, by, group, at);
        return storage::count_open_applications(tx, group);
    });
}

net::Task<ApplicationFile> AdmissionOffice::file(Member by, std::string id) {
    const auto impl = impl_;
    const auto at = impl->now();
    auto file = co_await impl->parts.db.transact([&](Tx& tx) {
        auto row = Impl::teams(tx, storage::find_application(tx, id), by, at);
        const bool own = row.user == by.user.str();
        return impl->read_file(tx, std::move(row), !own);
    });
    if (file.row.user != by.user.str()) co_await impl->welcome(file.row, by.user);
    co_return file;
}

net::Task<std::int64_t> AdmissionOffice::offer_slot(Member by, storage::InterviewSlotRow slot) {
    const auto impl = impl_;
    const auto at = impl->now();
    if (std::find(admission::interview_ways.begin(), admission::interview_ways.end(), slot.way) == admission::interview_ways.end())
        throw Refusal(Reason::invalid_param, "way is chat, phone, video or in_person");
    if (slot.begins <= at || slot.begins > at + slot_furthest_ms)
        throw Refusal(Reason::invalid_param, "begins lies ahead, at most a year");
    if (slot.ends <= slot.begins || slot.ends > slot.begins + slot_longest_ms)
        throw Refusal(Reason::invalid_param, "ends is after begins, by at most four hours");
    check_line("place", slot.place, 500);
    slot.offered_by = by.user.str();
    co_return co_await impl->parts.db.transact([&](Tx& tx) {
        Impl::require_team(tx, by, slot.group, at);
        require_group(storage::find_group(tx, slot.group));
        return storage::insert_interview_slot(tx, slot);
    });
}

net::Task<std::vector<storage::InterviewSlotRow>> AdmissionOffice::slots(Member by, std::string group) {
    const auto impl = impl_;
    const auto at = impl->now();
    co_return co_await impl->parts.db.transact([&](Tx& tx) {
        Impl::require_team(tx, by, group, at);
        return storage::interview_slots(tx, group, at - slot_longest_ms, false);
    });
}

net::Task<> AdmissionOffice::withdraw_slot(Member by, std::string group, std::int64_t slot) {
    const auto impl = impl_;
    const auto at = impl->now();
    co_await impl->parts.db.transact([&](Tx& tx) {
        Impl::require_team(tx, by, group, at);
        if (!storage::delete_free_interview_slot(tx, slot, group))
            throw Refusal(Reason::not_found,
                          "Diesen Termin gibt es nicht, oder er ist vergeben. / There is no such slot, or it is taken.");
    });
}

net::Task<> AdmissionOffice::note(Member by, std::string id, std::string text) {
    const auto impl = impl_;
    check_words("text", text, longest_text_of_team, Needed::yes);
    const auto at = impl->now();
    co_await impl->parts.db.transact([&](Tx& tx) {
        const auto row = Impl::teams(tx, storage::lock_application(tx, id), by, at);
        Impl::require_not_own(row, by);
        storage::insert_application_note(tx, row.id, {by.user.str(), at, text});
    });
}

net::Task<> AdmissionOffice::interviewed(Member by, std::string id) {
    const auto impl = impl_;
    co_await impl->team_step(std::move(by), id, [](Tx&, ApplicationRow&) { return Event(admission::Interviewed{}); }, {});
}

net::Task<> AdmissionOffice::vote(Member by, std::string id, bool admit, std::string text, std::string reason) {
    const auto impl = impl_;
    check_words("text", text, longest_text_of_team);
    check_words("reason", reason, longest_text_of_team);
    const auto at = impl->now();
    const storage::ApplicationVoteRow vote{by.user.str(), admit, text, reason, at};
    co_await impl->team_step(
        by, id,
        [&](Tx& tx, ApplicationRow& row) {
                                 // Decided first: a vote that comes too late must not stand in the file.
            if (row.decided) admission::step({}, application_of(tx, row), admission::Stays{}, at);
            storage::put_application_vote(tx, row.id, vote);
            return Event(admission::Voted{{by.user.str(), admit}});
        },
        text);
}

net::Task<std::vector<storage::AdmissionCount>> AdmissionOffice::counts(Member by, std::string group) {
    const auto impl = impl_;
    const auto at = impl->now();
    co_return co_await impl->parts.db.transact([&](Tx& tx) {
        Impl::require_team(tx, by, group, at);
        return storage::admission_counts(tx, group);
    });
}

net::Task<JsonObject> AdmissionOffice::copy(UserId user, std::string id) {
    const auto impl = impl_;
    co_return co_await impl->copy(user, id);
}

net::Task<> AdmissionOffice::look_for_seats() {
    const auto impl = impl_;
    co_await impl->look_for_seats();
}

net::Task<> AdmissionOffice::dismiss(UserId member, std::optional<std::string> group) {
    const auto impl = impl_;
    co_await impl->dismiss(std::move(member), std::move(group));
}

void AdmissionOffice::on_commit(const rooms::Committed& committed) {
    impl_->on_commit(committed);
    impl_->guests.on_commit(committed);
}
bool AdmissionOffice::is_reception(std::string_view room_id) const { return impl_->is_reception(room_id); }
void AdmissionOffice::load_now() { impl_->load_now(); }
net::Task<> AdmissionOffice::sweep_regularly() { return impl_->sweep_regularly(); }

}  // namespace runde::selfhelp
