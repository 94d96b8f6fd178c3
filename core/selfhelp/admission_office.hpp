#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/accounts/accounts.hpp"
#include "core/rooms/follower.hpp"
#include "core/rooms/rooms.hpp"
#include "core/selfhelp/admission.hpp"
#include "core/selfhelp/groups.hpp"
#include "core/selfhelp/jobs.hpp"
#include "core/selfhelp/roles.hpp"
#include "core/selfhelp/service_account.hpp"
#include "net/mail.hpp"
#include "storage/admission.hpp"
#include "storage/groups.hpp"

namespace runde::selfhelp {

class Guests;

constexpr std::string_view reception_room_type = "org.runde.reception";
/// State of a reception: {application_id, group_id, state}, so that a page can show where one is.
constexpr std::string_view application_event = "org.runde.application";

struct AdmissionOptions {
    admission::Deadlines deadlines = {};
    std::string page = {};               ///< Where applicants come back to, for mails; empty: mails have no link.
    bool knocks_from_everywhere = true;   ///< False: only people of this server and of recognised offices may ask.
};

/// What somebody says who wants to join.
struct ApplicationForm {
    std::string group;
    schema::JsonObject answers;
    std::optional<std::string> email, phone;
    Register way = Register::sie;
    std::optional<schema::JsonObject> attestation = {};  ///< attestation.hpp
    std::optional<std::string> knock = {};               ///< Came by knocking: the reason given; the form is asked later.
};

/// Everything about one application, read in one transaction.
struct ApplicationFile {
    storage::ApplicationRow row;
    storage::GroupRow group;
    int deciders = 1;
    std::vector<admission::Field> form;                      ///< As it is now.
    std::vector<admission::Field> asked = {};                ///< As it was when the answers were given.
    std::vector<storage::ApplicationLogRow> log;
    std::vector<storage::ApplicationVoteRow> votes;          ///< Team only, and of it nobody whose own application it is.
    std::vector<storage::ApplicationNoteRow> notes;          ///< The same.
    std::optional<storage::InterviewSlotRow> slot;
    std::vector<storage::InterviewSlotRow> free_slots;       ///< While one can be picked.
    std::int64_t ends_at = 0;                                ///< When the file erases itself if nothing happens.
};

/// What a group asks of newcomers, for everybody.
struct Entrance {
    storage::GroupRow group;
    int deciders = 1;
    std::vector<admission::Field> form;
    std::vector<std::string> recognises;                     ///< Servers of offices whose admissions count here.
};

/// The door: takes applications, lets the team decide, carries out what was decided, and erases the files.
///
/// Invariants
///  - Every step is one transaction under the application's lock (and the group's, where a seat is taken): whatever meets has
///    one outcome. Decided by admission::step, which is pure.
///  - Nothing outside of that transaction happens in it. What follows (reception, notices, mails, rooms, erasure) is done by
///    jobs, again and again until it stands; all of it may be done twice without harm.
///  - An applicant is in no room of the group before they are admitted, and no answer tells who is in the group or how many.
///  - Applications are found by their id, by the applicant or by the team; to everybody else they do not exist (not_found).
class AdmissionOffice {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        rooms::Follower& follower;
        accounts::Accounts& accounts;
        ServiceAccount& service;
        Groups& groups;
        Jobs& jobs;
        net::Mailer& mailer;
        /// Drops a room from whoever listens at it (sync's hubs): its rows are gone.
        std::function<void(schema::RoomNid)> room_erased;
        /// Drops a user from whoever holds them in memory.
        std::function<void(schema::UserNid)> user_erased;
        /// Whether another server has signed that (federation); throws Refusal(server_not_trusted) when it is no partner.
        std::function<net::Task<bool>(schema::ServerName, schema::JsonObject)> signed_by = {};
    };
    AdmissionOffice(Parts parts, AdmissionOptions options);  ///< Registers its jobs: before Jobs::start().

    /// People with an account elsewhere, at our pages.
    Guests& guests();
    /// How long files live here.
    const admission::Deadlines& deadlines() const;

