"""From a plan to the vectors of the gateway: throttles, keys, stages, methods, authorizers, distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.checks import ERROR_OBJECT
from apigw_sim.engine.compiled.filling import fill, rows
from apigw_sim.engine.compiled.parts import Parts
from apigw_sim.plan.tables import NULL, GaugeKind
from apigw_sim.rules.reason import REASONS

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.filling import Ints
    from apigw_sim.plan import tables
    from apigw_sim.plan.tables import Plan

ANSWERS = w.REASON * len(REASONS)
"""Words of a row of plan.answers."""


class GatewayVectors(Parts):
    """What the gateway needs of the vectors."""

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
        self.vectors["queued"] = rows(plan.entries, 1)

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
