"""A catalogue of small plans, each with one feature, one tie or one corner, on which two engines have to agree.

The parts: `catalogue_gateway` (throttles, usage plans, quotas), `catalogue_cache`, `catalogue_backends` (Lambda, HTTP,
faults), `catalogue_aliases` (versions, aliases), `catalogue_clients` (clients, retries, arrivals, how runs end),
`catalogue_deployments` (stages, canaries), `catalogue_errors` (validation, custom integrations, payloads, gateway
responses), `catalogue_security` (authorizers, policies), `catalogue_fronts` (endpoints, domains, distributions),
`catalogue_provisioned` (provisioned concurrency), `catalogue_services` (AWS services behind integrations),
`catalogue_users` (closed-loop users), `catalogue_http` (HTTP APIs), `catalogue_waf` (web ACLs), `catalogue_browsers`,
`catalogue_websockets` (connections), `catalogue_regions` (several Regions), `catalogue_order` (ties, a pair of ranks
each). An entry is a scenario as data, or as YAML, and the words of `reaching` that it must reach.
"""

from __future__ import annotations

from engine import (
    catalogue_aliases,
    catalogue_backends,
    catalogue_browsers,
    catalogue_cache,
    catalogue_clients,
    catalogue_deployments,
    catalogue_errors,
    catalogue_fronts,
    catalogue_gateway,
    catalogue_http,
    catalogue_order,
    catalogue_provisioned,
    catalogue_regions,
    catalogue_security,
    catalogue_services,
    catalogue_users,
    catalogue_waf,
    catalogue_websockets,
)
from engine.reaching import Entry
from engine.running import MS

GRIDS = (1, MS, 100 * MS)
"""On 1 ns things happen when they do; on 1 ms and 100 ms hundreds of them happen at one instant."""

PARTS = (
    catalogue_gateway, catalogue_cache, catalogue_backends, catalogue_aliases, catalogue_clients, catalogue_deployments,
    catalogue_errors, catalogue_security, catalogue_fronts, catalogue_services, catalogue_users, catalogue_http,
    catalogue_order, catalogue_provisioned, catalogue_waf, catalogue_browsers, catalogue_websockets,
    catalogue_regions,
)  # fmt: skip
CATALOGUE: dict[str, Entry] = {name: entry for part in PARTS for name, entry in part.ENTRIES.items()}
assert len(CATALOGUE) == sum(len(part.ENTRIES) for part in PARTS), "two entries have one name"
