"""CloudWatch alarms: what they watch, when they ring, and AWS's recommended ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.api import read_route
from apigw_sim.scenario.base import Bad, Leaf, Part, dump, listed, nested, propose, suggest
from apigw_sim.scenario.expect import FUNCTION_METRICS, STAGE_METRICS, bound
from apigw_sim.scenario.quantities import Words, one_of, quantity, read_name
from apigw_sim.scenario.routes import Route

if TYPE_CHECKING:
    from apigw_sim.scenario.model import Scenario

RECOMMENDED: Literal["recommended"] = "recommended"
ACCOUNT = "account"
LONGEST = 7 * units.DAY
ACCOUNT_METRICS: Mapping[str, str] = {
    "ConcurrentExecutions": "count",
    "UnreservedConcurrentExecutions": "count",
    "ClaimedAccountConcurrency": "count",
}
NATURES: Mapping[str, str] = {**ACCOUNT_METRICS, **STAGE_METRICS, **FUNCTION_METRICS}
STATISTICS: Mapping[str, str] = {
    "Average": "avg", "Sum": "sum", "Minimum": "min", "Maximum": "max", "SampleCount": "count",
}  # fmt: skip
"""CloudWatch's words for what expectations say."""
_PERCENTILE = re.compile(r"p\d{1,2}(\.\d{1,3})?")
_METRIC = re.compile(
    r"\s*(?P<who>\S+)(?:\s+(?P<route>[A-Z]+\s+/\S*|\$default))?\s+(?P<metric>[A-Za-z0-9]+)\s*"
)
_THRESHOLD = re.compile(r"\s*(?P<op><=|>=|<|>)\s*(?P<value>.+?)\s*")
_M_OF_N = re.compile(r"\s*(\d{1,4})\s+(?:out\s+)?of\s+(\d{1,4})\s*")


class Watched(NamedTuple):
    """A metric and whose: an API, a stage, a method of a stage, a function, or the account."""

    who: str
    route: Route | None
    metric: str

    def __str__(self) -> str:
        return " ".join([self.who, *([str(self.route)] if self.route else []), self.metric])

    @property
    def kind(self) -> Literal["account", "function", "stage", "api"]:
        """Whose metric it is; a gateway's metric without a stage is the API's."""
        if self.who == ACCOUNT and self.metric in ACCOUNT_METRICS:
            return "account"
        if self.metric in FUNCTION_METRICS:
            return "function"
        return "stage" if "/" in self.who else "api"

    @property
    def nature(self) -> str:
        """The kind of its values: count, errors or time."""
        return NATURES[self.metric]


def _read_metric(value: object) -> Watched:
    if isinstance(value, Watched):
        return value
    fix = "write WHO METRIC, such as shop/prod 5XXError, checkout Throttles or account ClaimedAccountConcurrency"
    found = _METRIC.fullmatch(value) if isinstance(value, str) and len(value) < 500 else None
    if found is None:
        raise Bad(f"{units.show(value)} is no metric", fix)
    who, metric = found["who"], found["metric"]
    known = list(NATURES)
    if metric not in known:
        raise Bad(f"unknown metric '{metric}'", propose(metric, known))
    route = read_route(" ".join(found["route"].split())) if found["route"] else None
    made = Watched(who, route, metric)
    if metric in ACCOUNT_METRICS and metric not in FUNCTION_METRICS and who != ACCOUNT:
        raise Bad(f"{metric} is the account's", f"write account {metric}")
    if route and made.kind != "stage":
        raise Bad("a route is of a stage", "write api/stage METHOD /path METRIC")
    return made


def _read_statistic(value: object) -> str:
    if isinstance(value, str) and (value in STATISTICS or _PERCENTILE.fullmatch(value)):
        return str(value)
    near = suggest(value, (*STATISTICS, "p50", "p90", "p95", "p99", "p99.9"))
    fix = f"did you mean '{near}'?" if near else f"{listed(STATISTICS)}, or a percentile such as p90"
    raise Bad(f"{units.show(value)} is no statistic", fix)


