"""Expectations: `WHO STAT(METRIC) [of ROUTE] OP VALUE [in every PERIOD | in M of N PERIODS]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.api import Api, read_route
from apigw_sim.scenario.base import Bad, Leaf, Part, listed, propose, suggest
from apigw_sim.scenario.routes import Route

STAGE_METRICS: Mapping[str, str] = {
    "Count": "count",
    "4XXError": "errors",
    "5XXError": "errors",
    "CacheHitCount": "errors",
    "CacheMissCount": "errors",
    "Latency": "time",
    "IntegrationLatency": "time",
    "4xx": "errors",
    "5xx": "errors",
}
OF_HTTP: Mapping[str, str] = {"4xx": "4XXError", "5xx": "5XXError"}
"""What CloudWatch calls a metric of an HTTP API, and the same one of a REST API."""
FUNCTION_METRICS: Mapping[str, str] = {
    "Invocations": "count",
    "Errors": "errors",
    "Throttles": "errors",
    "Duration": "time",
    "ConcurrentExecutions": "count",
}
CLIENT_METRICS: Mapping[str, str] = {
    "calls": "count",
    "attempts": "count",
    "succeeded": "errors",
    "gave_up": "errors",
    "amplification": "number",
    "call_latency": "time",
    "executed_for_nobody": "count",
    "duplicate_executions": "count",
}
Kind = Literal["stage", "client", "function"]
Operator = Literal["<=", ">=", "==", "!=", "<", ">"]
KINDS: tuple[Kind, ...] = ("stage", "client", "function")
OPERATORS: tuple[Operator, ...] = ("<=", ">=", "==", "!=", "<", ">")

_SHAPE = re.compile(
    r"\s*(?P<who>(?:(?:client|function|stage)\s+)?[^\s()]+)"
    r"\s+(?P<stat>[A-Za-z0-9.]+)\s*\(\s*(?P<metric>[A-Za-z0-9_]+)\s*\)"
    r"(?:\s+of\s+(?P<route>[A-Z]+\s+\S+|\$default))?"
    r"\s*(?P<op><=|>=|==|!=|<|>)\s*(?P<value>.+?)"
    r"(?:\s+in\s+(?:every\s+(?P<every>.+?)|(?P<m>\d{1,6})\s+of\s+(?P<n>\d{1,6})(?:\s+periods?)?))?\s*"
)
_PERCENTILE = re.compile(r"p\d{1,2}(\.\d{1,3})?")
STATS = ("avg", "sum", "min", "max", "count")
FORM = "write WHO STAT(METRIC) OP VALUE, such as shop/prod p99(Latency) < 800 ms"


class Expectation(Part):
    """One expectation of the run after warm-up, or of its periods."""

    text: str = Field(description="as it is written")
    kind: Kind | None = Field(description="what `who` names")
    who: str = Field(description="a stage as api/stage, a client or a function")
    stat: str = Field(description="avg, sum, min, max, count, or a percentile such as p99 or p99.9")
    metric: str = Field(description="a metric of CloudWatch, or of a client")
    of_route: Route | None = Field(description="one route of the stage")
    op: Operator = Field(description="how the statistic is compared")
    value: Fraction = Field(description="the bound: nanoseconds for times, of 1 for shares, else a number")
    every_period: int | None = Field(description="it must hold in every period of this many nanoseconds")
    m_of_n: tuple[int, int] | None = Field(description="it must hold in m of any n periods of the run")


def metric_table(kind: str) -> Mapping[str, str]:
    """The metrics of a stage, client or function, each with the kind of its values."""
    return {"stage": STAGE_METRICS, "client": CLIENT_METRICS, "function": FUNCTION_METRICS}[kind]


def check_name(metric: str, api: Api) -> None:
    """Raise Bad where a type of API has no metric of that name, or none that can be asked for here."""
    of_http = api.is_http
    if api.is_websocket and metric != "IntegrationLatency":
        fix = (
            "write IntegrationLatency, or a metric of a client or a function; the others stand in metrics.csv"
        )
        raise Bad(f"{metric} of a WebSocket API cannot be asked for", fix)
    if of_http and metric.startswith("Cache"):
        raise Bad(f"an HTTP API has no cache, and so no {metric}", "leave it out")
    known = {value: key for key, value in OF_HTTP.items()} if of_http else OF_HTTP
    if metric in known:
        raise Bad(f"{api.article} has no metric {metric}", f"write {known[metric]}")


def read(value: object) -> Expectation:
    """Read an expectation; whom a bare name means is left to the cross references."""
    if isinstance(value, Expectation):
        return value
    found = _SHAPE.fullmatch(value) if isinstance(value, str) and len(value) <= 500 else None
    if not isinstance(value, str) or not found:
        raise Bad(f"{units.show(value)} is no expectation", FORM)
    first, _, second = found["who"].partition(" ")
    kind = next((each for each in KINDS if second.strip() and each == first), None)
    who = second.strip() or first
    if kind is None and "/" in who:
        kind = "stage"
    metric, stat = found["metric"], found["stat"]
    nature = _nature(kind, metric)
    _check_stat(stat, metric, nature)
    route = read_route(" ".join(found["route"].split())) if found["route"] else None
    if route and kind not in (None, "stage"):
        raise Bad(f"a {kind} has no routes", "leave `of ROUTE` out")
    m_of_n = (int(found["m"]), int(found["n"])) if found["m"] else None
    if m_of_n and not 1 <= m_of_n[0] <= m_of_n[1]:
        raise Bad(f"{m_of_n[0]} of {m_of_n[1]} periods cannot be", "write M of N with 1 <= M <= N")
    return Expectation(
        text=" ".join(value.split()),
        kind=kind,
        who=who,
        stat=stat,
        metric=metric,
        of_route=route,
        op=next(each for each in OPERATORS if each == found["op"]),
        value=bound(found["value"].strip(), stat, nature),
        every_period=_period(found["every"]),
        m_of_n=m_of_n,
    )


def _nature(kind: Kind | None, metric: str) -> str:
    tables = [metric_table(each) for each in ((kind,) if kind else KINDS)]
    for table in tables:
        if metric in table:
            return table[metric]
    known = [name for table in tables for name in table]
    raise Bad(f"unknown metric '{metric}'", propose(metric, known))


def _period(text: str | None) -> int | None:
    """The length of `in every PERIOD`; 0 stands for the run's own period."""
    if text is None:
        return None
    if text.strip().casefold() == "period":
        return 0
    length = units.duration(text)
    if length == 0:
        raise Bad("a period of 0 s", "write a longer one")
    return length


