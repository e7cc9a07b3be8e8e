"""Alarms as rows: what each watches, by numbers of the plan, and what it is compared with."""

from __future__ import annotations

from apigw_sim import units
from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.reading import Reading
from apigw_sim.plan.tables import NULL, Alarm, WatchedKind
from apigw_sim.rules import alarm as rule
from apigw_sim.scenario.alarms import STATISTICS, every_alarm
from apigw_sim.scenario.alarms import Alarm as Said
from apigw_sim.scenario.expect import OF_HTTP

TREATED = {
    "missing": rule.MISSING, "ignore": rule.IGNORE, "breaching": rule.BREACHING, "notBreaching": rule.NOT_BREACHING,
}  # fmt: skip


def rows(reading: Reading, gateway: Gateway, backends: dict[str, int]) -> tuple[Alarm, ...]:
    """The rows of plan.alarms; `backends` gives the row of functions.NAME."""
    return tuple(
        _row(reading, gateway, backends, name, said) for name, said in every_alarm(reading.scenario).items()
    )


def _row(reading: Reading, gateway: Gateway, backends: dict[str, int], name: str, said: Said) -> Alarm:
    metric, scenario = said.metric, reading.scenario
    m, n = said.datapoints
    kind, target = WatchedKind[metric.kind.upper()], NULL
    stages = [
        number
        for number, stage in enumerate(gateway.stages)
        if metric.who in (stage, stage.partition("/")[0])
    ]
    if metric.route is not None:
        kind, target = WatchedKind.METHOD, gateway.row(metric.who, metric.route)
    elif kind is WatchedKind.FUNCTION:
        target = backends[f"functions.{metric.who}"]
    elif stages:
        target = stages[0]
    long = n * said.period > units.DAY
    return Alarm(
        name=name,
        where=scenario.where(("alarms", name)),
        text=said.text,
        kind=kind,
        target=target,
        metric=OF_HTTP.get(metric.metric, metric.metric),
        statistic=STATISTICS.get(said.statistic, said.statistic),
        op=said.threshold.op,
        bound=said.bound(),
        threshold=str(said.threshold),
        nature="share" if metric.nature == "errors" and said.statistic == "Average" else metric.nature,
        period=said.period,
        m=m,
        n=n,
        range=n + scenario.assumptions.alarm_extra_datapoints,
        every=units.HOUR if long else units.MINUTE,
        treated_as=TREATED[said.missing],
    )
