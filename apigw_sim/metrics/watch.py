"""Expectations: each watches the samples it speaks of, over the whole run or period by period."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.metrics.coding import CLIENT_ERRORS, LAST_METERED, Coding, Fate
from apigw_sim.metrics.gauges import Gauges
from apigw_sim.metrics.quantiles import EXACT, Spread
from apigw_sim.metrics.series import NS_PER_MS, Columns, Metric, Numbering
from apigw_sim.plan.tables import NULL, GaugeKind, Plan
from apigw_sim.records import Cache, CallOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from apigw_sim.scenario.expect import Expectation

Number = Fraction | float
OPERATORS: dict[str, Callable[[Number, Number], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
TIMES = {"Latency", "IntegrationLatency", "Duration", "call_latency"}
OF_CALLS = {"calls", "succeeded", "gave_up", "call_latency", "amplification"}
OF_WORK = {"executed_for_nobody", "duplicate_executions"}
WHOLE = -1


class Watch:
    """One expectation and what it has seen.

    Over the whole run it selects as the summary does; period by period attempts are stamped as CloudWatch stamps
    them, calls by their end, and backend work by its end.
    """

    def __init__(
        self, expectation: Expectation, plan: Plan, coding: Coding,
        spread: Callable[[int | None], Spread] = Spread,
    ) -> None:  # fmt: skip
        self.expectation = expectation
        self._new_spread = spread
        self._plan = plan
        by_period = expectation.every_period is not None or expectation.m_of_n is not None
        self.length = (expectation.every_period or plan.period) if by_period else 0
        """Of a period, ns; 0: the whole run."""
        self.metric = expectation.metric
        self._point = (
            float(Fraction(expectation.stat[1:]) / 100) if expectation.stat.startswith("p") else None
        )
        self._exact: int | None = 0 if self._point is None else None if self.length else EXACT
        self._open: dict[int, Spread] = {}
        self._beside: dict[int, int] = {}
        """Attempts, where the metric is attempts per call."""
        self.values: dict[int, Number] = {}
        """The statistic of each closed period that had a sample."""
        self.leaves = np.zeros(coding.leaves, bool)
        self.target = -1
        if expectation.kind == "client":
            self.target = [client.name for client in plan.clients].index(expectation.who)
        elif expectation.kind == "function":
            self._see_function(plan, expectation.who)
        else:
            self.target = [stage.name for stage in plan.stages].index(expectation.who)
            route = None if expectation.of_route is None else str(expectation.of_route)
            for leaf in np.nonzero(coding.stage_of_leaf == self.target)[0].tolist():
                row = int(coding.method_of_leaf[leaf])
                own = plan.methods[row].route if row >= 0 else None
                self.leaves[leaf] = route is None or own == route

    def _see_function(self, plan: Plan, who: str) -> None:
        """A function with all its versions, one of its versions, or what comes by an alias."""
        name = who.removesuffix(":$LATEST")
        names = [alias.name for alias in plan.aliases]
        self._alias = names.index(name) if name in names else NULL
        self._rows = np.zeros(len(plan.backends), bool)
        if self._alias != NULL:
            return
        self.target = [backend.name for backend in plan.backends].index(name)
        self._rows[plan.versions(self.target) if name == who else [self.target]] = True

    # samples

    @property
    def of_calls(self) -> bool:
        """Whether it looks at calls."""
        return self.expectation.kind == "client" and self.metric in OF_CALLS

    @property
    def of_work(self) -> bool:
        """Whether it looks at invocations."""
        if self.expectation.kind == "client":
            return self.metric in OF_WORK
        return self.expectation.kind == "function" and self.metric != "ConcurrentExecutions"

    def attempts(
        self, leaf: NDArray[np.int64], client: NDArray[np.int64], stamp: NDArray[np.int64],
        selected: NDArray[np.bool_], fate: NDArray[np.int64], cache: NDArray[np.int64],
        latency: NDArray[np.int64], integration: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """See attempts."""
        kind, metric = self.expectation.kind, self.metric
        if kind == "client" and metric in ("attempts", "amplification"):
            rows = client == self.target
            if not self.length:
                rows &= selected
            self.take_attempts(stamp[rows], np.ones(int(rows.sum()), np.int64))
        elif kind == "stage":
            rows = np.asarray(self.leaves[leaf], bool) & (fate <= LAST_METERED)
            if metric == "IntegrationLatency":
                rows = rows & (integration >= 0)
            values = _of_stage(metric, fate, cache, latency, integration)
            self._see(stamp, selected, rows, values.astype(np.int64))

    def calls(
        self, client: NDArray[np.int64], ended: NDArray[np.int64], selected: NDArray[np.bool_],
        lasted: NDArray[np.int64], outcome: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """See calls."""
        metric = self.metric
        if not self.of_calls:
            return
        values = lasted
        if metric in ("calls", "amplification"):
            values = np.ones(len(ended), np.int64)
        elif metric in ("succeeded", "gave_up"):
            values = ((outcome == CallOutcome.SUCCEEDED) == (metric == "succeeded")).astype(np.int64)
        self._see(ended, selected, client == self.target, values)

    def invocations(
        self, backend: NDArray[np.int64], alias: NDArray[np.int64], client: NDArray[np.int64],
        stamp: NDArray[np.int64], selected: NDArray[np.bool_], ran: NDArray[np.bool_], failed: NDArray[np.bool_],
        throttled: NDArray[np.bool_], duration: NDArray[np.int64], abandoned: NDArray[np.bool_],
        duplicate: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """See invocations."""
        kind, metric = self.expectation.kind, self.metric
        if kind == "client" and metric in OF_WORK:
            values = abandoned if metric == "executed_for_nobody" else duplicate
            self._see(stamp, selected, (client == self.target) & ran, values.astype(np.int64))
        elif kind == "function" and metric != "ConcurrentExecutions":
            of = ran | throttled if metric == "Throttles" else ran
            samples: dict[str, NDArray[np.generic]] = {
                "Invocations": ran, "Errors": failed, "Throttles": throttled, "Duration": duration,
            }  # fmt: skip
            mine = self._rows[backend] if self._alias == NULL else alias == self._alias
            self._see(stamp, selected, of & mine, samples[metric].astype(np.int64))

    def _see(
        self, stamp: NDArray[np.int64], selected: NDArray[np.bool_], rows: NDArray[np.bool_],
        values: NDArray[np.int64],
    ) -> None:  # fmt: skip
        if not self.length:
            rows = rows & selected
        self.take(stamp[rows], values[rows])

    def take_attempts(self, stamp: NDArray[np.int64], values: NDArray[np.int64]) -> None:
        """Take in attempts that are known to count."""
        if self.metric != "amplification":
            self.take(stamp, values)
        elif not self.length:
            self._beside[WHOLE] = self._beside.get(WHOLE, 0) + len(stamp)
        else:
            for number, rows in self._periods(stamp):
                self._beside[number] = self._beside.get(number, 0) + len(stamp[rows])

    def take(self, stamp: NDArray[np.int64], values: NDArray[np.int64]) -> None:
        """Take in samples that are known to count; `values` is kept and must not change."""
        if not self.length:
            self._spread(WHOLE).add(values)
            return
        for number, rows in self._periods(stamp):
            self._spread(number).add(values[rows])

    def _periods(self, stamp: NDArray[np.int64]) -> Iterator[tuple[int, slice | NDArray[np.bool_]]]:
        """The rows of each period that has any."""
        if not len(stamp):
            return
        first, last = int(stamp.min()) // self.length, int(stamp.max()) // self.length
        if first == last:
            yield first, slice(None)
            return
        period = stamp // self.length
        for number in np.unique(period).tolist():
            yield number, period == number

    def _spread(self, number: int) -> Spread:
        if number not in self._open:
            self._open[number] = self._new_spread(self._exact)
        return self._open[number]

    # statistics

    def close(self, until: int | None) -> None:
        """Close the periods that end by `until`; None: all, and the whole run."""
        for number in sorted(self._open):
            if until is None or (self.length and (number + 1) * self.length <= until):
                value = self._statistic(number, self._open.pop(number))
                if value is not None:
                    self.values[number] = value

    def _statistic(self, number: int, spread: Spread) -> Number | None:
        if not spread.count:
            return None
        if self.metric == "amplification":
            return Fraction(self._beside.pop(number, 0), spread.count)
        if self._point is None:
            return {
                "avg": Fraction(spread.total, spread.count),
                "sum": Fraction(spread.total),
                "min": Fraction(spread.least),
                "max": Fraction(spread.most),
                "count": Fraction(spread.count),
            }[self.expectation.stat]
        found = spread.quantiles((self._point,))
        return None if found is None else found[0]

    def see_concurrency(self, gauges: Gauges, columns: Columns, numbering: Numbering) -> None:
        """ConcurrentExecutions of a function, at the end: of its gauge, or of the peaks of periods."""
        if self.metric != "ConcurrentExecutions":
            return
        stat = self.expectation.stat
        mine = columns.series == numbering.of_backend[self.target]
        rows = np.nonzero(mine & (columns.metric == Metric.CONCURRENT_EXECUTIONS))[0]
        begins = columns.period[rows] * self._plan.period
        peaks = columns.values[rows, 4].astype(np.int64)
        if self.length:
            self._see(begins, np.ones(len(rows), bool), np.ones(len(rows), bool), peaks)
            if stat == "avg":  # the mean over time, not of the peaks
                means = columns.values[rows, 2]
                for number in np.unique(begins // self.length).tolist():
                    self._open.pop(number)
                    self.values[number] = float(means[begins // self.length == number].mean())
            return
        use = gauges.in_window(GaugeKind.CONCURRENCY, self.target)
        within = (begins >= self._plan.warm_up) & (begins < self._plan.duration)
        if not within.any():
            return
        if stat == "avg":
            self.values[WHOLE] = use.mean
            return
        found = {"min": use.low, "max": use.peak, "sum": int(peaks[within].sum()), "count": int(within.sum())}
        self.values[WHOLE] = Fraction(found[stat])

    # the verdict

    def verdict(self) -> dict[str, Any]:
        """The row of the summary's `expectations`, after `close(None)`."""
        bound, compare = self.expectation.value, OPERATORS[self.expectation.op]
        row: dict[str, Any] = {"text": self.expectation.text, "value": None, "met": None}
        values = self.values
        if self.length:
            begun = {number: number * self.length for number in values}
            low, high = self._plan.warm_up, self._plan.duration
            values = {number: v for number, v in values.items() if low <= begun[number] < high}
        if not values:
            return row
        worst = max(values.values(), key=lambda value: self._distance(value, bound))
        row["value"] = self._shown(worst)
        held = {number: compare(value, bound) for number, value in values.items()}
        if not self.length:
            row["met"] = held[WHOLE]
            return row
        row["met"] = all(held.values()) if self.expectation.m_of_n is None else self._enough(held)
        row["periods_met"], row["periods"] = sum(held.values()), len(held)
        return row

    def _enough(self, held: dict[int, bool]) -> bool:
        """Whether at most n - m of any n periods in a row failed; one without a sample did not."""
        assert self.expectation.m_of_n is not None
        m, n = self.expectation.m_of_n
        failed = [number for number, holds in sorted(held.items()) if not holds]
        return not any(last - first < n for first, last in zip(failed, failed[n - m :], strict=False))

    def _distance(self, value: Number, bound: Fraction) -> float:
        """How bad a value is."""
        away = float(value - bound)
        if self.expectation.op in ("<", "<="):
            return away
        if self.expectation.op in (">", ">="):
            return -away
        return abs(away) if self.expectation.op == "==" else -abs(away)

    def _shown(self, value: Number) -> float | int:
        if self.metric in TIMES and self.expectation.stat != "count":
            return round(float(value) / NS_PER_MS, 3)
        if isinstance(value, Fraction) and value.denominator == 1:
            return int(value)
        return round(float(value), 6)


def _of_stage(
    metric: str, fate: NDArray[np.int64], cache: NDArray[np.int64], latency: NDArray[np.int64],
    integration: NDArray[np.int64],
) -> NDArray[np.generic]:  # fmt: skip
    """The samples of a stage's metric, one for each attempt."""
    if metric == "4XXError":
        return np.isin(fate, CLIENT_ERRORS)
    if metric == "5XXError":
        return np.asarray(fate == Fate.SERVER_5XX)
    if metric in ("CacheHitCount", "CacheMissCount"):
        return np.asarray(cache == (Cache.HIT if metric == "CacheHitCount" else Cache.MISS))
    return {"Count": np.ones(len(fate), np.int64), "Latency": latency, "IntegrationLatency": integration}[
        metric
    ]
