"""The timeline: one verb an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.base import Bad, Leaf, Part
from apigw_sim.scenario.quantities import Duration, Name, PositiveDuration, Words, quantity

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
    """For a while, a function or a backend is slow, fails in part, or is down; it acts on work that starts then."""

    function: Name | None = Field(None, description="the function at fault")
    backend: Name | None = Field(None, description="the backend at fault")
    slow: Annotated[Fraction, quantity("number", above=0, note="write a number above 0")] | None = Field(
        None, description="times are multiplied by this"
    )
    errors: Annotated[Fraction, quantity("share")] | None = Field(
        None, description="this share of the work crashes (function) or answers 503 (backend)"
    )
    outage: Annotated[Literal[True], Leaf(_read_outage, bool, lambda: {"const": True})] | None = Field(
        None, description="all fail at once: 500 for a function, 504 for a backend"
    )
    for_: PositiveDuration = Field(alias="for", description="how long it lasts", examples=["1 min"])

    @property
    def kind(self) -> Literal["slow", "errors", "outage"]:
        """Which of the three it is."""
        if self.slow is not None:
            return "slow"
        return "errors" if self.errors is not None else "outage"

    @property
    def target(self) -> tuple[Literal["function", "backend"], str]:
        """What is at fault: its kind and its name."""
        return ("function", self.function) if self.function is not None else ("backend", self.backend or "")


class Entry(Part):
    """One thing that happens in mid-run: exactly one of fault, flush_cache and set."""

    at: Duration = Field(description="when, from run.start", examples=["0 s"])
    fault: Fault | None = Field(None, description="something breaks for a while")
    flush_cache: Words | None = Field(None, description="a stage, as api/stage, whose cache is emptied")
    set: Changes | None = Field(None, description="settings that change at once, by path")

    later: ClassVar[Mapping[str, str]] = {
        "change": _LATER,
        "deploy": _LATER,
        "promote_canary": _LATER,
        "roll_back": _LATER,
        "to": _LATER,
        "flush_authorizers_cache": _LATER,
    }

    @property
    def verb(self) -> Literal["fault", "flush_cache", "set"]:
        """Which of the three it is."""
        if self.fault is not None:
            return "fault"
        return "flush_cache" if self.flush_cache is not None else "set"
