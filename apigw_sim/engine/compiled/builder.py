"""From a plan and its draws to the vectors of the loop."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from apigw_sim.draws import Group, vectors
from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.checks import ERROR_OBJECT
from apigw_sim.engine.compiled.filling import Tables, fill, joined, rows
from apigw_sim.engine.compiled.screens import Screens
from apigw_sim.engine.compiled.state import State
from apigw_sim.engine.order import USER_BITS
from apigw_sim.plan.offered import expected_calls
from apigw_sim.plan.tables import NULL, BackendKind, GaugeKind, Law
from apigw_sim.rules import dns, limiter, pick
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.rules.reason import REASONS

if TYPE_CHECKING:
    from apigw_sim.draws import Draws
    from apigw_sim.plan import tables
    from apigw_sim.plan.services import Capacity, Firehose, Shards
    from apigw_sim.plan.tables import Plan

Ints = NDArray[np.int64]
ROWS, NODES, ENVIRONMENTS, MESSAGES, CONNECTIONS = 1 << 10, 1 << 11, 1 << 8, 1 << 10, 1 << 10
"""Rows of each kind that there is room for at first."""
EVENTS_PER_ATTEMPT = 4
ANSWERS = w.REASON * len(REASONS)
"""Words of a row of plan.answers."""
LAWS = ("rtt", "body", "overhead")
"""Of an entry of calls, in the order of `Stream.laws`."""


class Builder:
    """From a plan to the vectors."""

    def __init__(self, plan: Plan, draws: Draws, grid: int, block: int) -> None:
        self.plan = plan
        self.draws = draws
        self.tables = Tables()
        self.statuses: list[int] = []
        self.shares: list[int] = []
        self.digits: list[int] = []
        self.folds: list[int] = []
        self._words([word for answers in plan.answers for answer in answers for word in answer])
        self.vectors: dict[str, Ints] = {
            "row": rows(ROWS + len(plan.queues), w.ROW),
            "node": rows(NODES, w.NODE),
            "heap": rows(NODES, w.HEAP),
            "wheel": rows(w.WHEEL, 1),
            "bits": rows(w.WHEEL // w.BITS + 1, 1),
            "environment": rows(max(ENVIRONMENTS, 2 * self._initial()), w.ENVIRONMENT),
            "touched": rows(plan.gauges, 1),
            "met": rows(w.ROOM, 1),
            "levels": rows(plan.gauges, w.LEVEL_COLUMNS),
            "block": rows(len(plan.clients) + 1, w.CALL_BLOCK * w.DRAWN),
            "listed": rows(w.DRAWN, w.LISTED),
            "instant": rows(1, 1),
            "when": rows(1, 1),
        }
        for name, width in (
            ("attempts", w.ATTEMPT_COLUMNS), ("invocations", w.INVOCATION_COLUMNS),
            ("environments", w.ENVIRONMENT_COLUMNS), ("calls", w.CALL_COLUMNS),
        ):  # fmt: skip
            self.vectors[name] = rows(block + w.ROOM, width)
        self._head(grid, block)
        self._gauges()
        self._buckets()
        self._quotas()
        self._keys()
        self._stages()
        self._backends()
        self._distributions()
        self._clients()
        self.vectors |= {
            "cells": joined(self.tables.cells), "cut": joined(self.tables.cut), "other": joined(self.tables.other),
            "status": np.array(self.statuses, np.int64), "share": np.array(self.shares, np.int64),
        }  # fmt: skip

    def state(self) -> State:
        """What the loop works on."""
        made = State(self.vectors)
        made.make_room()
        return made

    def _initial(self) -> int:
        return sum(backend.initial_environments for backend in self.plan.backends)

    def _table(self, name: str, count: int) -> Ints:
        """A vector of `count` rows, as a table."""
        self.vectors[name] = rows(count, w.width(name))
        return self.vectors[name].reshape(-1, w.width(name))

    def _head(self, grid: int, block: int) -> None:
        plan, account = self.plan, self.plan.account
        self._table("head", 1)
        fill(
            self.vectors["head"], "head", 0, grid=grid, shift=slot_bits(plan), block_rows=block,
            row_top=w.ROW * (1 + len(plan.queues)),
            node_top=w.NODE, environment_top=w.ENVIRONMENT, message_top=w.MESSAGE,
            connection_top=w.CONNECTION, drops=len(plan.drops), new_connections=account.connections,
            method_count=max(len(plan.methods), 1),
            front=account.front, as_you_go=account.as_you_go, counts_refused=account.throttled_counts_to_quota,
            scaling=account.scaling,
            scaling_window=account.scaling_window_ns, scaling_bucket=account.scaling_bucket,
            cache_errors=account.cache_errors, max_age_0_is_a_miss=account.max_age_0_is_a_miss,
            encryption_overhead=account.encryption_overhead, largest_request=account.largest_request,
            largest_cached=account.largest_cached, size_check_after_cache=account.size_check_after_cache,
            validation_after_cache=account.validation_after_cache, rare_502=account.rare_502,
            fronts=any(client.front or client.screen for client in plan.aims), hosts=account.hosts,
            before_waf=account.before_waf, waf_interval=plan.waf.interval_ns, waf_delay=plan.waf.delay_ns,
            releases=len(plan.releases), parted=plan.parted,
            tokens_first=plan.gauge(GaugeKind.TOKENS), quota_first=plan.gauge(GaugeKind.QUOTA_LEFT),
            authorizer_refused=account.authorizer_refused,
            authorizer_malformed=account.authorizer_malformed,
            **self._laws(hit=account.hit_time),
        )  # fmt: skip
        self._table("works", len(plan.works))
        for number, row in enumerate(plan.works):
            laws = self._laws(service=row.service, duration=row.duration, response=row.response)
            fill(self.vectors["works"], "works", number, **laws, **self._outcomes(row))

    def _gauges(self) -> None:
        plan, fields = self.plan, w.FIELDS["gauge"]
        table = self._table("gauge", plan.gauges)
        table[:, [fields.index("stale"), fields.index("integral")]] = 1
        waf = slice(plan.gauge(GaugeKind.WAF_ALLOWED), plan.gauge(GaugeKind.EVENTS))
        table[waf, fields.index("integral")] = 0
        streams = slice(plan.gauge(GaugeKind.INCOMING_RECORDS), plan.gauge(GaugeKind.TOKENS))
        table[streams, fields.index("integral")] = 0
        known_at_ticks = slice(plan.gauge(GaugeKind.OLDEST), plan.gauge(GaugeKind.CACHE_BYTES))
        table[known_at_ticks, fields.index("integral")] = 0
        table[
            plan.gauge(GaugeKind.EVENT_AGE) : plan.gauge(GaugeKind.CONNECTIONS), fields.index("integral")
        ] = 0
        first = plan.gauge(GaugeKind.CACHE_BYTES)
        table[first : first + len(plan.stages) + len(plan.canary_caches), fields.index("integral")] = 0

    def _buckets(self) -> None:
        self._table("bucket", len(self.plan.buckets))
        for number, row in enumerate(self.plan.buckets):
            fill(
                self.vectors["bucket"], "bucket", number, level=row.start, rate=row.rate, full=row.full,
                limit=row.limit, off=row.off, low=row.start, stale=1,
            )  # fmt: skip

    def _quotas(self) -> None:
        self._table("quota", len(self.plan.quotas))
        resets: dict[tuple[int, ...], int] = {}
        instants: list[int] = []
        for number, row in enumerate(self.plan.quotas):
            if row.resets not in resets:
                resets[row.resets] = len(instants)
                instants += row.resets
            first = resets[row.resets]
            fill(
                self.vectors["quota"], "quota", number, used=row.used, requests=row.requests, limit=row.limit,
                reset=first, resets_end=first + len(row.resets), low=row.requests - row.used, stale=1,
            )  # fmt: skip
        self.vectors["resets"] = np.array([*instants, 0], np.int64)

    def _keys(self) -> None:
        plan, methods = self.plan, max(len(self.plan.methods), 1)
        key = self._table("key", plan.keys)
        hosts = plan.account.hosts
        table = self._table("access", len(plan.key_groups) * methods * hosts)
        allowed, of_method, of_plan, quota = range(w.ACCESS)
        table[:, [of_method, of_plan, quota]] = NULL
        stages: dict[int, list[int]] = {}
        for number, method in enumerate(plan.methods):
            stages.setdefault(method.stage, []).append(number)
        for number, group in enumerate(plan.key_groups):
            mine = key[group.first : group.first + group.count]
            mine[:, 0] = number
            mine[:, 1] = np.arange(group.count)
            for stage, held in group.access.items():
                here = number * methods + np.array(stages.get(stage, []), np.int64)
                table[here, allowed] = 1
                table[here, quota] = held.quota
                for column, base in ((of_plan, held.plan_bucket), (of_method, held.method_bucket)):
                    rows_of = number * methods + np.array(list(base), np.int64)
                    table[rows_of, column] = list(base.values())
        one = len(plan.key_groups) * methods
        for host in range(1, hosts):
            part = table[host * one : (host + 1) * one]
            part[:] = table[:one]
            for column in (of_plan, of_method):
                part[part[:, column] != NULL, column] += host * plan.parted

    def _stages(self) -> None:
        plan = self.plan
        releases, hosts = len(plan.releases), plan.account.hosts
        self._table("method", releases * hosts)
        for number, row in enumerate(plan.releases):
            mapped, count = self._mapped(row)
            fill(
                self.vectors["method"], "method", number, place=row.place, stage=row.stage, cache=row.cache,
                needs_key=w.CONNECTS if row.connects else row.api_key_required, bucket=row.bucket,
                account=plan.regions[plan.stages[row.stage].region].bucket,
                backend=row.backend, works=row.works * w.WORKS,
                mock_status=row.mock_status, misconfigured=row.misconfigured, timeout=row.timeout_ns, ttl=row.ttl_ns,
                require_authorization=row.require_authorization, unauthorized=row.unauthorized,
                first_entry=row.first_entry, validator=row.validator, mapped=mapped, mapped_n=count,
                asynchronous=row.asynchronous, refused_types=row.refused_types, binary_types=row.binary_types,
                largest_body=row.largest_body, largest_binary=row.largest_binary, authorizer=row.authorizer,
                alias=row.alias, answers=row.answers * ANSWERS, fold=self._fold(row.fold),
                context=row.context,
            )  # fmt: skip
        self.vectors["fold"] = np.array([*self.folds, *[0] * w.FOLD], np.int64)
        self._on_other_hosts(self.vectors["method"].reshape(-1, w.METHOD), releases)
        for number, (released, canary) in enumerate(zip(plan.released, plan.canary_released, strict=True)):
            canaried = plan.stages[plan.methods[number].stage].canary > 0
            moves = int(released != number or canaried or hosts > 1)
            if plan.keyed_by_turns[number]:
                moves = w.BY_TURNS
            fill(
                self.vectors["method"],
                "method",
                number,
                moves=moves,
                released=released,
                canary_released=canary,
            )
        caches = (*range(len(plan.stages)), *plan.canary_caches)
        self._table("stage", len(caches))
        room = 0
        for number, of_stage in enumerate(caches):
            binds = could_fill(plan, number, of_stage)
            mine = (
                2 * sum(method.entries for method in plan.releases if method.cache == number) if binds else 0
            )
            stage = plan.stages[of_stage]
            fill(
                self.vectors["stage"], "stage", number, canary=stage.canary if number == of_stage else 0,
                capacity=stage.cache_bytes, gauge=plan.gauge(GaugeKind.CACHE_BYTES, number), binds=binds,
                queue=room * w.QUEUE, queue_room=mine, no_route=stage.no_route,
                answers=stage.answers * ANSWERS, canary_answers=stage.canary_answers * ANSWERS,
                account=plan.regions[stage.region].bucket,
            )  # fmt: skip
            room += mine
        self._authorizers()
        self._table("queue", room)
        self._table("entry", plan.entries)

    def _on_other_hosts(self, table: Ints, releases: int) -> None:
        """The methods once more for each other host, with its parts of their buckets."""
        fields = w.FIELDS["method"]
        place, bucket, account = (fields.index(name) for name in ("place", "bucket", "account"))
        for host in range(1, self.plan.account.hosts):
            part = table[host * releases : (host + 1) * releases]
            part[:] = table[:releases]
            part[part[:, bucket] != NULL, bucket] += host * self.plan.parted
            part[:, account] += host * self.plan.parted
            part[:, place] += host * len(self.plan.key_groups) * max(len(self.plan.methods), 1)

    def _authorizers(self) -> None:
        plan = self.plan
        self._table("authorizer", len(plan.authorizers))
        for number, row in enumerate(plan.authorizers):
            fill(
                self.vectors["authorizer"], "authorizer", number, kind=row.kind, backend=row.backend, ttl=row.ttl_ns,
                needs_identity=row.needs_identity, caught=row.caught, one_method=row.one_method,
                policy=2 * row.policy, gives_key=row.gives_key, first_entry=row.first_entry, wait=row.wait_ns,
                **self._laws(
                    time=row.time, service=row.service,
                    duration=plan.backends[row.backend].duration if row.backend != NULL else None,
                ),
            )  # fmt: skip
        self._table("grant", plan.grants)

    def _outcomes(self, row: tables.Works | tables.Backend) -> dict[str, int]:
        """The words that say what comes of work; mocks have no statuses of this kind."""
        of = row.status
        if of is None:
            return {}
        return {
            "statuses": self._shares(of.statuses, of.thresholds), "statuses_n": len(of.statuses),
            "crash": row.crash, "malformed": row.malformed,
        }  # fmt: skip

    def _shares(self, statuses: Sequence[int], thresholds: Sequence[int]) -> int:
        first = len(self.statuses)
        self.statuses += statuses
        self.shares += thresholds
        return first

    def _words(self, words: Sequence[int]) -> int:
        """Where words stand in `status`."""
        return self._shares(words, [0] * len(words))

    def _numbers(self, numbers: Sequence[int]) -> tuple[int, int]:
        """Where numbers stand in `digits`, and how many they are."""
        self.digits += numbers
        return len(self.digits) - len(numbers), len(numbers)

    def _fold(self, fold: tables.Fold | None) -> int:
        """Where a fold stands; NULL: there is none."""
        if fold is None:
            return NULL
        self.folds += [*self._numbers(fold.constants), *self._numbers(fold.digits)]
        return len(self.folds) - w.FOLD

    def _mapped(self, row: tables.Method) -> tuple[int, int]:
        """Where the responses of a custom integration stand, and how many there are; NULL: a proxy."""
        if row.responses is None:
            return NULL, 0
        columns = zip(*row.responses, strict=True)
        return self._words([word for column in columns for word in column]), len(row.responses)

    def _laws(self, **laws: Law | None) -> dict[str, int]:
        """The words of laws: a table, or NULL and a constant."""
        words: dict[str, int] = {}
        for name, law in laws.items():
            words[name], words[f"{name}_c"] = self.tables.law(law)
        return words

    def _first_entry(self, method: int) -> int:
        """Where the cache entries of a method begin; NULL: it has none."""
        found = self.plan.methods[method] if method != NULL else None
        return found.first_entry if found is not None and found.entries else NULL

    def _backends(self) -> None:
        plan, account = self.plan, self.plan.account
        self._table("backend", len(plan.backends))
        self.services = self.streams = self.firehoses = 0
        self.buffers: list[dict[str, int]] = [{}]
        """Those of Firehose streams; 0 is none."""
        self._table("service", 1 + sum(row.kind is BackendKind.SERVICE for row in plan.backends))
        self._queues()
        events = self._events()
        kin = self._databases()
        provisions = self._provisions()
        rings = 0
        for number, row in enumerate(plan.backends):
            is_lambda, cold, status = int(row.kind is BackendKind.LAMBDA), row.cold, row.status
            asks = -1 if row.database != NULL and not is_lambda else 0
            provision = provisions.get(number, NULL)
            main, region = plan.function_of(number), plan.regions[row.region]
            fill(
                self.vectors["backend"], "backend", number, me=number * w.BACKEND,
                is_lambda=asks or (is_lambda if provision == row.database == NULL else w.UNUSUAL),
                provision=provision * w.PROVISION,
                **self._outcomes(row), contexts=row.contexts,
                certain=len(status.statuses) == 1 and not (row.crash or row.malformed or row.refuses or row.contexts),
                main=main * w.BACKEND, refuses=row.refuses, format_error=row.format_error,
                timeout=row.timeout_ns, reserved=row.reserved,
                reserved_limit=row.reserved_limit, own_rps=row.rate_bucket, all_rps=region.rps_bucket,
                unreserved=region.unreserved, unreserved_limit=region.unreserved_limit,
                account_in_use=plan.gauge(GaugeKind.ACCOUNT_CONCURRENCY, row.region),
                unreserved_in_use=plan.gauge(GaugeKind.UNRESERVED_CONCURRENCY, row.region),
                scaling_limit=row.scaling_limit, ring=rings, scaling_level=max(account.scaling, 0) * TOKEN,
                slow=-AS_EVER if row.stretch or row.database != NULL else AS_EVER,
                load=self._words(row.stretch) if row.stretch else NULL,
                last=NULL if row.lifo else 0, in_use=plan.gauge(GaugeKind.CONCURRENCY, main),
                alive=plan.gauge(GaugeKind.ENVIRONMENTS, number), cold=cold is not None,
                largest_response=row.largest_response,
                concurrency=0 if row.kind is BackendKind.SERVICE else row.concurrency, queue=row.queue,
                capacity_limit=row.capacity_limit,
                busy=plan.gauge(GaugeKind.BUSY, number - row.part), queued=plan.gauge(GaugeKind.QUEUE, number),
                service=self._service(row), events=events.get(main, NULL),
                database=NULL if row.database == NULL else row.database * w.width("database"),
                kin=kin.get(number, NULL), keeps=row.keeps_connection, exits=row.exits,
                **self._laws(
                    provisioning=cold.provisioning if cold else None, init=cold.init if cold else None,
                    lifetime=row.idle_lifetime, query=row.query,
                ),
            )  # fmt: skip
            if is_lambda and main == number and account.scaling > 0 and not account.scaling_bucket:
                rings += account.scaling
        self.vectors["ring"] = rows(rings, 1)
        self._table("firehose", len(self.buffers))
        for number, words in enumerate(self.buffers):
            fill(self.vectors["firehose"], "firehose", number, **words)
        self._table("alias", len(plan.aliases))
        for number, alias in enumerate(plan.aliases):
            first, second, threshold = alias.state
            fill(self.vectors["alias"], "alias", number, first=first, second=second, threshold=threshold)

    def _service(self, row: tables.Backend) -> int:
        """Where the words of an AWS service stand; 0: it is none."""
        said = row.service
        if row.kind is not BackendKind.SERVICE or (said is not None and said.part):
            return 0
        self.services += 1
        vector = self.vectors["service"]
        if said is not None:
            fill(
                vector, "service", self.services, throttle_status=said.throttle_status, unit=said.unit, cost=said.cost,
                by_answer=said.by_answer, bytes=said.bytes_bucket, **self._sharded(said.shards),
                **self._firehose(said.firehose), **self._capacity(said.capacity),
            )  # fmt: skip
        if row.sqs is not None:
            queue = [self.plan.backends[number] for number in self.plan.queues].index(row) + 1
            fill(vector, "service", self.services, keeps=1, to=queue * w.SQS)
            if row.sqs.groups is not None:
                keys, table = row.sqs.groups.n, self.tables.numbered(row.sqs.groups)
                fill(vector, "service", self.services, keys=keys, key_table=table)
        return self.services * w.width("service")

    def _sharded(self, said: Shards | None) -> dict[str, int]:
        """The words of a service that say which of its shards a request comes to, and what counts them."""
        if said is None:
            return {}
        incoming, size = (
            self.plan.gauge(kind, self.streams)
            for kind in (GaugeKind.INCOMING_RECORDS, GaugeKind.INCOMING_BYTES)
        )
        self.streams += 1
        made = {"keeps": 1, "counts": 1, "shards": said.count, "incoming": incoming, "incoming_bytes": size}
        if said.keys is None:
            return made
        keys, table = said.keys.n, self.tables.numbered(said.keys)
        return {**made, "keys": keys, "key_table": table, "of_key": self._words(said.of_key)}

    def _capacity(self, said: Capacity | None) -> dict[str, int]:
        """The words of a service that count what it consumes of a table's capacity."""
        if said is None:
            return {}
        place = self.plan.capacities.index(said)
        consuming, consumed, exceeded = (
            self.plan.gauge(kind, place)
            for kind in (GaugeKind.CONSUMING, GaugeKind.CONSUMED, GaugeKind.CAPACITY_EXCEEDED)
        )
        return {"counts": 1, "consuming": consuming, "consumed": consumed, "exceeded": exceeded}

    def _firehose(self, said: Firehose | None) -> dict[str, int]:
        """The words of a service that say where Firehose buffers its records."""
        if said is None:
            return {}
        base = self.plan.gauge_base
        kinds = (GaugeKind(kind) for kind in range(GaugeKind.DELIVERED_RECORDS, GaugeKind.CONSUMING))
        gauges = {kind.name.lower(): base[kind] + self.firehoses for kind in kinds}
        to = len(self.buffers) * w.FIREHOSE
        self.buffers += [{"size": said.size, "interval": said.interval_ns, **gauges}] * said.buffers
        self.firehoses += 1
        return {"to": to, "apart": w.FIREHOSE if said.buffers > 1 else 0}

    def _users(self) -> None:
        """The closed-loop users of clients that have them, a row for each such client."""
        clients = [row.users for row in self.plan.clients if row.users is not None]
        self._table("users", len(clients))
        for number, row in enumerate(clients):
            fill(
                self.vectors["users"], "users", number, count=row.count, ramp=row.ramp_ns, until=self.plan.duration,
                steps=row.steps, **self._laws(think=row.think, pause=row.pause),
            )  # fmt: skip

        self._table("workers", len(self.plan.clients))
        for number, client in enumerate(self.plan.clients):
            fill(self.vectors["workers"], "workers", number, free=client.workers, until=self.plan.duration)

    def _users_of(self, client: int) -> int:
        """Where the row of a client's users stands; NULL: it has none."""
        if self.plan.clients[client].users is None:
            return NULL
        return w.USERS * sum(row.users is not None for row in self.plan.clients[:client])

    def _connections(self) -> None:
        """What arrivals of clients open, a row for each such client, and when some of it is lost."""
        plan, first = self.plan, self.plan.gauge_base
        clients = [row for row in plan.clients if row.connections is not None]
        self._table("connections", len(clients))
        self.vectors["connection"] = rows(CONNECTIONS if clients else w.ROOM + 1, w.CONNECTION)
        for number, client in enumerate(clients):
            said, stage = client.connections, client.stage
            assert said is not None
            fill(
                self.vectors["connections"], "connections", number, connect=said.connect, disconnect=said.disconnect,
                returns=said.reconnect is not None, longest=said.longest_ns, idle=said.idle_ns, largest=said.largest,
                until=plan.duration, stage=stage, open=first[GaugeKind.OPEN] + stage,
                connected=first[GaugeKind.OPENED] + stage, closed=first[GaugeKind.CLOSED_BY_CLIENT] + stage,
                closed_step=len(plan.stages),
                **self._laws(every=said.every, lifetime=said.lifetime, reconnect=said.reconnect),
            )  # fmt: skip
        self._table("disconnect", len(plan.drops))
        for number, drop in enumerate(plan.drops):
            fill(
                self.vectors["disconnect"],
                "disconnect",
                number,
                at=drop.at,
                stage=drop.stage,
                share=drop.share,
            )

    def _connections_of(self, client: int) -> int:
        """Where the row of what a client's arrivals open stands; NULL: they are calls."""
        if self.plan.clients[client].connections is None:
            return NULL
        before = sum(row.connections is not None for row in self.plan.clients[:client])
        return before * w.width("connections")

    def _queues(self) -> None:
        """SQS queues, each with a row of its own whose events stand behind those of all clients."""
        plan, first = self.plan, self.plan.gauge_base
        self._table("sqs", 1 + len(plan.queues))
        self.vectors["message"] = rows(MESSAGES if plan.queues or plan.events else w.ROOM + 1, w.MESSAGE)
        every = (plan.backends[number].sqs for number in plan.queues)
        sizes = [row.groups.n if row and row.groups else 1 for row in every]
        groups = self._table("group", 1 + sum(sizes))
        groups[:, w.FIELDS["group"].index("me")] = np.arange(len(groups)) * w.GROUP
        figures = [kind for kind in GaugeKind if GaugeKind.VISIBLE <= kind < GaugeKind.OLDEST]
        for place, backend in enumerate(plan.queues):
            said, number = plan.backends[backend].sqs, place + 1
            assert said is not None
            client = len(plan.clients) + number
            worker = plan.backends[said.function].duration if said.function != NULL else None
            fill(
                self.vectors["sqs"], "sqs", number, me=number * w.SQS, function=said.function,
                visibility=said.visibility_ns, retention=said.retention_ns, most_receives=said.most_receives,
                most_hidden=said.most_hidden, batch=said.batch, per_message=said.per_message_ns, at_once=said.at_once,
                window=said.window_ns, fifo=said.groups is not None, groups=(1 + sum(sizes[:place])) * w.GROUP,
                step=said.step, most=said.most, backoff=said.backoff_ns, row=number * w.ROW,
                **{kind.name.lower(): first[kind] + place for kind in figures}, **self._laws(duration=worker),
            )  # fmt: skip
            fill(
                self.vectors["row"], "row", number, me=number * w.ROW, who=(client - 1) << USER_BITS,
                client=client * w.CLIENT, pick=number * w.SQS,
            )  # fmt: skip

    def _events(self) -> dict[int, int]:
        """Lambda's queues of events; gives where that of each function stands that has one."""
        plan, first = self.plan, self.plan.gauge_base
        self._table("event", len(plan.events))
        gauges = {
            GaugeKind.EVENTS: "there", GaugeKind.EVENTS_RECEIVED: "received", GaugeKind.EVENTS_RETRIED: "retried",
            GaugeKind.EVENTS_EXPIRED: "expired", GaugeKind.EVENTS_FAILED: "failed", GaugeKind.EVENT_AGE: "age",
            GaugeKind.EVENT_AGES: "ages",
        }  # fmt: skip
        for number, row in enumerate(plan.events):
            dead = NULL if row.on_failure == NULL else (1 + plan.queues.index(row.on_failure)) * w.SQS
            fill(
                self.vectors["event"], "event", number, most_age=row.most_age_ns, retries=row.retries, on_failure=dead,
                **{word: first[kind] + number for kind, word in gauges.items()},
            )  # fmt: skip
        return {row.function: number * w.width("event") for number, row in enumerate(plan.events)}

    def _databases(self) -> dict[int, int]:
        """Databases; gives for each function that queries one the next that queries the same."""
        plan, first = self.plan, self.plan.gauge_base
        self._table("database", len(plan.databases))
        kin: dict[int, int] = {}
        for number, row in enumerate(plan.databases):
            functions = (
                n
                for n, one in enumerate(plan.backends)
                if one.kind is BackendKind.LAMBDA and one.database == number
            )
            mine = [*functions, NULL]
            kin |= dict(pairwise(mine))
            fill(
                self.vectors["database"], "database", number, connections=row.connections, load=self._words(row.stretch),
                first=mine[0], held=first[GaugeKind.CONNECTIONS] + number, busy=first[GaugeKind.CONNECTIONS_BUSY] + number,
                refused=first[GaugeKind.CONNECTIONS_REFUSED] + number,
            )  # fmt: skip
        return kin

    def _provisions(self) -> dict[int, int]:
        """Provisioned concurrency; gives the row of each that has some."""
        plan = self.plan
        self._table("provision", len(plan.provisions))
        for number, row in enumerate(plan.provisions):
            fill(
                self.vectors["provision"], "provision", number, limit=row.limit,
                allocated=plan.gauge(GaugeKind.PROVISIONED, number),
                busy=plan.gauge(GaugeKind.PROVISIONED_IN_USE, number),
                utilization=plan.gauge(GaugeKind.PROVISIONED_UTILIZATION, number),
            )  # fmt: skip
        return {row.backend: number for number, row in enumerate(plan.provisions)}

    def _names(self) -> None:
        """How clients find the targets of records, and what their resolvers remember as the run starts."""
        plan, first = self.plan, 0
        self._table("names", len(plan.clients))
        remembered = self._table("remembered", sum(row.names.resolvers for row in plan.clients if row.names))
        for number, row in enumerate(plan.clients):
            said = row.names
            if said is None:
                continue
            answers = self._shares([0] * len(said.first), said.first)
            fill(
                self.vectors["names"], "names", number, owner=client_row(plan, number) * w.CLIENT,
                twins=client_row(plan, plan.first_twin(number)) * w.CLIENT, resolvers=said.resolvers, keeps=said.keeps_ns,
                first=first * w.REMEMBERED, answers=answers, answers_n=len(said.first),
                block=len(plan.clients) * w.CALL_BLOCK * w.DRAWN,
            )  # fmt: skip
            stream = self.draws.client(number)
            for resolver in range(said.resolvers):
                which, age, _, _ = stream.row(Group.REMEMBERED, resolver, 0)
                until = w.FOR_EVER if said.keeps_ns == NULL else dns.left(age, said.keeps_ns)
                remembered[first] = pick.choose(which, said.first), until
                first += 1

    def _processes(self) -> list[int]:
        """The processes of clients that keep something between calls; gives where those of each begin."""
        firsts, rows_of = [], [row.retry for row in self.plan.clients for _ in range(row.retry.processes)]
        self._table("process", len(rows_of))
        for number, retry in enumerate(rows_of):
            fill(
                self.vectors["process"], "process", number, tokens=retry.quota.tokens if retry.quota else 0,
                budget=retry.saves, rate=limiter.ONE, reports=1,
            )  # fmt: skip
        first = 0
        for row in self.plan.clients:
            firsts.append(first * w.PROCESS)
            first += row.retry.processes
        return firsts

    def _identities(self, row: tables.Client) -> dict[str, int]:
        """The words of a client that say whom its callers are taken for."""
        said = row.identities
        if said is None:
            return {}
        return {
            "identities": said.which.n, "identity_table": self.tables.numbered(said.which),
            "first_identity": said.first, "valid": said.valid, "denied": said.denied, "missing": said.missing,
            "expired": said.expired,
        }  # fmt: skip

    def _distributions(self) -> None:
        plan, methods = self.plan, max(len(self.plan.methods), 1)
        self._table("distribution", len(plan.distributions))
        self._table("edge_key", len(plan.distributions) * methods)[:, 0] = NULL
        entries = 0
        for number, row in enumerate(plan.distributions):
            fill(
                self.vectors["distribution"],
                "distribution",
                number,
                ttl=row.ttl_ns,
                error_ttl=row.error_ttl_ns,
            )
            for method, key in row.keys.items():
                constants, constants_n = self._numbers(key.constants)
                digits, digits_n = self._numbers(key.digits)
                fill(
                    self.vectors["edge_key"], "edge_key", number * methods + method, first=key.first,
                    constants=constants, constants_n=constants_n, digits=digits, digits_n=digits_n,
                )  # fmt: skip
                entries = max(entries, key.first + key.size)
        self._table("edge_entry", entries)
        self.vectors["digits"] = np.array([*self.digits, 0], np.int64)

    def _clients(self) -> None:
        plan = self.plan
        self._table("client", len(plan.aims) + 1 + len(plan.queues))
        for number, backend in enumerate(plan.queues, len(plan.clients) + 1):
            key_0, key_1 = map(signed, self.draws.queue(backend))
            fill(
                self.vectors["client"],
                "client",
                number,
                me=number * w.CLIENT,
                number=NULL,
                key_0=key_0,
                key_1=key_1,
            )
        self._table("permit", plan.permissions)
        self._users()
        screens = Screens(plan, self.vectors, self.tables)
        self._connections()
        processes = self._processes()
        self._table("pick", sum(len(row.calls) for row in plan.aims))
        self._names()
        parameters: list[int] = []
        guides: list[Ints] = []
        p = guided = 0
        owners = [number for number, row in enumerate(plan.clients) if row.names for _ in row.names.twins]
        for aim, number in enumerate((*range(len(plan.clients)), *owners)):
            row, me = plan.aims[aim], client_row(plan, aim)
            stream, keys, retry = self.draws.client(aim), row.keys, row.retry
            statuses = sorted(retry.statuses)
            guide, shift = guide_of(row.weights)
            guides.append(guide)
            fill(
                self.vectors["client"], "client", me, me=me * w.CLIENT, number=number,
                key_0=signed(stream.key[0]), key_1=signed(stream.key[1]), stage=row.stage, pick=p * w.PICK,
                weights=self._shares([0] * len(row.weights), row.weights), weights_n=len(row.weights),
                guide=guided, guide_shift=shift,
                block_first=number * w.CALL_BLOCK * w.DRAWN, first_key=row.first_key, key_n=keys.n if keys else 0,
                key_table=self.tables.numbered(keys) if keys else NULL, timeout=row.timeout_ns,
                attempts=retry.attempts, jitter=retry.jitter, base=retry.base_ns, cap=retry.cap_ns,
                client_timeout=retry.client_timeout, statuses=self._shares(statuses, [0] * len(statuses)),
                statuses_n=len(statuses), process=processes[number], **kept(retry), drops_key=drops_key(plan, row),
                keeps=keeps(plan.clients[number]), checks=row.checks,
                names=NULL if plan.clients[number].names is None else number * w.width("names"),
                connections=self._connections_of(number), users=self._users_of(number),
                workers=NULL if row.workers == NULL else number * w.WORKERS, **self._identities(row),
                detours=row.new_connection > 0 or row.distribution != NULL or number in plan.lossy,
                new_connection=row.new_connection, front=row.front, untrusted=row.untrusted,
                distribution=row.distribution, **self._laws(handshakes=row.handshakes, edge=row.rtt_to_edge),
                **screens.of(row), **permissions(row),
            )  # fmt: skip
            guided += len(guide)
            for place, (call, laws) in enumerate(zip(row.calls, stream.laws, strict=True)):
                fill(
                    self.vectors["pick"], "pick", p, me=p * w.PICK, method=call.method, resource=call.resource_base,
                    entry=call.entry_base, parameters=len(parameters), parameters_n=len(call.parameters),
                    age=call.max_age_0, authorized=call.max_age_0_authorized, idempotent=call.idempotent,
                    number=place, first_entry=self._first_entry(call.method),
                    needs_key=call.method != NULL and self.plan.methods[call.method].api_key_required,
                    sends=any(law.constant is None for law in laws), refused=call.refused, leave=call.leave,
                    preflight=call.preflight, permission=call.permission,
                    invalid_body=call.invalid_body, invalid_parameters=call.invalid_parameters, policies=packed(call.policies),
                    types=self._shares(call.types, call.type_thresholds), types_n=len(call.types), format=call.format,
                    **self._laws(**dict(zip(LAWS, laws, strict=True))),
                )  # fmt: skip
                for drawn in call.parameters:
                    parameters += [
                        drawn.word, drawn.law.n, self.tables.numbered(drawn.law), drawn.resource_stride,
                        drawn.entry_stride,
                    ]  # fmt: skip
                p += 1
        self.vectors["guide"] = joined(guides)
        self.vectors["turn"] = rows(len(plan.clients), 1)
        self.vectors["parameter"] = np.array([*parameters, *[0] * w.PARAMETER], np.int64)


