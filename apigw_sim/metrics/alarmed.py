"""What alarms see: a datapoint for each window that ends with a minute, of closed periods only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from apigw_sim.metrics.coding import Coding
from apigw_sim.metrics.gauges import Gauges
from apigw_sim.metrics.quantiles import Spread
from apigw_sim.metrics.series import METRIC_BY_NAME, NS_PER_MS, Numbering
from apigw_sim.metrics.watch import OPERATORS, Number, Watch
from apigw_sim.plan.tables import Alarm, GaugeKind, Plan, WatchedKind
from apigw_sim.records import AlarmState
from apigw_sim.rules.alarm import BREACH, NO_DATA, WITHIN
from apigw_sim.scenario.expect import Expectation
from apigw_sim.units import MINUTE

OF_GAUGES = {
    "ConcurrentExecutions", "UnreservedConcurrentExecutions", "ClaimedAccountConcurrency",
    "ProvisionedConcurrencyUtilization",
}  # fmt: skip


OF_STAGES = (WatchedKind.API, WatchedKind.STAGE)
CREATED = "the alarm was just created"


class Change(NamedTuple):
    """An alarm's change of state."""

    alarm: str
    at: int
    before: AlarmState
    after: AlarmState
    reason: str


class Sight(Watch):
    """What one alarm sees; CloudWatch's periods slide by a minute, so samples are kept a minute at a time."""

    def __init__(
        self, alarm: Alarm, plan: Plan, coding: Coding, spread: Callable[[int | None], Spread] = Spread
    ) -> None:
        super().__init__(_as_expectation(alarm, plan), plan, coding, spread)
        self.alarm = alarm
        if alarm.kind is WatchedKind.API:
            api = np.array([stage.api == plan.stages[alarm.target].api for stage in plan.stages], bool)
            self.leaves = api[coding.stage_of_leaf]
        elif alarm.kind is WatchedKind.METHOD:
            self.leaves = (coding.method_of_leaf == alarm.target) & plan.methods[alarm.target].detailed
        self.minutes: dict[int, Spread] = {}
        self.points: dict[int, Number] = {}
        """By the minute that ends the datapoint's window: its statistic, where there were samples."""
        created = AlarmState.INSUFFICIENT_DATA
        self.history = [Change(alarm.name, 0, created, created, CREATED)]
        """All changes of the alarm's state, written by the control plane."""

    def close(self, until: int | None) -> None:
        """Make the datapoints of the minutes that end by `until`."""
        if until is None:
            return
        minutes = self.alarm.period // MINUTE
        for number in sorted(self._open):
            if (number + 1) * MINUTE <= until:
                self.minutes[number] = self._open.pop(number)
        touched = {end for number in self.minutes for end in range(number, number + minutes)}
        for end in sorted(touched):
            if (end + 1) * MINUTE > until or end in self.points:
                continue
            seen = [
                self.minutes[number] for number in range(end - minutes + 1, end + 1) if number in self.minutes
            ]
            whole = seen[0]
            if len(seen) > 1:
                whole = self._new_spread(self._exact)
                for each in seen:
                    whole.merge(each)
            value = self._statistic(end, whole)
            if value is not None:
                self.points[end] = value
        last = until // MINUTE - minutes
        self.minutes = {number: spread for number, spread in self.minutes.items() if number >= last}
        self._forget(until)

    def _forget(self, until: int) -> None:
        """Let go of datapoints that no evaluation will retrieve any more."""
        oldest = (
            until // MINUTE - self.alarm.range * (self.alarm.period // MINUTE) - self.alarm.every // MINUTE
        )
        for end in [end for end in self.points if end < oldest]:
            del self.points[end]

    def latest(self, now: int) -> list[Number | None]:
        """The evaluation range at an instant: oldest first, None where there are no data."""
        end, step = now // MINUTE - 1, self.alarm.period // MINUTE
        return [self.points.get(end - step * age) for age in reversed(range(self.alarm.range))]

    def judged(self, points: Sequence[Number | None]) -> list[int]:
        """Datapoints as the rule takes them."""
        breaches, bound = OPERATORS[self.alarm.op], self.alarm.bound
        return [
            NO_DATA if value is None else BREACH if breaches(value, bound) else WITHIN for value in points
        ]

    def shown(self, value: Number) -> str:
        """A value in the unit of the threshold."""
        nature = self.alarm.nature
        if nature == "share":
            return f"{float(value) * 100:.3g} %"
        if nature == "time" and self.alarm.statistic != "count":
            return f"{float(value) / NS_PER_MS:.6g} ms"
        return f"{float(value):.6g}"


