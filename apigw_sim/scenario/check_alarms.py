"""Cross references of alarms: what they watch, their thresholds, and whether the run can evaluate them."""

from __future__ import annotations

from apigw_sim import units
from apigw_sim.scenario.alarms import ACCOUNT, LONGEST, RECOMMENDED, STATISTICS, Alarm
from apigw_sim.scenario.base import Bad, propose
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.expect import check_name
from apigw_sim.scenario.tree import Keys


def check_alarms(report: Report) -> None:
    """Every alarm."""
    alarms = report.scenario.alarms
    for name, alarm in alarms.own.items():
        _check(report, ("alarms", name), alarm)
    if alarms.recommended is not None:
        for number, who in enumerate(alarms.recommended.of):
            keys: Keys = ("alarms", RECOMMENDED, "of", number)
            if who != ACCOUNT and "/" in who:
                report.stage(keys, who)
            elif who != ACCOUNT:
                report.refer(keys, who, ("functions",), report.scenario.functions, "function")
    if alarms.own or alarms.recommended is not None:
        check_period(report)


def check_period(report: Report) -> None:
    """The run's periods make up the minutes that alarms evaluate."""
    period = report.scenario.run.period
    if units.MINUTE % period:
        what = f"alarms are evaluated each minute, and {units.show_duration(period)} are no part of one"
        report.say(("run", "period"), what, "write 1 min, or a part of it such as 10 s")


def _check(report: Report, keys: Keys, alarm: Alarm) -> None:
    metric, scenario, here = alarm.metric, report.scenario, (*keys, "metric")
    if metric.kind == "stage":
        if report.stage(here, metric.who) and metric.route is not None:
            report.route(here, metric.who.partition("/")[0], metric.route)
    elif metric.kind == "api":
        near = [name for name in scenario.stages if name.partition("/")[0] == metric.who]
        if metric.who not in scenario.apis and not near:
            fix = propose(metric.who, [*scenario.stages, *scenario.apis])
            report.say(here, f"there is no API or stage '{metric.who}'", fix, ("apis",))
    api = metric.who.partition("/")[0]
    if metric.kind in ("stage", "api") and api in scenario.apis:
        try:
            check_name(metric.metric, scenario.apis[api])
        except Bad as error:
            report.say(here, error.items[0][1], error.items[0][2], ("apis", api, "type"))
    if metric.kind == "function":
        report.refer(here, metric.who, ("functions",), scenario.functions, "function")
    if alarm.statistic not in STATISTICS and metric.nature != "time":
        report.say(
            (*keys, "statistic"), f"{metric.metric} has no percentiles", "write Average, Sum or Maximum"
        )
        return
    try:
        alarm.bound()
    except Bad as error:
        report.say((*keys, "threshold"), error.items[0][1], error.items[0][2])
    except units.UnitError as error:
        report.say((*keys, "threshold"), error.what, error.fix)
    n = alarm.datapoints[1]
    if n * alarm.period > LONGEST:
        what = (
            f"{n} periods of {units.show_duration(alarm.period)} are longer than the 7 d that AWS looks back"
        )
        report.say((*keys, "datapoints"), what, "write fewer, or a shorter period", (*keys, "period"))
