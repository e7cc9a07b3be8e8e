"""The timeline: one verb an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.api import Canary
from apigw_sim.scenario.base import Bad, Leaf, Part
from apigw_sim.scenario.deployments import ApiChange
from apigw_sim.scenario.faults import Fault
from apigw_sim.scenario.quantities import Duration, PositiveDuration, Share, Words, quantity
from apigw_sim.scenario.shifts import Shift


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


VERBS = (
    "fault", "flush_cache", "flush_authorizers_cache", "set", "shift", "change", "deploy", "promote_canary", "remove_canary",
    "roll_back", "disconnect",
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
    disconnect: Words | None = Field(
        None,
        description="a stage of a WebSocket API, as api/stage, whose connections are lost, or a share of them",
    )
    share: Share | None = Field(None, description="of disconnect: the share that is lost; default: all")
    to: (
        Annotated[int | Literal["canary", "stage"], quantity("count", 1, words=("canary", "stage"))] | None
    ) = Field(
        None,
        description="of deploy: canary or stage; of roll_back: the number of a deployment, the first is 1",
    )
    canary: Canary | None = Field(None, description="of deploy: the canary that it makes")
    for_: PositiveDuration | None = Field(
        None, alias="for", description="of set: how long it holds; then what it changed is given back"
    )
    shift: Shift | None = Field(None, description="an alias goes over to another version, step by step")

    @property
    def verb(self) -> str:
        """Which it is."""
        return next((verb for verb in VERBS if getattr(self, verb) is not None), "set")


class Move(NamedTuple):
    """An entry that acts, or that is given back."""

    at: int
    number: int
    """Row of the timeline."""
    back: bool


def moves(entries: Sequence[Entry]) -> list[Move]:
    """All entries in the order in which they act; what ends at an instant is given back before anything begins."""
    found = [(entry.at, 1, entry.at, number) for number, entry in enumerate(entries)]
    found += [
        (entry.at + entry.for_, 0, entry.at, number)
        for number, entry in enumerate(entries)
        if entry.set is not None and entry.for_ is not None
    ]
    return [Move(at, number, not begins) for at, begins, _, number in sorted(found)]