class Threshold(NamedTuple):
    """How a datapoint is compared, and with what, as it is written: its unit is that of the metric."""

    op: str
    text: str

    def __str__(self) -> str:
        return f"{self.op} {self.text}"


def _read_threshold(value: object) -> Threshold:
    if isinstance(value, Threshold):
        return value
    found = _THRESHOLD.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Bad(
            f"{units.show(value)} is no threshold", "write '> 5 %', '>= 1', '< 100' or '<= 500 ms', in quotes"
        )
    return Threshold(found["op"], " ".join(found["value"].split()))


def _read_m_of_n(value: object) -> tuple[int, int]:
    fix = "write M of N, such as 3 of 5"
    if isinstance(value, tuple) and len(value) == 2:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value} of {value}"
    found = _M_OF_N.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Bad(f"{units.show(value)} is no number of datapoints", fix)
    m, n = int(found[1]), int(found[2])
    if not 1 <= m <= n:
        raise Bad(f"{m} of {n} datapoints cannot be", "write M of N with 1 <= M <= N")
    return m, n


def _text(example: str, words: str) -> dict[str, Any]:
    return {"type": "string", "description": words, "examples": [example]}


class Alarm(Part):
    """An alarm on one metric: it rings when M of the last N datapoints breach the threshold."""

    metric: Annotated[
        Watched, Leaf(_read_metric, str, lambda: _text("api/stage 5XXError", "whose, and the metric"))
    ] = Field(
        description="API, api/stage, api/stage METHOD /path, function or account, and the metric",
        examples=["api/stage 5XXError"],
    )
    statistic: Annotated[
        str, Leaf(_read_statistic, str, lambda: _text("Average", "a statistic of CloudWatch"))
    ] = Field(
        description="Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p90",
        examples=["Average"],
    )
    threshold: Annotated[
        Threshold, Leaf(_read_threshold, str, lambda: _text("> 5 %", "when a datapoint breaches"))
    ] = Field(description="when a datapoint breaches: >, >=, < or <= and a value", examples=["> 5 %"])
    period: Annotated[
        int,
        quantity(
            "duration", units.MINUTE, units.DAY, step=units.MINUTE,
            note="API Gateway and Lambda send their metrics each minute: write a multiple of 1 min, 1 d at most",
        ),
    ] = Field(units.MINUTE, description="what one datapoint spans")  # fmt: skip
    datapoints: Annotated[
        tuple[int, int],
        Leaf(
            _read_m_of_n,
            lambda value: f"{value[0]} of {value[1]}",
            lambda: {"type": ["string", "integer"], "examples": ["3 of 5"]},
        ),
    ] = Field((1, 1), description="M of N: how many of the last N datapoints must breach")
    missing: Annotated[
        Literal["missing", "ignore", "breaching", "notBreaching"],
        one_of("missing", "ignore", "breaching", "notBreaching", noun="treatment of missing data"),
    ] = Field("missing", description="what a datapoint without data is treated as")

    def bound(self) -> Fraction:
        """The threshold's value: nanoseconds for times, of 1 for shares, else a number."""
        return bound(self.threshold.text, STATISTICS.get(self.statistic, self.statistic), self.metric.nature)

    @property
    def text(self) -> str:
        """The alarm in one line."""
        m, n = self.datapoints
        return f"{self.metric} {self.statistic} {self.threshold} for {m} of {n} x {units.show_duration(self.period)}"


class Recommended(Part):
    """AWS's recommended alarms, with the two thresholds that depend on the workload."""

    of: tuple[Words, ...] = Field((), description="stages, functions and account; default: all there are")
    least_requests: Annotated[int, quantity("count", 1)] | None = Field(
        None, description="requests a minute that each stage always has: an alarm on fewer"
    )
    longest_duration: Annotated[int, quantity("duration", above=0)] | None = Field(
        None, description="of a function, at p90: an alarm on longer"
    )


@dataclass(frozen=True)
class Alarms:
    """All alarms of a scenario: its own, and which recommended ones."""

    own: Mapping[str, Alarm] = field(default_factory=dict)
    recommended: Recommended | None = None


