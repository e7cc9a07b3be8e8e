"""Limits as they were met: who reached them when, whom they refused, how little they had left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.gauges import NEVER, Gauges
from apigw_sim.metrics.places import Place, Places
from apigw_sim.metrics.seconds import Seconds
from apigw_sim.plan.tables import BackendKind, GaugeKind, Law, LimitKind, Plan
from apigw_sim.records import NULL, Outcome
from apigw_sim.rules import reason
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.units import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

BEFORE_THROTTLES = (
    "INVALID_API_KEY", "MISSING_AUTHENTICATION_TOKEN", "UNAUTHORIZED", "ACCESS_DENIED", "WAF_FILTERED",
    "AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR", "INVALID_SIGNATURE", "EXPIRED_TOKEN",
    "RESOURCE_NOT_FOUND", "URI_TOO_LONG", "HEADERS_TOO_LARGE",
    "GATEWAY_UNAVAILABLE", "ROUTE_NOT_FOUND",
)  # fmt: skip
"""Reasons of answers given before the throttles are asked, all but the account's where that stands in front."""
OUTSIDE_ALL = ("NO_CERTIFICATE", "WAF_FILTERED")
"""... of answers given before that too; those of AWS WAF unless the account's stands before it."""
EARLY, OUTSIDE = -1, 6
"""Levels of what was answered before the throttles, and before an account's that is in front as well."""
AT_GATEWAY = (LimitKind.PLAN_METHOD, LimitKind.PLAN, LimitKind.QUOTA, LimitKind.METHOD, LimitKind.ACCOUNT)
OF_SERVICES = (LimitKind.SERVICE, LimitKind.SERVICE_BYTES)
BUCKETS = (*AT_GATEWAY[:2], *AT_GATEWAY[3:], LimitKind.CONNECTIONS, LimitKind.LAMBDA_RPS, *OF_SERVICES)
LONGEST_INVOCATION = 15 * MINUTE
"""Lambda's own limit for a function's timeout."""
SLOWEST_BACKEND = 16
"""How many times an HTTP backend's longest latency, queues and faults included, its work may take."""


def pool_name(plan: Plan, region: int) -> str:
    """The pool of unreserved functions of a Region, for people."""
    return f"all unreserved {plan.regions[region].name}" if region else "all unreserved"


