#pragma once
#include <set>

#include "core/selfhelp/admission_office.hpp"
#include "net/gate.hpp"

namespace runde::selfhelp {

/// The half of the office that carries out: what follows from a step once it is written. All of it is done by jobs, from what
/// the tables say and not from what happened, so that doing it twice does it once.
struct AdmissionCarrier {
    /// Takes a step that nobody asked for (a file lapses, somebody wrote): locks and writes like any other.
    using TakeStep = std::function<void(storage::Tx&, storage::ApplicationRow&, const admission::Event&, std::int64_t now_ms)>;

    AdmissionCarrier(AdmissionOffice::Parts what, AdmissionOptions how) : parts(std::move(what)), options(std::move(how)) {}
    void register_jobs(TakeStep step);
    /// Which rooms are receptions; at start, blocking.
    void load_now();

    /// In the transaction of a step: what is to be done now and later.
    void schedule(storage::Tx& tx, const storage::ApplicationRow& row, const admission::Application& application,
                  std::int64_t now_ms) const;
    /// An account that was made for an application which was not taken then.
    net::Task<> forsake(schema::UserNid nid, schema::UserId user);
    /// Limited accounts without an application, whatever left them behind, go: now, and every hour.
    net::Task<> sweep();
    net::Task<> sweep_regularly();
    net::Task<> look_for_seats();
    /// Whoever of the team opens a file is invited to its reception, and nobody else is: the applicant sees only who has to do
    /// with them.
    net::Task<> welcome(storage::ApplicationRow row, schema::UserId member);
    /// Somebody has left the team, of one group or of all: they go from every reception that is not theirs to read any more.
    net::Task<> dismiss(schema::UserId member, std::optional<std::string> group);
    net::Task<schema::JsonObject> copy(schema::UserId user, std::string id);
    /// The office that admitted the person, if the group recognises it. Throws Refusal(invalid_param, server_not_trusted).
    net::Task<std::string> check_attestation(schema::UserId user, const ApplicationForm& said);

    void on_commit(const rooms::Committed& committed);
    bool is_reception(std::string_view room_id) const { return reception_ids.contains(room_id); }

    AdmissionOffice::Parts parts;
    const AdmissionOptions options;

private:
    struct Whole {
        storage::ApplicationRow row;
        storage::GroupRow group;
        std::vector<storage::ApplicationLogRow> log;
        std::optional<storage::InterviewSlotRow> slot;
        std::vector<std::string> team;
        std::vector<admission::Field> form;
    };
    /// Two jobs of one application take turns.
    using Turns = std::map<std::string, std::shared_ptr<net::Gate>>;
    class Turn;
    net::Task<std::shared_ptr<Turn>> turn(std::string id);
    net::Task<std::optional<Whole>> read(std::string id);
    net::Task<> carry_out(std::string id);
    net::Task<rooms::RoomPtr> reception(Whole& whole);
    net::Task<> gather(const Whole& whole, rooms::RoomPtr room);
    net::Task<> tell(const Whole& whole, rooms::RoomPtr room);
    net::Task<> let_in(const Whole& whole);
    net::Task<> send_mail(Jobs::Job job);
    net::Task<> remind(std::string id);
    net::Task<> offer_seats(std::string group);
    net::Task<> erase(std::string id);
    bool end_limited_account(storage::Tx& tx, const storage::UserRow& account, const std::string& user);
    net::Task<> left(std::string id, std::string user);
    net::Task<> wrote(std::string id, std::string sender);

    TakeStep take_step;
    std::unordered_map<schema::RoomNid, std::string> receptions;  ///< Application by room.
    std::set<std::string, std::less<>> reception_ids;
    std::unordered_map<std::string, std::int64_t> heard;          ///< When somebody last wrote, by application and person; ms.
    /// Shared with those who have their turn: at shutdown they may end after this.
    const std::shared_ptr<Turns> turns = std::make_shared<Turns>();
};

}  // namespace runde::selfhelp