def _read_recommended(value: object) -> Recommended:
    if isinstance(value, str):
        return Recommended(of=() if value == "all" else (value,))
    if isinstance(value, list | tuple):
        return nested(Recommended, {"of": value}, RECOMMENDED)
    if not isinstance(value, Mapping):
        raise Bad(
            f"{units.show(value)} names nothing", "write all, a stage, a function or a list", (RECOMMENDED,)
        )
    return nested(Recommended, value, RECOMMENDED)


def _read(value: object) -> Alarms:
    if isinstance(value, Alarms):
        return value
    if value == RECOMMENDED:
        return Alarms(recommended=Recommended())
    if not isinstance(value, Mapping):
        raise Bad(
            f"{units.show(value)} names no alarms",
            "write recommended, or NAME: {metric: ..., threshold: ...}",
        )
    own: dict[str, Alarm] = {}
    recommended = None
    for name, body in value.items():
        if name == RECOMMENDED:
            recommended = _read_recommended(body)
            continue
        try:
            read_name(name)
        except Bad as error:
            raise Bad(error.items[0][1], error.items[0][2], (str(name),)) from None
        own[str(name)] = nested(Alarm, body, str(name))
    return Alarms(own, recommended)


def _show(value: Alarms) -> Any:
    made: dict[str, Any] = {name: dump(alarm) for name, alarm in value.own.items()}
    return made | ({RECOMMENDED: dump(value.recommended)} if value.recommended else {})


def _schema() -> dict[str, Any]:
    return {"anyOf": [{"const": RECOMMENDED}]}


@dataclass(frozen=True, slots=True)
class _AlarmsLeaf(Leaf):
    """By name, and AWS's own under one word."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        def of(model: type[Part]) -> dict[str, Any]:
            return model.__get_pydantic_json_schema__(model.__pydantic_core_schema__, handler)

        words = {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, of(Recommended)]
        }
        table = {"type": "object", "properties": {RECOMMENDED: words}, "additionalProperties": of(Alarm)}
        return {"anyOf": [{"const": RECOMMENDED}, table]}


AlarmTable = Annotated[Alarms, _AlarmsLeaf(_read, _show, _schema)]


# AWS's recommended alarms (CW:best-practice-recommended-alarms-aws-services; facts 3.1)


def every_alarm(scenario: Scenario) -> dict[str, Alarm]:
    """All alarms by name: the scenario's own, and of the recommended those whose names are not taken."""
    made = dict(scenario.alarms.own)
    said = scenario.alarms.recommended
    if said is not None:
        for name in said.of or (
            *scenario.stages,
            *scenario.functions,
            *([ACCOUNT] if scenario.functions else []),
        ):
            for alarm in recommended(scenario, name, said):
                made.setdefault(f"{name.replace('/', '-')}-{alarm.metric.metric}", alarm)
    return made


def recommended(scenario: Scenario, name: str, said: Recommended) -> list[Alarm]:
    """What AWS recommends for a stage, a function or the account."""
    most = f"> {scenario.account.lambda_concurrency * 9 // 10}"

    def alarm(metric: str, statistic: str, threshold: str, n: int) -> Alarm:
        body = {"metric": f"{name} {metric}", "statistic": statistic, "threshold": threshold, "datapoints": n}
        return Alarm.model_validate(body)

    if name == ACCOUNT:
        return [alarm("ClaimedAccountConcurrency", "Maximum", most, 10)]
    if "/" in name:
        clients, servers = ("4xx", "5xx") if scenario.stage(name)[0].is_http else ("4XXError", "5XXError")
        made = [
            alarm(clients, "Average", "> 5 %", 5), alarm(servers, "Average", "> 5 %", 3),
            alarm("Latency", "p90", ">= 2500 ms", 5),
        ]  # fmt: skip
        if said.least_requests:
            made.append(alarm("Count", "SampleCount", f"< {said.least_requests}", 10))
        return made
    made = [
        alarm("Errors", "Sum", "> 1", 3), alarm("Throttles", "Sum", ">= 1", 5),
        alarm("ConcurrentExecutions", "Maximum", most, 10),
    ]  # fmt: skip
    if said.longest_duration:
        made.append(alarm("Duration", "p90", f"> {units.show_duration(said.longest_duration)}", 15))
    return made
