#include "core/selfhelp/role_ends.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/selfhelp/roles.hpp"
#include "net/type_name.hpp"
#include "storage/role_ends.hpp"

namespace runde::selfhelp {

using storage::RoleGrant;
using storage::Tx;

namespace {

constexpr std::string_view job_ends = "role ends";
constexpr std::int64_t again_after_failure = 10 * 60'000;  ///< ms

/// A role, and the groups of its range in whose rooms nothing keeps the person any more.
struct End {
    RoleGrant grant;
    std::vector<std::string> leaves;
};

/// Whether somebody with these grants in force belongs into the rooms of that group: takes part, or keeps order there.
bool belongs_in_rooms(const std::vector<RoleGrant>& in_force, std::string_view group) {
    return std::any_of(in_force.begin(), in_force.end(), [&](const auto& grant) {
        return (!grant.group || *grant.group == group) && (grant.role == role::member || grant.role == role::moderator);
    });
}

std::vector<End> ends(Tx& tx, std::int64_t now) {
    std::vector<End> found;
    for (auto& grant : storage::ended_roles(tx, now)) {
        const auto in_force = storage::roles_of(tx, grant.user_id, now);
        End end{std::move(grant), {}};
        if (end.grant.role == role::member || end.grant.role == role::moderator)
            for (const auto& group : storage::groups(tx))
                if (group.is_complete() && (!end.grant.group || *end.grant.group == group.id) &&
                    !belongs_in_rooms(in_force, group.id))
                    end.leaves.push_back(group.id);
        found.push_back(std::move(end));
    }
    return found;
}

}  // namespace

RoleEnds::RoleEnds(Parts parts) : parts_(std::move(parts)) {
    parts_.jobs.add(job_ends, [this](Jobs::Job) { return look(); });
    // What ended while nobody looked.
    const auto now = parts_.runtime.clock().now_ms();
    parts_.db.transact_now([&](Tx& tx) {
        if (!storage::ended_roles(tx, now).empty()) storage::hasten_job(tx, job_ends, "", now, now);
        if (const auto next = storage::next_end_of_role(tx, now)) storage::hasten_job(tx, job_ends, "", *next, now);
    });
}

net::Task<> RoleEnds::look() {
    const auto turn = co_await looking_.enter();
    const auto now = parts_.runtime.clock().now_ms();
    const auto ended = co_await parts_.db.transact([&](Tx& tx) {
        // First of all, so that one that fails holds up nobody else's date.
        if (const auto next = storage::next_end_of_role(tx, now)) storage::schedule_job(tx, job_ends, "", *next, now);
        return ends(tx, now);
    });
    bool failed = false;
    for (const auto& end : ended) {
        try {
            co_await follow(end.grant, end.leaves);
        } catch (const net::Stopped&) {
            throw;
        } catch (const std::exception& failure) {
            spdlog::warn("the end of a role could not be followed: {}", net::type_name(failure));
            failed = true;
            continue;
        }
        co_await parts_.db.transact([&](Tx& tx) { storage::set_role_end_followed(tx, end.grant.id); });
    }
    if (failed) co_await parts_.db.transact([&](Tx& tx) { storage::hasten_job(tx, job_ends, "", now + again_after_failure, now); });
    parts_.jobs.look();
}

net::Task<> RoleEnds::follow(RoleGrant grant, std::vector<std::string> leaves) {
    const auto user = schema::UserId::parse(grant.user_id);
    if (!user) co_return;
    for (auto& group : leaves) co_await parts_.groups.take_rooms(std::move(group), *user, std::nullopt);
    co_await parts_.admission.dismiss(*user, grant.group);
    const auto* kind = find_role_kind(grant.role);
    if (!kind || kind->power == 0) co_return;
    if (grant.group)
        co_await parts_.groups.spread_powers(*grant.group);
    else
        co_await parts_.groups.spread_powers_everywhere();
}

}  // namespace runde::selfhelp
