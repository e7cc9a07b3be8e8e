"""From words to numbers: a scenario as a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from apigw_sim import quotas, units
from apigw_sim.plan import (
    alarms,
    aliases,
    backends,
    code,
    connections,
    edge,
    events,
    laws,
    limits,
    provisioned,
    records,
    scaling,
    services,
    timeline,
    waf,
)
from apigw_sim.plan.assumptions import leant_on
from apigw_sim.plan.authorizers import Guards
from apigw_sim.plan.behind import Ways
from apigw_sim.plan.clients import Clients
from apigw_sim.plan.contexts import Contexts
from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.history import History
from apigw_sim.plan.partition import Partition
from apigw_sim.plan.reading import Reading
from apigw_sim.plan.tables import NULL, Account, Client, GaugeKind, Law, Plan, Rated, Region
from apigw_sim.rules.reason import NUMBER
from apigw_sim.scenario import Scenario
from apigw_sim.scenario import laws as said
from apigw_sim.scenario.base import NONE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


OF_CONNECTIONS = [kind for kind in GaugeKind if GaugeKind.OPEN <= kind <= GaugeKind.CLOSED_TOO_LARGE]
OF_QUEUES = [kind for kind in GaugeKind if GaugeKind.VISIBLE <= kind <= GaugeKind.EMPTIED]
OF_DATABASES = [kind for kind in GaugeKind if GaugeKind.CONNECTIONS <= kind <= GaugeKind.CONNECTIONS_REFUSED]
OF_STREAMS = [GaugeKind.INCOMING_RECORDS, GaugeKind.INCOMING_BYTES]
OF_FIREHOSE = [kind for kind in GaugeKind if GaugeKind.DELIVERED_RECORDS <= kind <= GaugeKind.OBJECT_AGES]
OF_TABLES = [GaugeKind.CONSUMING, GaugeKind.CONSUMED, GaugeKind.CAPACITY_EXCEEDED]
OF_EVENTS = [kind for kind in GaugeKind if GaugeKind.EVENTS <= kind <= GaugeKind.EVENT_AGES]


def build(scenario: Scenario) -> Plan:
    """A scenario as integers and arrays; raises ScenarioError with all that stands against it."""
    said = records.spread(scenario)
    reading = Reading(said.scenario)
    history = History(reading)
    reading.close()
    gateway = Gateway(reading, history)
    clients = Clients(reading, gateway)
    _check_span(reading, clients.duration)
    clients.number()

    rows = limits.Limits(reading, history)
    bucket = limits.account(rows)
    connects = limits.connections(rows)
    method_buckets = limits.methods(rows, gateway)
    groups = limits.keys(rows, gateway, clients.duration)
    pool = backends.pool(rows)
    regions = tuple(
        Region(name, limits.elsewhere(rows, name), *backends.pool(rows, number))
        for number, name in enumerate(scenario.regions, 1)
    )
    functions = backends.functions(rows)
    behind = (
        *functions,
        *backends.https(rows),
        *services.Services(rows).rows,
        *code.coded(reading),
        *backends.versions(rows, functions),
    )
    names: dict[str, int] = {}
    for number, row in enumerate(behind):  # the first shard of a stream stands for it
        names.setdefault(row.path, number)
    callees = aliases.callees(scenario, behind)
    provisions = provisioned.provisions(rows, callees)
    account = replace(_account(reading, bucket, pool), connections=connects)
    guards = Guards(reading, gateway, names)
    made = gateway.method_rows(method_buckets, names, callees, guards, Contexts(reading, account, behind))
    methods = tuple(made.methods[: len(gateway.routes)])
    stages = gateway.stage_rows()
    screens = waf.Screens(reading, gateway.web_acls)
    client_rows, record_rows = records.rows(said, clients.rows(groups, guards, screens.of), gateway.stages)
    reading.close()

    happenings, shifts = timeline.events(history, gateway, names, callees, said)
    parts = Partition(scenario.assumptions.throttling, rows.buckets, rows.limits)
    works = (*(backends.works(reading, account, row) for row in behind), *made.works)
    alarm_rows = alarms.rows(reading, gateway, names)
    scalings = scaling.rows(scenario, provisions, clients.duration, len(alarm_rows))
    tracked = sum(row.target != NULL for row in scalings)
    scalings += scaling.servers(scenario, behind, len(alarm_rows) + 2 * tracked)
    plan = Plan(
        name=scenario.name,
        duration=clients.duration,
        warm_up=scenario.run.warm_up,
        period=scenario.run.period,
        seed=scenario.run.seed,
        start=scenario.run.start,
        region=scenario.account.region,
        account=replace(account, hosts=parts.hosts),
        stages=stages,
        methods=methods,
        variants=tuple(made.methods[len(methods) :]),
        released=tuple(gateway.released),
        canary_released=tuple(gateway.canary_released),
        canary_caches=tuple(gateway.stages.index(name) for name in gateway.canary_caches),
        backends=behind,
        works=works,
        buckets=parts.buckets(),
        quotas=tuple(rows.quotas),
        limits=tuple(rows.limits),
        key_groups=groups,
        keys=sum(group.count for group in groups),
        clients=client_rows,
        timeline=parts.events(happenings),
        pointers=gateway.pointers(),
        undeployed=gateway.undeployed(),
        entries=made.entries,
        tables_sha256="",
        assumptions=(),
        waf=screens.waf,
        permissions=clients.browsers.permissions,
        authorizers=tuple(guards.rows),
        grants=guards.grants,
        answers=tuple(gateway.answered.rows),
        distributions=edge.distributions(reading, gateway),
        alarms=(*alarm_rows, *scaling.alarms(scenario, provisions, behind, scalings)),
        alarm_delay=scenario.assumptions.metrics_delay,
        aliases=callees.rows,
        shifts=shifts,
        databases=backends.databases(scenario),
        events=events.events(scenario, made.methods, behind, names),
        provisions=provisions,
        scalings=scalings,
        allocation=provisioned.allocation(scenario),
        drops=connections.drops(scenario, gateway.stages),
        elsewhere=regions,
        records=record_rows,
    )
    base, gauges = _gauges(plan)
    ways = Ways(
        account, methods, behind, works, callees.rows, rows.buckets, rows.quotas, groups, guards.rows, plan.regions, stages
    )  # fmt: skip
    return replace(
        plan,
        limits=ways.behind(rows.limits),
        tables_sha256=laws.fingerprint(_tables(plan)),
        assumptions=leant_on(scenario, plan),
        gauge_base=base,
        gauges=gauges,
    )


def _check_span(reading: Reading, duration: int) -> None:
    """What the loader could not check where the run lasts as long as its trace."""
    run, end = reading.scenario.run, units.show_duration(duration)
    if run.warm_up >= duration:
        reading.problem(("run", "warm_up"), f"warm_up is not shorter than the run ({end})", "make it shorter")
    for number, entry in enumerate(reading.scenario.timeline):
        if entry.at >= duration:
            what = f"{units.show_duration(entry.at)} is not before the end of the run ({end})"
            reading.problem(("timeline", number, "at"), what, "make it earlier")


def _account(reading: Reading, bucket: int, pool: backends.Pool) -> Account:
    """What everything in the account shares."""
    scenario = reading.scenario
    left_open, scaling = scenario.assumptions, scenario.account.lambda_scaling
    hit = said.constant(left_open.cache_hit_time)
    return Account(
        bucket=bucket,
        front=left_open.account_throttle_position != "after_usage_plan",
        before_waf=left_open.account_throttle_position == "before_waf",
        as_you_go=left_open.token_accounting == "as_you_go",
        throttled_counts_to_quota=left_open.throttled_counts_to_quota,
        unreserved=pool.unreserved,
        unreserved_limit=pool.unreserved_limit,
        rps_bucket=pool.rps_bucket,
        scaling=NULL if scaling == NONE else scaling,
        scaling_window_ns=quotas.count("lambda_scaling_interval"),
        scaling_bucket=left_open.scaling_rate_model == "bucket",
        cache_errors=left_open.cache_error_responses,
        max_age_0_is_a_miss=left_open.max_age_0_is_a_miss,
        encryption_overhead=left_open.encryption_overhead,
        gateway_overhead=reading.law(left_open.rest_overhead, "duration", ("assumptions", "rest_overhead")),
        http_overhead=reading.law(left_open.http_overhead, "duration", ("assumptions", "http_overhead")),
        service_overhead=reading.law(
            left_open.lambda_overhead, "duration", ("assumptions", "lambda_overhead")
        ),
        hit_time=reading.law(hit, "duration", ("assumptions", "cache_hit_time")),
        canary_series=left_open.canary_series,
        stamp_arrival=left_open.metrics_stamp == "arrival",
        largest_request=quotas.count("payload_max"),
        largest_cached=quotas.count("cache_entry_max"),
        cache_rebuild_ns=quotas.count("cache_change_time"),
        size_check_after_cache=left_open.size_check_position == "after_cache",
        authorizer_wait_ns=left_open.authorizer_wait,
        authorizer_refused=NUMBER[left_open.authorizer_throttled],
        authorizer_malformed=NUMBER[left_open.authorizer_malformed],
        validation_after_cache=left_open.validation_position == "after_cache",
        rare_502=laws.threshold(left_open.rare_502_at_load),
    )


def _tables(plan: Plan) -> Iterator[NDArray[np.int64]]:
    """All quantile and alias tables in the order of the plan, each distinct one once."""
    account = plan.account
    found: list[Law] = [account.gateway_overhead, account.service_overhead, account.hit_time]
    found += [account.http_overhead] if any(stage.http for stage in plan.stages) else []
    found += [law for works in plan.works for law in (works.service, works.duration, works.response)]
    for backend in plan.backends:
        found += [backend.cold.provisioning, backend.cold.init] if backend.cold else []
        found += [law for law in (backend.idle_lifetime, backend.query) if law is not None]
    found += [law for row in plan.authorizers for law in (row.time, row.service)]
    tables = [law.cells for law in found]
    for client in plan.aims:
        if isinstance(client.arrivals, Rated):
            tables += [row.gaps.cells for row in client.arrivals.streams if row.gaps is not None]
        laws_of = (client.rtt, client.handshakes, client.rtt_to_edge)
        tables += [
            *(law.cells for law in laws_of if law is not None),
            *(call.body.cells for call in client.calls),
            *((client.users.think.cells, client.users.pause.cells) if client.users else ()),
            *(law.cells for law in _of_connections(client)),
        ]
        drawn = [parameter.law for call in client.calls for parameter in call.parameters]
        whom = [client.identities.which] if client.identities else []
        whence = [client.addresses.which] if client.screen and client.addresses else []
        for law in (*drawn, *([client.keys] if client.keys else []), *whom, *whence):
            tables += [law.table] if law.table is not None else []
    for backend in plan.backends:
        keys = backend.service.shards.keys if backend.service and backend.service.shards else None
        keys = backend.sqs.groups if backend.sqs else keys
        tables += [keys.table] if keys and keys.table is not None else []
    yield from {id(table): table for table in tables}.values()


def _of_connections(client: Client) -> list[Law]:
    said = client.connections
    return [law for law in (said.every, said.lifetime, said.reconnect) if law is not None] if said else []


def _gauges(plan: Plan) -> tuple[dict[GaugeKind, int], int]:
    """The first gauge of each kind, and how many there are."""
    backends = len(plan.backends)
    counts = {
        GaugeKind.CONCURRENCY: backends,
        GaugeKind.ENVIRONMENTS: backends,
        GaugeKind.ACCOUNT_CONCURRENCY: len(plan.regions),
        GaugeKind.UNRESERVED_CONCURRENCY: len(plan.regions),
        GaugeKind.BUSY: backends,
        GaugeKind.QUEUE: backends,
        **dict.fromkeys(OF_QUEUES, len(plan.queues)),
        GaugeKind.CACHE_BYTES: len(plan.stages) + len(plan.canary_caches),
        GaugeKind.PROVISIONED: len(plan.provisions),
        GaugeKind.PROVISIONED_IN_USE: len(plan.provisions),
        GaugeKind.PROVISIONED_UTILIZATION: len(plan.provisions),
        GaugeKind.WAF_ALLOWED: len(plan.waf.acls),
        GaugeKind.WAF_MATCHED: len(plan.waf.rules),
        **dict.fromkeys(OF_EVENTS, len(plan.events)),
        **dict.fromkeys(OF_DATABASES, len(plan.databases)),
        **dict.fromkeys(OF_CONNECTIONS, len(plan.stages) if plan.account.connections != NULL else 0),
        **dict.fromkeys(OF_STREAMS, len(plan.streams)),
        **dict.fromkeys(OF_FIREHOSE, len(plan.firehoses)),
        **dict.fromkeys(OF_TABLES, len(plan.capacities)),
        GaugeKind.TOKENS: len(plan.buckets),
        GaugeKind.QUOTA_LEFT: len(plan.quotas),
    }
    base: dict[GaugeKind, int] = {}
    total = 0
    for kind, count in counts.items():
        base[kind] = total
        total += count
    return base, total
