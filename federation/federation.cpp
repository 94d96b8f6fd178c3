#include "federation/federation.hpp"

#include <algorithm>

namespace runde::federation {

Federation::Federation(Parts parts, const Options& what, std::shared_ptr<Link> way)
    : options(what),
      link(std::move(way)),
      partners(options.partners),
      client(parts.identity, partners, *link),
      keys({.runtime = parts.runtime, .db = parts.db, .identity = parts.identity, .client = client, .options = options}),
      event_checks(parts.runtime, keys),
      request_auth(parts.identity, partners, keys, parts.runtime.clock()),
      policy(
          {.runtime = parts.runtime, .rooms = parts.rooms, .identity = parts.identity, .client = client, .checks = event_checks}),
      hosting({.rooms = parts.rooms, .checks = event_checks, .policy = policy}),
      joining({.runtime = parts.runtime, .db = parts.db, .rooms = parts.rooms, .client = client, .checks = event_checks}),
      invitations({.runtime = parts.runtime, .db = parts.db, .rooms = parts.rooms, .client = client, .checks = event_checks}),
      neighbourhood(client, joining, invitations),
      sender({.runtime = parts.runtime,
              .db = parts.db,
              .lane = parts.lane,
              .numbers = parts.numbers,
              .identity = parts.identity,
              .rooms = parts.rooms,
              .partners = partners,
              .client = client}),
      missing({.runtime = parts.runtime, .rooms = parts.rooms, .client = client, .checks = event_checks, .policy = policy}),
      backfill({.runtime = parts.runtime,
                .db = parts.db,
                .rooms = parts.rooms,
                .client = client,
                .checks = event_checks,
                .missing = missing}),
      reading_back({.runtime = parts.runtime,
                    .db = parts.db,
                    .rooms = parts.rooms,
                    .client = client,
                    .checks = event_checks,
                    .backfill = backfill}),
      receiver({.runtime = parts.runtime,
                .db = parts.db,
                .numbers = parts.numbers,
                .identity = parts.identity,
                .rooms = parts.rooms,
                .typing = parts.typing,
                .checks = event_checks,
                .policy = policy,
                .missing = missing,
                .joining = joining}) {
    parts.runtime.spawn("rooms that we watch over", policy.guard_rooms());
    parts.rooms.connect(neighbourhood);
    client.on_contact([this](const schema::ServerName& server) { sender.contact(server); });
    request_auth.on_contact([this](const schema::ServerName& server) { sender.contact(server); });
}

Federation::~Federation() = default;

bool Federation::is_idle() const { return sender.is_idle() && receiver.is_idle() && backfill.is_idle() && reading_back.is_idle() && policy.is_idle(); }

std::optional<std::int64_t> Federation::next_try() const {
    const auto out = sender.next_try(), in = receiver.next_try();
    return out && in ? std::min(*out, *in) : out ? out : in;
}

}  // namespace runde::federation
