"""What the summary counts, within [warm_up, duration): attempts by arrival, calls by start, backend work by arrival."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.coding import CACHE_BITS, FATE_BITS, Coding
from apigw_sim.metrics.paced import Paced
from apigw_sim.metrics.quantiles import Spread, by_group
from apigw_sim.plan.tables import NULL, Plan
from apigw_sim.records import Authorized, Block, CallOutcome, Flag, Outcome
from apigw_sim.rules import reason
from apigw_sim.rules.reason import NO_MAPPING, REASONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

STATUSES = 1000


class Authorizations:
    """What became of attempts at each authorizer of a plan, by its name over all stages."""

    COLUMNS = ("requests", "hits", "misses", "denied", "unauthorized", "failed")

    def __init__(self, plan: Plan) -> None:
        named: list[dict[str, None]] = [{} for _ in plan.methods]
        for row in plan.releases:
            if row.authorizer != NULL and plan.authorizers[row.authorizer].name:
                named[row.place][plan.authorizers[row.authorizer].name] = None
        of_method = [" or ".join(names) for names in named]
        self.names = list(dict.fromkeys(filter(None, of_method)))
        """A method to which deployments bring several authorizers has a name of them all."""
        self._of_method = np.array([*(self.names.index(n) if n else NULL for n in of_method), NULL], np.int64)
        """One entry more than there are methods, for NULL."""
        self.counts = np.zeros((len(self.names), len(self.COLUMNS)), np.int64)
        self.took = [Spread() for _ in self.names]
        """What it took those that did not find its result cached."""

    def __bool__(self) -> bool:
        return bool(self.names)

    def add(self, block: Block, selected: NDArray[np.bool_]) -> None:
        """Add the selected attempts of a block."""
        which = np.where(selected, self._of_method[block["method"]], NULL)
        if not (which >= 0).any():
            return
        looked, why, took = block["authorizer"], block["reason"], block["authorizer_ns"]
        failed = (why == reason.AUTHORIZER_FAILURE) | (why == reason.AUTHORIZER_CONFIGURATION_ERROR)
        marks = (
            which >= 0, looked == Authorized.HIT, looked == Authorized.MISS,
            (why == reason.ACCESS_DENIED) | (why == reason.INVALID_SIGNATURE) | (why == reason.EXPIRED_TOKEN),
            (why == reason.UNAUTHORIZED) | (why == reason.MISSING_AUTHENTICATION_TOKEN), failed,
        )  # fmt: skip
        for column, mark in enumerate(marks):
            self.counts[:, column] += np.bincount(which[mark & (which >= 0)], minlength=len(self.names))
        asked = (looked != Authorized.HIT) & (took >= 0)
        for number, spread in enumerate(self.took):
            spread.add(took[asked & (which == number)])


@dataclass
class Totals:
    """Sums over the selected rows."""

    plan: Plan
    coding: Coding
    rows: tuple[int, ...] = ()
    """Row of plan.backends of each pair of what was invoked and the alias (`series.Numbering`); none: the backends alone."""
    latency: Spread = field(default_factory=Spread)
    latency_2xx: Spread = field(default_factory=Spread)
    integration: Spread = field(default_factory=Spread)
    served_other: int = 0

    def __post_init__(self) -> None:
        self.rows = self.rows or tuple(range(len(self.plan.backends)))
        clients, pairs = len(self.plan.clients), len(self.rows)
        self.cells = np.zeros((self.coding.leaves, 1 << FATE_BITS, 1 << CACHE_BITS), np.int64)
        self.by_status = np.zeros(STATUSES, np.int64)
        self.by_reason = np.zeros(len(REASONS), np.int64)
        self.stage_latency = [Spread() for _ in self.plan.stages]
        self.canary_latency = [Spread() for _ in self.coding.canaried]
        """Of what met a canary, which is part of its stage's."""
        self.attempts = np.zeros(clients, np.int64)
        self.unmapped = np.zeros(clients, np.int64)
        """Attempts under a base path without a mapping: of these CloudWatch knows nothing."""
        self.edge_hits = np.zeros(clients, np.int64)
        """Attempts that a distribution answered."""
        self.calls = np.zeros(clients, np.int64)
        self.ended = np.zeros((2, clients), np.int64)
        self.succeeded, self.short_circuited = self.ended
        self.call_latency = [Spread() for _ in self.plan.clients]
        self.paced = Paced(self.plan)
        self.executions = np.zeros(clients, np.int64)
        self.executed_for_nobody = np.zeros(clients, np.int64)
        self.duplicate_executions = np.zeros(clients, np.int64)
        self.invocations = np.zeros(pairs, np.int64)
        self.cold_starts = np.zeros(pairs, np.int64)
        self.throttles = np.zeros(pairs, np.int64)
        self.errors = np.zeros(pairs, np.int64)
        self.billed_ms = np.zeros(pairs, np.int64)
        self.by_outcome = np.zeros(len(Outcome), np.int64)
        self.authorized = Authorizations(self.plan)

    def add_attempts(
        self, code: NDArray[np.int32], stage: NDArray[np.int64], client: NDArray[np.int64],
        latency: NDArray[np.int64], integration: NDArray[np.int64], status: NDArray[np.int64],
        why: NDArray[np.int64], flags: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Add selected attempts."""
        self.cells += self.coding.count(code)
        self.by_status += np.bincount(status, minlength=STATUSES)
        self.by_reason += np.bincount(why, minlength=len(REASONS))
        self.attempts += np.bincount(client, minlength=len(self.attempts))
        self.served_other += int(np.count_nonzero(flags & Flag.SERVED_OTHER))
        self.latency.add(latency)
        self.latency_2xx.add(latency[(status >= 200) & (status < 300)])
        self.integration.add(integration[integration >= 0])
        for number, values in by_group(stage, latency, len(self.stage_latency)):
            self.stage_latency[number].add(values)
        for number, of_canary in zip(self.coding.canaried, self.canary_latency, strict=True):
            of_canary.add(latency[(stage == number) & ((flags & Flag.CANARY) > 0)])

    def add_authorized(self, block: Block, selected: NDArray[np.bool_]) -> None:
        """Add the selected attempts of a block whose methods have an authorizer."""
        if self.authorized:
            self.authorized.add(block, selected)

    def add_in_front(self, client: NDArray[np.int64], why: NDArray[np.int64]) -> None:
        """Add selected attempts that never reached the gateway."""
        lost, size = why == NO_MAPPING, len(self.attempts)
        self.unmapped += np.bincount(client[lost], minlength=size)
        self.edge_hits += np.bincount(client[~lost], minlength=size)
        self.attempts += np.bincount(client, minlength=size)

    def add_calls(
        self, client: NDArray[np.int64], lasted: NDArray[np.int64], outcome: NDArray[np.int64]
    ) -> None:
        """Add selected calls."""
        size = len(self.calls)
        self.calls += np.bincount(client, minlength=size)
        self.succeeded += np.bincount(client[outcome == CallOutcome.SUCCEEDED], minlength=size)
        self.short_circuited += np.bincount(client[outcome == CallOutcome.SHORT_CIRCUITED], minlength=size)
        for number, values in by_group(client, lasted, size):
            self.call_latency[number].add(values)

    def add_invocations(
        self, pair: NDArray[np.int64], client: NDArray[np.int64], ran: NDArray[np.bool_],
        failed: NDArray[np.bool_], throttled: NDArray[np.bool_], init: NDArray[np.int64],
        duration: NDArray[np.int64], outcome: NDArray[np.int64], abandoned: NDArray[np.bool_],
        duplicate: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """Add selected invocations; the marks say what each one was."""
        size, clients = len(self.invocations), len(self.attempts)
        self.invocations += np.bincount(pair[ran], minlength=size)
        self.errors += np.bincount(pair[failed], minlength=size)
        self.throttles += np.bincount(pair[throttled], minlength=size)
        self.cold_starts += np.bincount(pair[ran & (init >= 0)], minlength=size)
        # rules.window.billed_ms, by columns.
        billed = (np.maximum(init[ran], 0) + duration[ran] + 999_999) // 1_000_000
        np.add.at(self.billed_ms, pair[ran], billed)
        self.by_outcome += np.bincount(outcome, minlength=len(self.by_outcome))
        ran = ran & (client >= 0)  # nobody called for a batch of a queue
        self.executions += np.bincount(client[ran], minlength=clients)
        self.executed_for_nobody += np.bincount(client[ran & abandoned], minlength=clients)
        self.duplicate_executions += np.bincount(client[ran & duplicate], minlength=clients)