def _check_stat(stat: str, metric: str, nature: str) -> None:
    if stat in STATS:
        return
    if not _PERCENTILE.fullmatch(stat):
        near = suggest(stat, (*STATS, "p50", "p90", "p95", "p99", "p99.9"))
        raise Bad(
            f"unknown statistic '{stat}'",
            f"did you mean '{near}'?" if near else f"write {', '.join(STATS)}, or a percentile such as p99",
        )
    if nature != "time":
        raise Bad(f"{metric} has no percentiles", listed(STATS))


def bound(text: str, stat: str, nature: str) -> Fraction:
    """What a statistic is compared with: nanoseconds for times, of 1 for shares, else a number."""
    if nature == "time" and stat != "count":
        return Fraction(units.duration(text))
    if nature == "errors" and stat == "avg":
        return units.share(text)
    if not re.fullmatch(r"\d{1,30}(\.\d{1,30})?", text):
        raise Bad(f"'{text}' is no number", "write a plain number without a unit")
    return Fraction(text)


def _schema() -> dict[str, Any]:
    return {"type": "string", "description": FORM, "examples": ["api/stage sum(Count) >= 0"]}


ExpectationText = Annotated[
    Expectation,
    Leaf(
        read,
        lambda value: value.text,
        _schema,
    ),
]
