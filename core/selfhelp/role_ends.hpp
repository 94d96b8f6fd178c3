#pragma once
#include <memory>

#include "core/selfhelp/admission_office.hpp"
#include "core/selfhelp/groups.hpp"
#include "core/selfhelp/jobs.hpp"
#include "net/gate.hpp"

namespace runde::selfhelp {

/// What follows when a role ends, whether somebody withdrew it or its date has come: whoever has no other reason to be there
/// goes from the group's rooms and from the receptions, and the power levels say so.
///
/// Looks at every ended role of which that is not done yet: after every change of roles (Standing::refreshed), and by a job
/// at start, when the next date comes, and again after a failure. All of it may be done twice without harm.
class RoleEnds {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        Groups& groups;
        AdmissionOffice& admission;
        Jobs& jobs;
    };
    explicit RoleEnds(Parts parts);  ///< Registers its job: before Jobs::start().

    /// Roles may have ended, or been given with a date. Returns when everything has followed, or is left to the job.
    net::Task<> look();

private:
    net::Task<> follow(storage::RoleGrant grant, std::vector<std::string> leaves);

    const Parts parts_;
    net::Turnstile looking_;
};

}  // namespace runde::selfhelp
