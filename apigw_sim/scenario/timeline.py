"""The timeline: one verb an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.api import Canary
from apigw_sim.scenario.base import Bad, Leaf, Part
from apigw_sim.scenario.deployments import ApiChange
from apigw_sim.scenario.quantities import Duration, Name, PositiveDuration, Words, quantity
from apigw_sim.scenario.shifts import Shift

_LATER = "belongs to a later version; leave it out"


@dataclass(frozen=True)
class Change:
    """One limit that changes: its path, the value as written, and the value read by the part it belongs to."""

    path: str
    keys: tuple[str | int, ...]
    written: Any
    value: Any = None


def _read_set(value: object) -> tuple[Change, ...]:
    if isinstance(value, tuple) and all(isinstance(item, Change) for item in value):
        return value
    if not isinstance(value, Mapping) or not value:
        raise Bad(
            f"{units.show(value)} is nothing to set",
            "write {PATH: VALUE}, such as {account.throttle.rate: 400/s}",
        )
    return tuple(Change(path=str(key), keys=(), written=item) for key, item in value.items())


Changes = Annotated[
    tuple[Change, ...],
    Leaf(
        _read_set,
        lambda value: {change.path: change.written for change in value},
        lambda: {"type": "object", "minProperties": 1},
    ),
]


def _read_outage(value: object) -> Literal[True]:
    if value is not True:
        raise Bad(f"{units.show(value)} is not true", "write true, or leave outage out")
    return True


class Fault(Part):
    """For a while, a function or a backend is slow, fails in part, or is down; it acts on work that starts then.

    Or a stage: API Gateway itself answers 503 to a share of the requests that arrive.
    """

    function: Name | None = Field(None, description="the function at fault")
    backend: Name | None = Field(None, description="the backend at fault")
    stage: Words | None = Field(None, description="the stage at fault, as api/stage")
    slow: Annotated[Fraction, quantity("number", above=0, note="write a number above 0")] | None = Field(
        None, description="times are multiplied by this"
    )
    errors: Annotated[Fraction, quantity("share")] | None = Field(
        None, description="this share of the work crashes (function) or answers 503 (backend)"
    )
    outage: Annotated[Literal[True], Leaf(_read_outage, bool, lambda: {"const": True})] | None = Field(
        None, description="all fail at once: 500 for a function, 504 for a backend"
    )
    gateway_unavailable: Annotated[Fraction, quantity("share")] | None = Field(
        None, description="of a stage: this share of the requests gets a 503 from API Gateway itself"
    )
    for_: PositiveDuration = Field(alias="for", description="how long it lasts", examples=["1 min"])

    @property
    def kind(self) -> Literal["slow", "errors", "outage", "gateway_unavailable"]:
        """Which of them it is."""
        if self.gateway_unavailable is not None:
            return "gateway_unavailable"
        if self.slow is not None:
            return "slow"
        return "errors" if self.errors is not None else "outage"

    @property
    def target(self) -> tuple[Literal["function", "backend", "stage"], str]:
        """What is at fault: its kind and its name."""
        if self.stage is not None:
            return ("stage", self.stage)
        return ("function", self.function) if self.function is not None else ("backend", self.backend or "")


VERBS = (
    "fault", "flush_cache", "flush_authorizers_cache", "set", "shift", "change", "deploy", "promote_canary", "remove_canary",
    "roll_back",
)  # fmt: skip
"""What an entry may do."""


class Entry(Part):
    """One thing that happens in mid-run: exactly one verb."""

    at: Duration = Field(description="when, from run.start", examples=["0 s"])
    fault: Fault | None = Field(None, description="something breaks for a while")
    flush_cache: Words | None = Field(None, description="a stage, as api/stage, whose cache is emptied")
    flush_authorizers_cache: Words | None = Field(
        None, description="a stage, as api/stage, whose authorizers' cached results are forgotten"
    )
    set: Changes | None = Field(None, description="settings that change at once, by path")
    change: ApiChange | None = Field(None, description="an API changes; nothing follows until it is deployed")
    deploy: Words | None = Field(
        None,
        description="a stage, as api/stage, that gets a new deployment; its canary gets it while it has one",
    )
    promote_canary: Words | None = Field(
        None,
        description="a stage that takes over its canary's deployment and variables; the canary stays, at 0 %",
    )
    remove_canary: Words | None = Field(None, description="a stage whose canary is taken away")
    roll_back: Words | None = Field(None, description="a stage that points to its earlier deployment again")
    to: (
        Annotated[int | Literal["canary", "stage"], quantity("count", 1, words=("canary", "stage"))] | None
    ) = Field(
        None,
        description="of deploy: canary or stage; of roll_back: the number of a deployment, the first is 1",
    )
    canary: Canary | None = Field(None, description="of deploy: the canary that it makes")
    shift: Shift | None = Field(None, description="an alias goes over to another version, step by step")

    @property
    def verb(self) -> str:
        """Which it is."""
        return next((verb for verb in VERBS if getattr(self, verb) is not None), "set")
