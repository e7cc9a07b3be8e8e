"""Arrivals: a process times a rate, or a trace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.base import Bad, Leaf, Part, choose, dump, nested, nested_list, one_key, suggest
from apigw_sim.scenario.processes import BatchOf, FlashCrowd, ProcessOf, ProfileOf
from apigw_sim.scenario.quantities import (
    Duration,
    FileName,
    PositiveDuration,
    Rate,
    Words,
    one_of,
    quantity,
    quantity_schema,
    show,
)

TraceKind = Literal["cloudwatch", "access_log", "instants", "azure_2019", "azure_2021"]
TRACES: tuple[TraceKind, ...] = ("cloudwatch", "access_log", "instants", "azure_2019", "azure_2021")
PLACEMENTS = ("poisson", "even", "start")


class Step(Part):
    """From an instant on, a rate."""

    from_: Duration = Field(alias="from", description="when it begins, from run.start", examples=["0 s"])
    rate: Rate = Field(description="the rate from then on", examples=["1/s"])
    ramp: Duration = Field(
        0, description="how long the change from the rate before takes, beginning at `from`"
    )


def _read_rate(value: object) -> tuple[Step, ...]:
    fix = "write a rate such as 50/s, or a list such as [{from: 0 s, rate: 50/s}]"
    if isinstance(value, list | tuple):
        if not value:
            raise Bad("there are no steps", fix)
        return nested_list(Step, value)
    if isinstance(value, Mapping):
        raise Bad("a mapping is no rate", fix)
    return (Step.model_construct(from_=0, rate=units.rate(value), ramp=0),)


def _show_rate(steps: tuple[Step, ...]) -> Any:
    if len(steps) == 1 and steps[0].from_ == 0 and steps[0].ramp == 0:
        return show("rate", steps[0].rate)
    return [dump(step) for step in steps]


RateProfile = Annotated[
    tuple[Step, ...], Leaf(_read_rate, _show_rate, lambda: quantity_schema("rate"), lists=(Step,))
]


class Bursty(Part):
    """Within a trace's period, bursts."""

    peak_to_mean: Annotated[Fraction, quantity("number", 1, note="write 1 or more")] = Field(
        description="the rate within a burst divided by the period's mean rate", examples=[4]
    )
    over: PositiveDuration = Field(description="how long a burst lasts", examples=["10 s"])


def _read_placement(value: object) -> Literal["poisson", "even", "start"] | Bursty:
    if isinstance(value, Mapping):
        _, inner = one_key(value, ("bursty",), "write {bursty: {peak_to_mean: 4, over: 10 s}}")
        return nested(Bursty, inner, "bursty")
    if value not in PLACEMENTS and not suggest(value, PLACEMENTS):
        fix = "write poisson, even, start, or {bursty: {peak_to_mean: 4, over: 10 s}}"
        raise Bad(f"{units.show(value)} is no placement", fix)
    match choose(value, PLACEMENTS, "placement"):
        case "even":
            return "even"
        case "start":
            return "start"
    return "poisson"


Placement = Annotated[
    Literal["poisson", "even", "start"] | Bursty,
    Leaf(
        _read_placement,
        lambda value: {"bursty": dump(value)} if isinstance(value, Bursty) else value,
        lambda: {"enum": list(PLACEMENTS)},
        keyed=(("bursty", Bursty),),
    ),
]


def _read_edge(value: object) -> datetime | int:
    if isinstance(value, str) and "-" not in value.lstrip()[1:]:
        return units.duration(value)
    return units.instant_or_utc(value)


Edge = Annotated[
    datetime | int,
    Leaf(
        _read_edge,
        lambda value: units.show_duration(value) if isinstance(value, int) else value.isoformat(),
        lambda: {
            "type": "string",
            "description": "an instant (UTC without an offset), or a duration from the start",
        },
    ),
]


class Window(Part):
    """The part of a trace that is used, from the first instant up to but not including the second."""

    from_: Edge | None = Field(None, alias="from", description="its first instant; it falls on time 0")
    to: Edge | None = Field(None, description="the instant it ends before")


