"""One attempt followed through the gateway: found in a first run, watched in a second.

Nothing more is stored in a normal run. The first run keeps one row, the second those of one call; each ends as soon
as it knows what it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.compose import Story, simulate
from apigw_sim.engine.model import Watch
from apigw_sim.errors import ApigwSimError
from apigw_sim.metrics.limits import longest_attempt, longest_authorizer, longest_overhead
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, NULL, PREFLIGHT, Authorized, Outcome
from apigw_sim.rules import reason
from apigw_sim.rules.reason import NUMBER, REASONS
from apigw_sim.scenario.base import propose
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.plan.tables import Plan
    from apigw_sim.records import Block

Row = dict[str, int]
Progress = Callable[[int], None] | None

AT_ONCE = (
    reason.THROTTLED, reason.QUOTA_EXCEEDED, reason.INVALID_API_KEY, reason.MISSING_AUTHENTICATION_TOKEN,
    reason.REQUEST_TOO_LARGE, reason.CACHE_INVALIDATION_DENIED, reason.UNAUTHORIZED, reason.ACCESS_DENIED,
    reason.INVALID_SIGNATURE, reason.EXPIRED_TOKEN, reason.AUTHORIZER_FAILURE, reason.AUTHORIZER_CONFIGURATION_ERROR,
    reason.REQUEST_TOO_LARGE, reason.CACHE_INVALIDATION_DENIED, reason.BAD_REQUEST_BODY, reason.BAD_REQUEST_PARAMETERS,
    reason.UNSUPPORTED_MEDIA_TYPE, reason.GATEWAY_UNAVAILABLE, reason.URI_TOO_LONG, reason.HEADERS_TOO_LARGE,
)  # fmt: skip
"""Answers that wait for no backend."""
WELL = (reason.OK, reason.BACKEND_4XX)
NO_MORE = (Outcome.OK, Outcome.MALFORMED, Outcome.TOO_LARGE)
"""After these Lambda tries no event again."""
"""What is neither a refusal nor an error of the gateway or of what stands behind it."""
TICKS = 2000
"""A watched run asks about that often whether it is enough."""


class NotThereError(ApigwSimError):
    """The attempt that was asked for does not occur; the text says what does."""


@dataclass(frozen=True)
class Wanted:
    """Which attempt to explain; with none of them, the first refusal or error, else the slowest."""

    row: int | None = None
    """Its row in requests.parquet, from 1."""
    identity: tuple[str, int, int] | None = None
    """Client, call from 0, attempt from 1."""
    first: str | None = None
    """The first to arrive that ended for this reason."""
    slowest: bool = False
    client: str | None = None
    """Of this client."""
    user: int = 0
    """Of `identity`, where the client has users."""


@dataclass
class Walk:
    """One attempt and the call that it belongs to."""

    plan: Plan
    seed: int
    chosen: str
    """Why this one."""
    client: int
    call: int
    attempt: int
    story: Story = field(default_factory=list)
    """(ns from run.start, what happened), in order."""
    attempts: list[Row] = field(default_factory=list)
    """All attempts of the call, each with its `row`, in their order."""
    work: list[Row] = field(default_factory=list)
    """What backends did for them."""
    ended: Row | None = None
    """The row of `calls`."""
    user: int = 0

    @property
    def whose(self) -> str:
        """Client, user if it has any, and call."""
        return called(self.plan, self.client, self.user, self.call)

    @property
    def watched(self) -> Row:
        """The attempt that is explained."""
        return next(row for row in self.attempts if row["attempt"] == self.attempt)


def in_turn(attempt: int) -> tuple[int, bool]:
    """By what the attempts of a call are put in order: before each stands its preflight."""
    return (attempt - PREFLIGHT, False) if attempt > PREFLIGHT else (attempt, True)


def explain(
    plan: Plan, wanted: Wanted, seed: int | None = None, progress: Progress = None, allow_code: bool = False
) -> Walk:
    """Find an attempt and follow it; raises NotThereError."""
    seed = plan.seed if seed is None else seed
    ticks = max(plan.duration // TICKS, SECOND)
    plan = replace(plan, period=min(plan.period, ticks))
    if wanted.identity is not None:
        name, call, attempt = wanted.identity
        client, user, chosen = client_number(plan, name), wanted.user, "as asked"
        caller = plan.clients[client]
        if (caller.users is None and caller.connections is None) != (user == 0):
            form = f"{name}/{call}/{attempt}" if user else f"{name}/1/{call}/{attempt}"
            has = "no users" if user else "users, who count from 1"
            raise NotThereError(f"{name} has {has}; write {form}")
    else:
        finder = Finder(plan, wanted)
        simulate(plan, seed, sink=finder.see, enough=finder.enough, progress=progress, allow_code=allow_code)
        row, chosen = finder.answer()
        client, user, call, attempt = row["client"], row["user"], row["call"], row["attempt"]
    follower = Follower(plan, client, call, attempt, user)
    watch = Watch(client, call, attempt, user)
    done = simulate(
        plan,
        seed,
        sink=follower.see,
        watch=watch,
        enough=follower.enough,
        progress=progress,
        allow_code=allow_code,
    )
    if not follower.met:
        raise NotThereError(follower.missing(plan))
    story = sorted(done.story or [], key=lambda step: step[0])
    attempts = sorted(follower.attempts, key=lambda row: in_turn(row["attempt"]))
    return Walk(
        plan, seed, chosen, client, call, attempt, story, attempts, follower.work, follower.ended, user
    )


def called(plan: Plan, client: int, user: int, call: int) -> str:
    """A call by name: client/call, or client/user/call."""
    return "/".join([plan.clients[client].name, *([str(user)] if user else []), str(call)])


def client_number(plan: Plan, name: str) -> int:
    """The row of a client."""
    names = [client.name for client in plan.clients]
    if name not in names:
        raise NotThereError(f"there is no client '{name}'; {propose(name, names)}")
    return names.index(name)


def reason_number(name: str) -> int:
    """The number of a reason, in any case of letters."""
    if name.upper() not in NUMBER:
        raise NotThereError(f"'{name}' is no reason; {propose(name.upper(), NUMBER)}")
    return NUMBER[name.upper()]


class Finder:
    """Sees every attempt in the order of answers and keeps the one that is wanted."""

    def __init__(self, plan: Plan, wanted: Wanted) -> None:
        self.plan = plan
        self.wanted = wanted
        self.client = None if wanted.client is None else client_number(plan, wanted.client)
        first = None if wanted.first is None else reason_number(wanted.first)
        """The only reason that is looked for."""
        self.reasons = np.zeros(len(REASONS), bool)
        if first is not None:
            self.reasons[first] = True
        elif wanted.row is None and not wanted.slowest:
            self.reasons[[n for n in range(len(REASONS)) if n not in WELL]] = True
        at_once = first is None or first in AT_ONCE
        own = longest_overhead(plan) + longest_authorizer(plan)
        self.longest = own if at_once else longest_attempt(plan)
        self.rows = 0
        self.counts = np.zeros(len(REASONS), np.int64)
        self.found: Row | None = None
        self.slowest: Row | None = None
        self.latest = 0

    def see(self, block: Block) -> None:
        """Take in a block."""
        if block.table is not ATTEMPTS or not len(block):
            return
        before, self.rows = self.rows, self.rows + len(block)
        if self.wanted.row is not None:
            if self.found is None and before < self.wanted.row <= self.rows:
                self.found = as_row(block, self.wanted.row - before - 1)
            return
        of_client = np.ones(len(block), bool) if self.client is None else block["client"] == self.client
        self.counts += np.bincount(block["reason"][of_client], minlength=len(REASONS))
        arrived, latency = block["arrived_ns"], block["latency_ns"]
        self.latest = int(arrived[-1] + latency[-1])
        number = _least(arrived, of_client & self.reasons[block["reason"]])
        if number is not None and (self.found is None or arrived[number] < self.found["arrived_ns"]):
            self.found = as_row(block, number)
        number = _least(-latency, of_client)
        if number is not None and (self.slowest is None or latency[number] > self.slowest["latency_ns"]):
            self.slowest = as_row(block, number)

    def enough(self) -> bool:
        """Whether no later answer can change what was found."""
        if self.found is None:
            return False
        return self.wanted.row is not None or self.latest - self.longest > self.found["arrived_ns"]

    def answer(self) -> tuple[Row, str]:
        """What was found, and why it is that one."""
        wanted = self.wanted
        whose = f" of {wanted.client}" if wanted.client is not None else ""
        if wanted.row is not None:
            if self.found is None:
                raise NotThereError(
                    f"there is no row {wanted.row:,}; this run has {self.rows:,} attempts, from 1 on"
                )
            return self.found, "as asked"
        if self.found is not None and wanted.first is not None:
            return self.found, f"the first {wanted.first.upper()}{whose} to arrive"
        if self.found is not None:
            return self.found, f"the first refusal or error{whose}"
        if self.slowest is None:
            raise NotThereError(f"no attempt{whose} arrived; give the run arrivals")
        if wanted.first is not None:
            raise NotThereError(
                f"no attempt{whose} ended as {wanted.first.upper()}; what occurs: {self.occurs()}"
            )
        if wanted.slowest:
            return self.slowest, f"the slowest of {int(self.counts.sum()):,}{whose}"
        return (
            self.slowest,
            f"nothing was refused and nothing failed, so the slowest of {int(self.counts.sum()):,}{whose}",
        )

    def occurs(self) -> str:
        """The reasons that do occur."""
        found = [(-int(n), REASONS[number].name) for number, n in enumerate(self.counts) if n]
        return ", ".join(f"{name} ({-n:,})" for n, name in sorted(found))


class Follower:
    """Keeps the rows of one call, until its last answer has come and its last work has ended."""

    def __init__(self, plan: Plan, client: int, call: int, attempt: int, user: int) -> None:
        self.plan = plan
        self.client = client
        self.user = user
        self.call = call
        self.attempt = attempt
        self.attempts: list[Row] = []
        self.work: list[Row] = []
        self.ended: Row | None = None
        self.rows = 0
        self.last_call = -1

    def see(self, block: Block) -> None:
        """Take in a block."""
        if block.table not in (ATTEMPTS, INVOCATIONS, CALLS) or not len(block):
            return
        of_client = (block["client"] == self.client) & (block["user"] == self.user)
        mine = np.nonzero(of_client & (block["call"] == self.call))[0].tolist()
        if block.table is ATTEMPTS:
            self.attempts += [{**as_row(block, number), "row": self.rows + number + 1} for number in mine]
            self.rows += len(block)
            if of_client.any():
                self.last_call = max(self.last_call, int(block["call"][of_client].max()))
        elif block.table is INVOCATIONS:
            self.work += [as_row(block, number) for number in mine]
        elif mine:
            self.ended = as_row(block, mine[0])

    @property
    def met(self) -> bool:
        """Whether the attempt has been answered."""
        return any(row["attempt"] == self.attempt for row in self.attempts)

    def enough(self) -> bool:
        """Whether nothing of the call is still under way."""
        if self.ended is None or len(self.attempts) < self.ended["attempts"]:
            return False
        if self.handed_over and not any(row["outcome"] in NO_MORE for row in self.work):
            return False  # Lambda may still try it again
        return len(self.work) >= sum((row["integration_ns"] >= 0) + self.asked(row) for row in self.attempts)

    @property
    def handed_over(self) -> bool:
        """Whether the call invokes its function asynchronously."""
        methods = {row["method"] for row in self.attempts}
        return any(row.asynchronous and row.place in methods for row in self.plan.releases)

    def asked(self, row: Row) -> bool:
        """Whether an attempt invoked its authorizer."""
        plan = self.plan
        guards = {release.authorizer for release in plan.releases if release.place == row["method"]} - {NULL}
        return row["authorizer"] == Authorized.MISS and any(
            plan.authorizers[guard].invokes for guard in guards
        )

    def missing(self, plan: Plan) -> str:
        """Why there is nothing to explain."""
        name = plan.clients[self.client].name
        if self.ended is not None and self.attempt <= self.ended["attempts"]:
            lost = f"{called(plan, self.client, self.user, self.call)}/{self.attempt}"
            return f"{lost} was lost on its way, so the gateway never saw it"
        if self.user:
            name = f"user {self.user:,} of {name}"
        if self.attempts:
            count = len(self.attempts)
            has = f"call {self.call} of {name} has {count} attempt{'' if count == 1 else 's'}"
            return (
                f"there is no attempt {called(plan, self.client, self.user, self.call)}/{self.attempt}; {has}"
            )
        if self.last_call < 0:
            return f"there is no call {self.call} of {name}; it makes none in this run"
        return f"there is no call {self.call:,} of {name}; its calls are 0 to {self.last_call:,}"


def as_row(block: Block, number: int) -> Row:
    """A row of a block by the names of its columns."""
    return dict(zip(block.table.names, block.rows[number].tolist(), strict=True))


def _least(values: NDArray[np.int64], among: NDArray[np.bool_]) -> int | None:
    """The first row that has the least value among some."""
    rows = np.nonzero(among)[0]
    return int(rows[np.argmin(values[rows])]) if len(rows) else None