class Limits:
    """Every limit of a plan, with its places."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.at = Places(plan)
        self.places: list[Place] = self.at.list
        self._stages = len(self.places)
        stages, limits = len(plan.stages), len(plan.limits)
        self.pairs = [(self._stages + row, self._stages + stages + row) for row in range(stages)]
        """Of each stage: where its attempts are counted, and where those that were carried."""
        self.by_attempts: Any = Seconds(self._stages + 2 * stages, longest_attempt(plan), self.pairs)
        self.by_invocations: Any = Seconds(self._stages, longest_invocation(plan))
        self.refused_at = np.zeros(self._stages, np.int64)
        self.refused_ever_at = np.zeros(self._stages, np.int64)
        self.refused = np.zeros(limits, np.int64)
        self.first = np.full(limits, NEVER, np.int64)
        self._front = plan.account.front
        self.stands = np.array(
            [EARLY if why.name in BEFORE_THROTTLES else 0 for why in reason.REASONS], np.int64
        )
        """By reason: EARLY, OUTSIDE, or 0 where the limit that refused says the level."""
        outside = [why for why in OUTSIDE_ALL if why != "WAF_FILTERED" or not plan.account.before_waf]
        self.stands[[reason.NUMBER[why] for why in outside]] = OUTSIDE
        levels = {kind: level for level, kind in enumerate(AT_GATEWAY)} | {LimitKind.CONNECTIONS: 0}
        self.gateway_level = self._levels(levels)
        pools = (LimitKind.LAMBDA_ACCOUNT, LimitKind.LAMBDA_RESERVED, LimitKind.BACKEND)
        of_backends = dict.fromkeys(pools, 0) | {
            LimitKind.LAMBDA_RPS: 1,
            LimitKind.SERVICE: 1,
            LimitKind.SERVICE_BYTES: 2,
            LimitKind.LAMBDA_SCALING: 3,
        }
        self.backend_level = self._levels(of_backends)
        for place in self.places:
            if place.kind == LimitKind.LAMBDA_RPS and place.target in self.at.all_rps:
                self.backend_level[place.limit] = 2

    def _levels(self, of_kind: dict[LimitKind, int]) -> NDArray[np.int64]:
        """The level at which each limit refuses; one entry more than there are, for NULL. len(AT_GATEWAY): at none."""
        none = len(AT_GATEWAY)
        return np.array([*(of_kind.get(limit.kind, none) for limit in self.plan.limits), none], np.int64)

    def attempts(
        self, stage: NDArray[np.int64], method: NDArray[np.int64], key: NDArray[np.int64],
        arrived: NDArray[np.int64], why: NDArray[np.int64], refused_by: NDArray[np.int64],
        carried: NDArray[np.bool_], selected: NDArray[np.bool_], latest: int,
    ) -> None:  # fmt: skip
        """Take in attempts; `latest`: an instant the run has reached."""
        stands = self.stands[why]
        level = np.where(stands != 0, stands, self.gateway_level[refused_by])
        places = self.at.at_gateway(stage, method, key, arrived)
        inside = level < OUTSIDE
        reached = [np.where(inside & (level >= number), place, NULL) for number, place in enumerate(places)]
        if self._front:
            by_account = level == len(AT_GATEWAY) - 1
            reached = [np.where(by_account, NULL, place) for place in reached[:-1]]
            reached.append(np.where(inside, places[-1], NULL))
        self._refuse(level, places, arrived, refused_by, selected)
        here = stage + self._stages
        carried_here = np.where(carried, here + len(self.plan.stages), NULL)
        self.by_attempts.add(arrived, [*reached, here, carried_here], latest)

    def invocations(
        self, backend: NDArray[np.int64], arrived: NDArray[np.int64], init: NDArray[np.int64],
        outcome: NDArray[np.int64], refused_by: NDArray[np.int64], selected: NDArray[np.bool_], latest: int,
    ) -> None:  # fmt: skip
        """Take in invocations; during an outage none reaches a limit."""
        level = np.where(outcome == Outcome.OUTAGE, NULL, self.backend_level[refused_by])
        places = self.at.at_backend(backend, arrived, (init >= 0) | (level == 3))
        reached = [np.where(level >= number, place, NULL) for number, place in enumerate(places)]
        self._refuse(level, places, arrived, refused_by, selected)
        self.by_invocations.add(arrived, reached, latest)

    def _refuse(
        self, level: NDArray[np.int64], places: Sequence[NDArray[np.int64]], arrived: NDArray[np.int64],
        refused_by: NDArray[np.int64], selected: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """Count who was refused at which level, by the limit that the row names."""
        for number, place in enumerate(places):
            rows = np.nonzero(level == number)[0]
            if not len(rows):
                continue
            limit, chosen = refused_by[rows], selected[rows]
            self.refused += np.bincount(limit[chosen], minlength=len(self.refused))
            np.minimum.at(self.first, limit, arrived[rows])
            at = place[rows]
            self.refused_ever_at += np.bincount(at[at >= 0], minlength=self._stages)
            self.refused_at += np.bincount(at[chosen & (at >= 0)], minlength=self._stages)

    def finish(self) -> None:
        """No more rows will come."""
        self.by_attempts.finish()
        self.by_invocations.finish()

    def busiest_second(self, stage: int) -> tuple[int, int, int] | None:
        """A stage's busiest second: when it began (s), how many arrived, how many of them were carried."""
        place = self._stages + stage
        at = int(self.by_attempts.peak_at[place])
        return None if at == NULL else (at, int(self.by_attempts.peak[place]), self.by_attempts.beside(place))

    def ceilings(self) -> dict[str, list[tuple[float, int]]]:
        """(from when in s, how many) of reserved concurrency by function, and of each Region's unreserved pool."""
        found: dict[str, list[tuple[float, int]]] = {}
        for place in self.places:
            if place.kind in (LimitKind.LAMBDA_RESERVED, LimitKind.LAMBDA_ACCOUNT):
                reserved = place.kind is LimitKind.LAMBDA_RESERVED
                name = place.owner if reserved else pool_name(self.plan, place.target)
                found[name] = [(at / SECOND, most) for at, most in self.at.ceilings(place)]
        return found

    def rows(self, gauges: Gauges) -> list[dict[str, Any]]:
        """The summary's `limits`, after `finish`."""
        peak = np.maximum(self.by_attempts.peak[: self._stages], self.by_invocations.peak)
        left = [self._left(number, place, gauges) for number, place in enumerate(self.places)]
        of_limit: list[list[int]] = [[] for _ in self.plan.limits]
        for number, place in enumerate(self.places):
            of_limit[place.limit].append(number)
        rows = []
        for number, limit in enumerate(self.plan.limits):
            first = int(self.first[number])
            mine = of_limit[number]
            worst = min(mine, key=lambda place: self._badness(place, left, peak), default=None)
            row: dict[str, Any] = {
                "limit": limit.label,
                "path": limit.path,
                "where": limit.where,
                "ceiling": limit.ceiling,
                "peak_1s": 0 if worst is None else int(peak[worst]),
                "lowest_tokens": None if worst is None else left[worst],
                "first_refusal_s": None if first == NEVER else round(first / SECOND, 3),
                "refused": int(self.refused[number]),
            }
            if worst is not None and len(mine) > 1:
                row["worst"] = self.places[worst].owner
                row["buckets"] = len(mine)
                row["buckets_refused"] = int((self.refused_at[mine] > 0).sum())
            rows.append(row)
        return rows

    def _badness(
        self, place: int, left: list[float | int | None], peak: NDArray[np.int64]
    ) -> tuple[int, float, int, int]:
        """The worst place refused most; of equals it had least left, then the highest peak, then comes first."""
        least = left[place]
        return (
            -int(self.refused_ever_at[place]),
            np.inf if least is None else least,
            -int(peak[place]),
            place,
        )

    def _left(self, number: int, place: Place, gauges: Gauges) -> float | int | None:
        """The least that a place had left: tokens, requests of a quota, or room for concurrency."""
        if place.kind in BUCKETS or place.kind == LimitKind.QUOTA:
            of_quota = place.kind == LimitKind.QUOTA
            least = gauges.least(GaugeKind.QUOTA_LEFT if of_quota else GaugeKind.TOKENS)
            every = len(least) if of_quota else self.plan.parted  # the parts of a bucket on several hosts
            low = int(least[place.target :: every].min()) if len(least) else NEVER
            if low == NEVER:
                return None
            return low if of_quota else low * 1000 // TOKEN / 1000
        ceilings = self.at.ceilings(place) if place.kind != LimitKind.LAMBDA_SCALING else []
        if not ceilings:
            return None
        if self.refused_ever_at[number]:
            return 0
        kinds = {
            LimitKind.LAMBDA_ACCOUNT: (GaugeKind.UNRESERVED_CONCURRENCY,),
            LimitKind.LAMBDA_RESERVED: (GaugeKind.CONCURRENCY,),
            LimitKind.BACKEND: (GaugeKind.BUSY, GaugeKind.QUEUE),
        }[place.kind]
        levels = [(kind, place.target, 1) for kind in kinds]
        return gauges.room([*levels, *self._provisioned(place)], ceilings)

    def _provisioned(self, place: Place) -> Iterator[tuple[GaugeKind, int, int]]:
        """What is provisioned out of a pool takes room of it whether it is in use or not."""
        plan = self.plan
        for number, row in enumerate(plan.provisions):
            function = plan.function_of(row.backend)
            if place.kind is LimitKind.LAMBDA_RESERVED and function == place.target:
                yield GaugeKind.PROVISIONED, number, 1
                yield GaugeKind.PROVISIONED_IN_USE, number, -1
            elif (
                place.kind is LimitKind.LAMBDA_ACCOUNT
                and plan.backends[function].reserved == NULL
                and plan.backends[function].region == place.target
            ):
                yield GaugeKind.PROVISIONED, number, 1


