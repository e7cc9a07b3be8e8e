"""Application Auto Scaling as rows: scheduled actions as instants, and the two alarms of each target tracking policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

from apigw_sim import quotas, units
from apigw_sim.plan.pieces import into_day
from apigw_sim.plan.tables import NULL, Alarm, Provision, Scaling, ScalingAction, WatchedKind
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
    scenario: Scenario, provisions: tuple[Provision, ...], scalings: tuple[Scaling, ...]
) -> tuple[Alarm, ...]:
    """The alarms that Application Auto Scaling makes: above the target, and well below it."""
    made: list[Alarm] = []
    for row in scalings:
        if row.target == NULL:
            continue
        target = Fraction(row.target, WHOLE)
        low = target * quotas.count("lambda_scaling_low_percent") / 100
        of = row.provision, provisions[row.provision].name, scenario
        made += [
            _alarm(*of, "AlarmHigh", ">", target, quotas.count("lambda_scaling_high_datapoints")),
            _alarm(*of, "AlarmLow", "<", low, quotas.count("lambda_scaling_low_datapoints")),
        ]
    return tuple(made)


def _alarm(
    provision: int, name: str, scenario: Scenario, kind: str, op: str, bound: Fraction, n: int
) -> Alarm:
    metric, threshold = "ProvisionedConcurrencyUtilization", f"{op} {units.show_share(bound)}"
    function, _, qualifier = name.partition(":")
    return Alarm(
        name=f"TargetTracking-{name}-{kind}",
        where=scenario.where(("functions", function, "auto_scaling", qualifier)),
        text=f"{name} {metric} Average {threshold} for {n} of {n} x 1 min",
        kind=WatchedKind.PROVISIONED,
        target=provision,
        metric=metric,
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
