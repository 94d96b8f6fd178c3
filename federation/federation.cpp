#include "federation/federation.hpp"

namespace runde::federation {

Federation::Federation(Parts parts, const Options& what, std::shared_ptr<Link> way)
    : options(what),
      link(std::move(way)),
      partners(options.partners),
      client(parts.identity, partners, *link),
      keys({.runtime = parts.runtime, .db = parts.db, .identity = parts.identity, .client = client, .options = options}),
      request_auth(parts.identity, partners, keys, parts.runtime.clock()) {}

Federation::~Federation() = default;

}  // namespace runde::federation