def client_row(plan: Plan, aim: int) -> int:
    """The row in `client` of a row of plan.aims: those of queues stand between clients and what they are elsewhere."""
    return aim + 1 + (len(plan.queues) if aim >= len(plan.clients) else 0)


def permissions(client: tables.Client) -> dict[str, int]:
    """The words of a client that is browsers."""
    said = client.browser
    if said is None:
        return {}
    return {
        "browsers": said.count, "permissions": said.first, "each": said.each, "permitted_for": said.max_age_ns,
    }  # fmt: skip


def kept(retry: tables.Retry) -> dict[str, int]:
    """The words of what a client's processes keep between its calls."""
    quota, breaker = retry.quota, retry.breaker
    return {
        "processes": retry.processes, "base_throttled": retry.base_throttled_ns, "earns": retry.earns,
        "saves": retry.saves, "adaptive": retry.adaptive, "quota": quota.tokens if quota else NULL,
        "quota_throttled": quota.throttled if quota else 0, "quota_timed_out": quota.timed_out if quota else 0,
        "quota_other": quota.other if quota else 0, "breaker": breaker.share if breaker else NULL,
        "window": breaker.window if breaker else 0, "open_ns": breaker.open_ns if breaker else 0,
        "probes": breaker.probes if breaker else 0,
    }  # fmt: skip