def most(law: Law | None) -> int:
    """The largest value that a law can give."""
    if law is None:
        return 0
    return law.constant if law.constant is not None else int(law.cells.max())


def longest_attempt(plan: Plan) -> int:
    """No attempt takes longer at the gateway, ns."""
    account = plan.account
    timeout = max((method.timeout_ns for method in plan.methods), default=0)
    own = longest_overhead(plan) + most(account.hit_time)
    return timeout + longest_authorizer(plan) + own + SECOND


def longest_overhead(plan: Plan) -> int:
    """The gateway itself adds no more to a request, ns."""
    return max(most(plan.account.gateway_overhead), *(most(plan.overhead(client)) for client in plan.aims))


def longest_authorizer(plan: Plan) -> int:
    """No authorizer takes longer, ns."""
    return max((row.wait_ns if row.invokes else most(row.time) for row in plan.authorizers), default=0)


def longest_invocation(plan: Plan) -> int:
    """No backend's work takes longer, ns; of an HTTP backend's a generous guess."""
    longest = LONGEST_INVOCATION
    for backend in plan.backends:
        if backend.kind == BackendKind.LAMBDA:
            cold = backend.cold
            begun = most(cold.provisioning) + most(cold.init) if cold is not None else 0
            longest = max(longest, begun + max(backend.timeout_ns, LONGEST_INVOCATION))
        else:
            rounds = 1 + (backend.queue // backend.concurrency if backend.concurrency > 0 else 0)
            slowest = most(backend.duration) * max(1000, *backend.stretch, 0) // 1000
            waits = plan.duration if backend.lifo else 0
            longest = max(longest, waits + SLOWEST_BACKEND * rounds * slowest)
    return longest + SECOND
