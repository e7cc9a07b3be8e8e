"""From a plan and its draws to the vectors of the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.backend_vectors import BackendVectors
from apigw_sim.engine.compiled.client_vectors import ClientVectors
from apigw_sim.engine.compiled.filling import fill, joined, rows
from apigw_sim.engine.compiled.gateway_vectors import GatewayVectors
from apigw_sim.engine.compiled.state import State
from apigw_sim.plan.offered import expected_calls
from apigw_sim.plan.tables import GaugeKind

if TYPE_CHECKING:
    from apigw_sim.draws import Draws
    from apigw_sim.plan.tables import Plan

ROWS, NODES, ENVIRONMENTS = 1 << 10, 1 << 11, 1 << 8
"""Rows of each kind that there is room for at first."""
EVENTS_PER_ATTEMPT = 4


class Builder(GatewayVectors, BackendVectors, ClientVectors):
    """From a plan to the vectors."""

    def __init__(self, plan: Plan, draws: Draws, grid: int, block: int) -> None:
        super().__init__(plan, draws)
        self._words([word for answers in plan.answers for answer in answers for word in answer])
        self.vectors |= {
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
            "chance": rows(1, w.CHANCE),
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
            "cells": joined(self.tables.cells), "columns": joined(self.tables.columns),
            "status": np.array(self.statuses, np.int64), "share": np.array(self.shares, np.int64),
        }  # fmt: skip

    def state(self) -> State:
        """What the loop works on."""
        made = State(self.vectors)
        made.make_room()
        return made

    def _initial(self) -> int:
        return sum(backend.initial_environments for backend in self.plan.backends)

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


def slot_bits(plan: Plan) -> int:
    """How long a slot of the near wheel is, as a power of two in ns: some four events at the mean rate.

    With several in the heap, the rows of the later ones are fetched while the first is at work.
    """
    events = EVENTS_PER_ATTEMPT * expected_calls(plan)
    gap = int(plan.duration / max(events, 1.0))
    return min(max(gap.bit_length() + 2, 10), 26)
