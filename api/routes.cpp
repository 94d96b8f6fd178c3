#include "api/routes.hpp"

#include "api/admin/tables.hpp"
#include "api/client/rooms_routes.hpp"
#include "api/client/tables.hpp"
#include "api/federation/tables.hpp"
#include "api/selfhelp/tables.hpp"
#include "api/web/health.hpp"
#include "api/web/pages.hpp"

namespace runde::api {

Router all_routes() {
    Router router;
    router.add(client::account_routes());
    router.add(client::account_data_routes());
    router.add(client::capabilities_routes());
    router.add(client::device_routes());
    router.add(client::filter_routes());
    router.add(client::login_routes());
    router.add(client::open_id_routes());
    router.add(client::profile_routes());
    router.add(client::push_rule_routes());
    router.add(client::pusher_routes());
    router.add(client::receipt_routes());
    router.add(client::registration_routes());
    router.add(client::sync_routes());
    router.add(client::typing_routes());
    router.add(client::version_routes());
    router.add(client::well_known_routes());
    router.add(admin::registration_routes());
    router.add(client::create_room_routes());
    router.add(client::membership_routes());
    router.add(client::room_event_routes());
    router.add(client::history_routes());
    router.add(client::directory_routes());
    router.add(client::search_routes());
    router.add(selfhelp::application_routes());
    router.add(selfhelp::admission_desk_routes());
    router.add(selfhelp::forum_routes());
    router.add(selfhelp::group_routes());
    router.add(selfhelp::organisation_routes());
    router.add(selfhelp::role_routes());
    router.add(selfhelp::rules_routes());
    router.add(selfhelp::search_routes());
    router.add(selfhelp::node_routes());
    router.add(federation::handshake_routes());
    router.add(federation::history_routes());
    router.add(federation::invite_routes());
    router.add(federation::key_routes());
    router.add(federation::policy_routes());
    router.add(federation::query_routes());
    router.add(federation::space_routes());
    router.add(federation::transaction_routes());
    router.add(federation::user_routes());
    router.add(federation::version_routes());
    router.add(web::health_routes());
    router.add(web::page_routes());
    router.add(web::application_routes());
    router.add(web::ask_routes());
    router.add(web::front_routes());
    router.add(web::group_page_routes());
    router.add(web::notice_routes());
    router.add(web::principle_routes());
    router.add(web::rules_page_routes());
    router.add(web::visit_routes());
    router.add(web::guest_routes());
    router.add(web::accessibility_routes());
    router.add(web::crisis_routes());
    return router;
}

}  // namespace runde::api