def keeps(client: tables.Client) -> bool:
    """Whether a client's calls have anything to do with each other."""
    alone = (
        client.users is None
        and client.workers == NULL
        and client.connections is None
        and client.browser is None
        and client.names is None
    )
    return client.retry.processes > 0 or not alone


def drops_key(plan: Plan, client: tables.Client) -> bool:
    """Whether requests of a client may lose their API key on the way, so that a retry has to find it again."""
    methods = {call.method for call in client.calls} - {NULL}
    return client.identities is not None or any(plan.keyed_by_turns[method] for method in methods)


def packed(policies: Sequence[int]) -> int:
    """What resource policies say, two bits each."""
    return sum(word << 2 * place for place, word in enumerate(policies))


AS_EVER = 1000
"""A fault that does not slow: thousandths."""


def signed(word: int) -> int:
    """64 bits as a signed word."""
    return word - (1 << 64) if word >> 63 else word


def guide_of(thresholds: Sequence[int]) -> tuple[Ints, int]:
    """Where to look for a word among cumulative thresholds, by its high bits: the first that any such word may choose.

    There are at least as many places as thresholds, so one step more finds it on the average, however many there are.
    """
    bits = max(len(thresholds) - 1, 0).bit_length()
    shift = pick.WORD_BITS - bits
    return vectors.choices(np.arange(1 << bits, dtype=np.int64) << shift, thresholds), shift


def slot_bits(plan: Plan) -> int:
    """How long a slot of the near wheel is, as a power of two in ns: some four events at the mean rate.

    With several in the heap, the rows of the later ones are fetched while the first is at work.
    """
    events = EVENTS_PER_ATTEMPT * expected_calls(plan)
    gap = int(plan.duration / max(events, 1.0))
    return min(max(gap.bit_length() + 2, 10), 26)


def could_fill(plan: Plan, cache: int, stage: int) -> bool:
    """Whether the entries that are possible in a cache could be more than it holds, now or after a change."""
    sizes = [plan.stages[stage].cache_bytes]
    sizes += [size for _, (row, size) in plan.writes("cache") if row == cache]
    held = 0
    for method in plan.releases:
        if method.cache == cache and method.entries and method.backend != NULL:
            responses = [plan.backends[row].response for row in plan.reached(method)]
            most = max(
                law.constant if law.constant is not None else int(law.cells.max()) for law in responses
            )
            most = max(most, ERROR_OBJECT, *(mapped.size for mapped in method.responses or ()))
            held += method.entries * (
                min(most, plan.account.largest_cached) + plan.account.encryption_overhead
            )
    return held > min(sizes)
