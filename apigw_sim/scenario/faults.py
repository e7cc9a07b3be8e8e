"""Faults on the timeline: what breaks for a while, how badly, and in what shape it comes and goes."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.base import Bad, Leaf, Part
from apigw_sim.scenario.quantities import Count, Duration, Name, PositiveDuration, Region, Words, quantity

Target = Literal["function", "backend", "stage", "client", "region"]
Kind = Literal[
    "slow", "errors", "outage", "concurrency", "gateway_unavailable", "lost_requests", "lost_answers"
]
TARGETS: tuple[Target, ...] = ("function", "backend", "stage", "client", "region")
KINDS: dict[Kind, tuple[Target, ...]] = {
    "slow": ("function", "backend"),
    "errors": ("function", "backend"),
    "outage": ("function", "backend", "region"),
    "concurrency": ("backend",),
    "gateway_unavailable": ("stage", "region"),
    "lost_requests": ("client",),
    "lost_answers": ("client",),
}
"""Each kind of fault, with what can be at fault so."""


def _read_outage(value: object) -> Literal[True]:
    if value is not True:
        raise Bad(f"{units.show(value)} is not true", "write true, or leave outage out")
    return True


class Fault(Part):
    """For a while, a function or a backend is slow, fails in part, is down, or serves fewer at once.

    Or a stage: API Gateway itself answers 503 to a share of the requests that arrive. Or a client: a share of its
    requests or answers is lost on the way. Or a Region: no request reaches it, or API Gateway answers 503 there, while what
    runs there goes on. It acts on what starts, arrives or is sent while it lasts.
    """

    function: Name | None = Field(None, description="the function at fault")
    backend: Name | None = Field(None, description="the backend at fault")
    stage: Words | None = Field(None, description="the stage at fault, as api/stage")
    client: Name | None = Field(None, description="the client whose network is at fault")
    region: Region | None = Field(None, description="the Region at fault")
    slow: Annotated[Fraction, quantity("number", above=0, note="write a number above 0")] | None = Field(
        None, description="times are multiplied by this"
    )
    errors: Annotated[Fraction, quantity("share")] | None = Field(
        None, description="this share of the work crashes (function) or answers 503 (backend)"
    )
    outage: Annotated[Literal[True], Leaf(_read_outage, bool, lambda: {"const": True})] | None = Field(
        None,
        description="all fail at once: 500 for a function, 504 for a backend; of a Region: no request reaches it",
    )
    concurrency: Count | None = Field(
        None, description="of a backend: it serves no more than this at once; who is served stays"
    )
    gateway_unavailable: Annotated[Fraction, quantity("share")] | None = Field(
        None,
        description="of a stage or a Region: this share of the requests gets a 503 from API Gateway itself",
    )
    lost_requests: Annotated[Fraction, quantity("share")] | None = Field(
        None,
        description="of a client: this share of its requests never arrives, and it waits until its timeout",
    )
    lost_answers: Annotated[Fraction, quantity("share")] | None = Field(
        None,
        description="of a client: this share of its answers never arrives; the work is done for nobody",
    )
    for_: PositiveDuration = Field(alias="for", description="how long it lasts", examples=["1 min"])
    ramp: Duration = Field(
        0, description="within `for`, the time over which it comes, in twenty steps; 0: at once"
    )
    back: Duration = Field(
        0, description="within `for`, the time over which it goes again, in twenty steps; 0: at once"
    )

    @property
    def kind(self) -> Kind:
        """Which of them it is."""
        return next((kind for kind in KINDS if getattr(self, kind) is not None), "outage")

    @property
    def target(self) -> tuple[Target, str]:
        """What is at fault: its kind and its name."""
        for kind in TARGETS:
            name = getattr(self, kind)
            if name is not None:
                return (kind, str(name))
        return ("backend", "")
