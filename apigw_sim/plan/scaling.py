"""Application Auto Scaling as rows: scheduled actions as instants, and the two alarms of each target tracking policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from apigw_sim import quotas, units
from apigw_sim.plan.pieces import into_day
from apigw_sim.plan.reading import Keys
from apigw_sim.plan.tables import (
    NULL,
    Alarm,
    Backend,
    BackendKind,
    Provision,
    Scaling,
    ScalingAction,
    WatchedKind,
)
from apigw_sim.rules import alarm as rule
from apigw_sim.rules.target_tracking import WHOLE
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.scaling import AutoScaling, ScheduledAction


def rows(
    scenario: Scenario, provisions: tuple[Provision, ...], duration: int, alarms: int
) -> tuple[Scaling, ...]:
    """The rows of plan.scalings; their alarms stand behind the first `alarms` of plan.alarms."""
    made: list[Scaling] = []
    for number, row in enumerate(provisions):
        name, _, qualifier = row.name.partition(":")
        said = scenario.functions[name].auto_scaling.get(qualifier)
        if said is None:
            continue
        policy = said.target_tracking
        made.append(
            Scaling(
                provision=number,
                minimum=said.minimum,
                maximum=said.maximum,
                actions=tuple(sorted(_actions(said, scenario.run.start, duration))),
                target=NULL if policy is None else int(policy.target * WHOLE),
                out_ns=0 if policy is None else policy.scale_out_cooldown,
                in_ns=0 if policy is None else policy.scale_in_cooldown,
                high=NULL if policy is None else alarms,
                low=NULL if policy is None else alarms + 1,
            )
        )
        alarms += 2 * (policy is not None)
    return tuple(made)


def servers(scenario: Scenario, backends: tuple[Backend, ...], alarms: int) -> tuple[Scaling, ...]:
    """The rows of HTTP servers; their alarms stand behind the first `alarms` of plan.alarms."""
    made: list[Scaling] = []
    for number, row in enumerate(backends):
        if row.kind is not BackendKind.HTTP:
            continue
        server = scenario.backends[row.name].http
        if server is None or (said := server.auto_scaling) is None:
            continue
        made.append(
            Scaling(
                provision=NULL, minimum=said.minimum, maximum=said.maximum, actions=(), target=int(said.target * WHOLE),
                out_ns=said.scale_out_cooldown, in_ns=said.scale_in_cooldown, high=alarms, low=alarms + 1,
                backend=number, boot_ns=said.boot_time,
            )
        )  # fmt: skip
        alarms += 2
    return tuple(made)


def _actions(said: AutoScaling, start: datetime, duration: int) -> Iterator[ScalingAction]:
    for action in said.schedules:
        for at in _instants(action, start, duration):
            yield ScalingAction(at, action.minimum, action.maximum)


def _instants(action: ScheduledAction, start: datetime, duration: int) -> Iterator[int]:
    if action.daily is None:
        yield from () if action.at is None else (action.at,)
        return
    first = (action.daily - into_day(start)) % units.DAY
    yield from range(first, duration, units.DAY)


def alarms(
    scenario: Scenario,
    provisions: tuple[Provision, ...],
    backends: tuple[Backend, ...],
    scalings: tuple[Scaling, ...],
) -> tuple[Alarm, ...]:
    """The alarms that Application Auto Scaling makes: above the target, and well below it."""
    made: list[Alarm] = []
    for row in scalings:
        if row.target == NULL:
            continue
        target = Fraction(row.target, WHOLE)
        low = target * quotas.count("lambda_scaling_low_percent") / 100
        if row.backend != NULL:
            name = backends[row.backend].name
            of: Keys = ("backends", name, "http", "auto_scaling")
            watched = _Watched(name, of, WatchedKind.PLACES, row.backend, "BusyShare")
        else:
            name = provisions[row.provision].name
            function, _, qualifier = name.partition(":")
            of = ("functions", function, "auto_scaling", qualifier)
            metric = "ProvisionedConcurrencyUtilization"
            watched = _Watched(name, of, WatchedKind.PROVISIONED, row.provision, metric)
        made += [
            _alarm(
                scenario, watched, "AlarmHigh", ">", target, quotas.count("lambda_scaling_high_datapoints")
            ),
            _alarm(scenario, watched, "AlarmLow", "<", low, quotas.count("lambda_scaling_low_datapoints")),
        ]
    return tuple(made)


class _Watched(NamedTuple):
    """What an alarm of Auto Scaling watches."""

    name: str
    path: Keys
    kind: WatchedKind
    target: int
    metric: str


def _alarm(scenario: Scenario, of: _Watched, kind: str, op: str, bound: Fraction, n: int) -> Alarm:
    threshold = f"{op} {units.show_share(bound)}"
    return Alarm(
        name=f"TargetTracking-{of.name}-{kind}",
        where=scenario.where(of.path),
        text=f"{of.name} {of.metric} Average {threshold} for {n} of {n} x 1 min",
        kind=of.kind,
        target=of.target,
        metric=of.metric,
        statistic="avg",
        op=op,
        bound=bound,
        threshold=threshold,
        nature="share",
        period=units.MINUTE,
        m=n,
        n=n,
        range=n + scenario.assumptions.alarm_extra_datapoints,
        every=units.MINUTE,
        treated_as=rule.MISSING,
    )