class Columns(Part):
    """The names of a CSV's columns."""

    timestamp: Words = Field("timestamp", description="the column of the instants")
    value: Words = Field("value", description="the column of the counts")


class LogFields(Part):
    """The names of the fields of an access log in JSON lines."""

    time: Words = Field(description="the field of the instant", examples=["requestTime"])
    method: Words = Field(description="the field of the HTTP method", examples=["httpMethod"])
    path: Words = Field(description="the field of the path", examples=["path"])
    query: Words | None = Field(None, description="the field of the query string, where the path has none")
    size: Words | None = Field(None, description="the field of the request body's bytes")


class Trace(Part):
    """Real traffic: exactly one of cloudwatch, access_log, instants, azure_2019 and azure_2021."""

    cloudwatch: FileName | None = Field(
        None, description="counts by period: a CSV, or the JSON of GetMetricData"
    )
    access_log: FileName | None = Field(None, description="an access log, one request a line")
    instants: FileName | None = Field(None, description="a CSV of arrival times")
    azure_2019: FileName | None = Field(
        None, description="a day of the Azure Functions trace of 2019: a function's invocations by the minute"
    )
    azure_2021: FileName | None = Field(
        None, description="the Azure Functions trace of 2021: the end and the duration of each invocation"
    )
    function: Words | None = Field(
        None, description="of an Azure trace: one function, by its hash or enough of its beginning"
    )
    app: Words | None = Field(None, description="of an Azure trace: the functions of one app, likewise")
    top: Annotated[int, quantity("count", 1)] | None = Field(
        None, description="of an Azure trace: so many functions, the busiest; default: all"
    )
    format: Annotated[Literal["combined", "json"], one_of("combined", "json", noun="format")] | None = Field(
        None, description="of an access log: combined (the default), or json, one object a line"
    )
    fields: LogFields | None = Field(None, description="of an access log in JSON: the names of its fields")
    columns: Columns = Field(Columns(), description="of a CSV: the names of its columns")
    id: Words | None = Field(
        None, description="of a GetMetricData file: which result, where there are several"
    )
    scale: Annotated[Fraction, quantity("number", above=0, note="write a number above 0")] = Field(
        Fraction(1), description="counts are multiplied by this"
    )
    speed: Annotated[Fraction, quantity("number", above=0, note="write a number above 0")] = Field(
        Fraction(1), description="time is divided by this"
    )
    window: Window = Field(Window(), description="the part of the trace that is used")
    within_period: Placement = Field("poisson", description="how a period's requests are placed within it")

    @property
    def kind(self) -> TraceKind:
        """Which of them it is."""
        return next(kind for kind in TRACES if getattr(self, kind) is not None)

    @property
    def file(self) -> Any:
        """The file it reads."""
        return getattr(self, self.kind)


class Stream(Part):
    """Random arrivals: a process times a rate."""

    process: ProcessOf | None = Field(
        None, description="how random: even, poisson, {renewal: ...} or {mmpp: ...}"
    )
    rate: RateProfile | None = Field(None, description="how much: a rate, or steps with ramps")
    profile: ProfileOf | None = Field(
        None,
        description="what the rate is multiplied by in the course of a day or a week, in run.start's offset",
    )
    flash_crowds: tuple[FlashCrowd, ...] = Field((), description="multiples of the rate for a while")
    batch: BatchOf | None = Field(None, description="how many calls start at once; default: one")


class Arrivals(Stream):
    """When calls start: process and rate, or a trace, or several of the former superposed."""

    trace: Trace | None = Field(None, description="real traffic, instead of process and rate")
    superposition: tuple[Stream, ...] = Field(
        (),
        description="several processes with their rates, instead of one: all their calls are this client's",
    )

    later: ClassVar[Mapping[str, str]] = {
        "users": "is not of arrivals; write it in their place, beside calls:",
    }

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The processes: itself, or those that are superposed."""
        return self.superposition or (self,)
