"""CloudWatch alarms at work: they read closed periods, change their state, and tell who listens."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import simpy

from apigw_sim.control.journal import journal
from apigw_sim.metrics.alarmed import Change
from apigw_sim.metrics.watch import Number
from apigw_sim.plan.tables import Plan
from apigw_sim.records import AlarmState, Sink
from apigw_sim.rules import alarm as rule

if TYPE_CHECKING:
    from apigw_sim.metrics import Metrics
    from apigw_sim.metrics.alarmed import Sight

SHOWN = 5
"""Datapoints that a reason lists."""


Listener = Callable[[Change], None]
Action = Callable[[Number], None]
"""An action of Auto Scaling: it is given the newest datapoint."""


class Alarms:
    """All alarms of a plan: one SimPy process that evaluates each when it is due, in the order they are written."""

    def __init__(self, clock: simpy.Environment, plan: Plan, metrics: Metrics, sink: Sink | None) -> None:
        """Without a sink nobody folds rows into metrics, and there is nothing to evaluate."""
        self.clock = clock
        self.sink = sink
        self.sights = metrics.sights if sink is not None else []
        self.delay = plan.alarm_delay + metrics.lateness
        self.until = plan.duration + self.delay + 1 if self.sights else 0
        """The run goes on to here, so that its last period is evaluated."""
        self.pending = 0
        """How many of the clock's events are the alarms' own."""
        self._listeners: list[tuple[str | None, Listener]] = []
        self._actions: dict[int, Action] = {}
        """By row of plan.alarms: what is done each minute while it rings."""
        if self.sights:
            self.pending = 1
            clock.process(self._act())

    def on_alarm(self, listener: Listener, name: str | None = None) -> None:
        """Call `listener` at each change of state of an alarm, or of all of them, at its instant."""
        known = [sight.alarm.name for sight in self.sights]
        if name is not None and name not in known:
            raise ValueError(f"there is no alarm '{name}' among {', '.join(known) or 'none'}")
        self._listeners.append((name, listener))

    def while_it_rings(self, alarm: int, action: Action) -> None:
        """Take an action of Auto Scaling at each evaluation that finds an alarm (its row) ringing."""
        self._actions[alarm] = action

    def _act(self) -> Generator[simpy.Event, Any, None]:
        step = min(sight.alarm.every for sight in self.sights)
        end = 0
        while True:
            end += step
            yield self.clock.timeout(end + self.delay - int(self.clock.now))
            for number, sight in enumerate(self.sights):
                if end % sight.alarm.every == 0:
                    self._evaluate(number, sight, end)

    def _evaluate(self, number: int, sight: Sight, end: int) -> None:
        """Judge the datapoints of the windows up to `end`."""
        alarm, before = sight.alarm, sight.history[-1].after
        points = sight.latest(end)
        judged = sight.judged(points)
        after = AlarmState(rule.state(judged, alarm.m, alarm.n, alarm.treated_as, int(before)))
        if after is not before:
            change = Change(alarm.name, int(self.clock.now), before, after, reason(sight, points, judged))
            sight.history.append(change)
            self._tell(number, change)
        if after is AlarmState.ALARM and number in self._actions:
            self._actions[number](next(value for value in reversed(points) if value is not None))

    def _tell(self, number: int, change: Change) -> None:
        assert self.sink is not None
        self.sink(journal(change.at, alarm=number, state=int(change.after)))
        for name, listener in self._listeners:
            if name in (None, change.alarm):
                listener(change)


def reason(sight: Sight, points: list[Number | None], judged: list[int]) -> str:
    """Why: the real datapoints that counted, the newest first, and how many of them breached."""
    alarm = sight.alarm
    real = [(value, point) for value, point in zip(points, judged, strict=True) if value is not None][
        -alarm.n :
    ]
    if not real:
        return f"no data in {len(points)} datapoints"
    breaching = sum(point == rule.BREACH for _, point in real)
    shown = ", ".join(sight.shown(value) for value, _ in reversed(real[-SHOWN:]))
    more = ", ..." if len(real) > SHOWN else ""
    missing = f", {alarm.n - len(real)} missing" if len(real) < alarm.n else ""
    return f"{breaching} of the last {alarm.n} datapoints {alarm.threshold}{missing} (newest first: {shown}{more})"