    // --- everybody
    /// Throws Refusal(not_found) for groups that show no card.
    net::Task<Entrance> entrance(std::string group);

    // --- the applicant
    struct Applicant {
        schema::UserId user;
        std::optional<schema::UserNid> nid;  ///< Of ours.
    };
    /// Somebody with an account. Returns the application's id. Throws Refusal(not_found, bad_state, invalid_param, missing_param).
    net::Task<std::string> apply(Applicant applicant, ApplicationForm form);
    /// Somebody without: makes a limited account from a pseudonym and a password. Where no application comes of it the account
    /// goes again, after a crash in between within the hour (sweep_regularly).
    struct Arrived {
        std::string application;
        schema::UserId user;
        std::string device_id;
        accounts::Tokens tokens;
    };
    net::Task<Arrived> arrive(std::string name, std::string password, ApplicationForm form);
    net::Task<std::vector<storage::ApplicationRow>> mine(schema::UserId user);
    net::Task<ApplicationFile> own_file(schema::UserId user, std::string id);
    net::Task<> correct(schema::UserId user, std::string id, ApplicationForm form);
    net::Task<> pick_slot(schema::UserId user, std::string id, std::int64_t slot);
    net::Task<> give_slot_back(schema::UserId user, std::string id);
    net::Task<> stay(schema::UserId user, std::string id);
    net::Task<> withdraw(schema::UserId user, std::string id);
    /// After the decision, which stands: the file goes now.
    net::Task<> erase_now(schema::UserId user, std::string id);
    /// Somebody closed their account: what they asked for is withdrawn.
    net::Task<> account_closed(schema::UserId user);
    /// Everything that is kept about it (Art. 15, 20), with what was said in the reception.
    net::Task<schema::JsonObject> copy(schema::UserId user, std::string id);

    /// What this office says about a member of one of its groups to another. Throws Refusal(forbidden) for whoever is in none.
    net::Task<schema::JsonObject> attest(schema::UserId member, schema::ServerName audience);

    // --- the team. Throw Refusal(forbidden) without Rights::may_admit, not_found for what is not the group's.
    struct Member {
        schema::UserId user;
        bool administrator = false;
    };
    net::Task<> set_form(Member by, std::string group, schema::JsonArray fields, int deciders, std::vector<std::string> recognises);
    net::Task<std::vector<ApplicationFile>> files(Member by, std::string group);
    /// How many wait for the team.
    net::Task<int> open_files(Member by, std::string group);
    net::Task<ApplicationFile> file(Member by, std::string id);
    net::Task<std::int64_t> offer_slot(Member by, storage::InterviewSlotRow slot);
    net::Task<std::vector<storage::InterviewSlotRow>> slots(Member by, std::string group);
    net::Task<> withdraw_slot(Member by, std::string group, std::int64_t slot);
    net::Task<> note(Member by, std::string id, std::string text);
    net::Task<> interviewed(Member by, std::string id);
    /// `text` for the applicant (empty: a kind text of ours), `reason` for the file.
    net::Task<> vote(Member by, std::string id, bool admit, std::string text, std::string reason);
    net::Task<std::vector<storage::AdmissionCount>> counts(Member by, std::string group);

    /// Groups or roles have changed: a seat may be free for somebody who waits.
    net::Task<> look_for_seats();
    /// Somebody has left the team of a group, or (nullopt) of the node: they go from the receptions. Who still is of it stays.
    net::Task<> dismiss(schema::UserId member, std::optional<std::string> group);

    // --- what happens in rooms (wired to Rooms::on_commit and Rooms::take_knocks)
    /// Knocking at a group's card is asking to join: true when it is one. There is no event of it. The questions of the form are
    /// asked in the reception. Asking twice is no error.
    net::Task<bool> knocked(schema::RoomId room, Applicant applicant, std::string reason);
    void on_commit(const rooms::Committed& committed);
    /// Where even a limited account may write.
    bool is_reception(std::string_view room_id) const;
    /// At start, before anything happens in rooms; blocking.
    void load_now();
    /// Hourly, until the clock stops: limited accounts without an application go.
    net::Task<> sweep_regularly();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace runde::selfhelp