class LevelSight(Sight):
    """What an alarm on concurrency or its utilization sees: a sample for each period of the run, its Average the mean over it."""

    def __init__(
        self, alarm: Alarm, plan: Plan, coding: Coding, gauges: Gauges, numbering: Numbering
    ) -> None:
        super().__init__(alarm, plan, coding)
        series = numbering.of_region[0]
        if alarm.kind is WatchedKind.FUNCTION:
            series = int(numbering.of_backend[alarm.target])
        elif alarm.kind is WatchedKind.PROVISIONED:
            series = int(numbering.of_provision[alarm.target])
        self._samples = gauges.wanted.setdefault((METRIC_BY_NAME[alarm.metric], series), {})
        self._next = 0

    def close(self, until: int | None) -> None:
        """Make the datapoints of the minutes that end by `until`."""
        if until is None:
            return
        span, period = self.alarm.period, self._plan.period
        for end in range(self._next, until // MINUTE):
            first, beyond = ((end + 1) * MINUTE - span) // period, (end + 1) * MINUTE // period
            seen = [self._samples[number] for number in range(first, beyond) if number in self._samples]
            if seen:
                self.points[end] = _of_samples(self.alarm.statistic, seen)
        self._next = max(self._next, until // MINUTE)
        self._forget(until)


class PlacesSight(Sight):
    """What an alarm on the busy share of a server's places sees; there is always one, also where nothing runs."""

    def __init__(self, alarm: Alarm, plan: Plan, coding: Coding, gauges: Gauges) -> None:
        super().__init__(alarm, plan, coding)
        self._busy = gauges.watched.setdefault((GaugeKind.BUSY, alarm.target), {})
        self._next = 0
        self.places = [(0, plan.backends[alarm.target].concurrency)]
        """Since when it has had how many, written by the control plane."""

    def close(self, until: int | None) -> None:
        """Make the datapoints of the minutes that end by `until`."""
        if until is None:
            return
        periods = MINUTE // self._plan.period
        for end in range(self._next, until // MINUTE):
            busy = sum(self._busy[end * periods + number] for number in range(periods)) / periods
            self.points[end] = busy / self._mean(end * MINUTE)
        self._next = max(self._next, until // MINUTE)
        self._forget(until)

    def _mean(self, begin: int) -> float:
        """How many places there were in a minute, on average."""
        ends = [*(at for at, _ in self.places[1:]), begin + MINUTE]
        spans = [
            count * max(min(until, begin + MINUTE) - max(since, begin), 0)
            for (since, count), until in zip(self.places, ends, strict=True)
        ]
        return sum(spans) / MINUTE


def _of_samples(statistic: str, seen: Sequence[tuple[float, float, float]]) -> Number:
    means, lows, peaks = zip(*seen, strict=True)
    if statistic == "count":
        return Fraction(len(seen))
    if statistic in ("avg", "sum"):
        total = float(sum(means))
        return total if statistic == "sum" else total / len(seen)
    return Fraction(min(lows) if statistic == "min" else max(peaks))


def _as_expectation(alarm: Alarm, plan: Plan) -> Expectation:
    """What the alarm's metric is, in the words of an expectation by the minute."""
    of_function = alarm.kind is WatchedKind.FUNCTION
    if of_function:
        who = plan.backends[alarm.target].name
    elif alarm.kind is WatchedKind.METHOD:
        who = plan.stages[plan.methods[alarm.target].stage].name
    else:
        who = plan.stages[alarm.target if alarm.kind in OF_STAGES else 0].name
    said: dict[str, Any] = {
        "text": alarm.text, "kind": "function" if of_function else "stage", "who": who, "stat": alarm.statistic,
        "metric": alarm.metric, "of_route": None, "op": alarm.op, "value": alarm.bound, "every_period": MINUTE,
        "m_of_n": None,
    }  # fmt: skip
    return Expectation.model_construct(**said)
