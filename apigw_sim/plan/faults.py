"""Faults as cells: what holds for a target at an instant, of all faults that act on it then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from apigw_sim import units
from apigw_sim.plan import laws
from apigw_sim.plan.records import Spread, owner
from apigw_sim.plan.tables import Cell, Event
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.faults import Fault, Kind, Target

STEPS = 20
"""In so many steps a fault comes and goes; each is worth the middle of its stretch, so the mean is that of a straight line."""


class Faults:
    """All faults of a timeline; those of one target that overlap act together."""

    def __init__(
        self, scenario: Scenario, stages: list[str], backends: dict[str, int], spread: Spread | None = None
    ) -> None:
        """`spread`: the scenario with all senders of requests as clients."""
        self.scenario = scenario
        self.stages = stages
        self.backends = backends
        self.all_senders = scenario if spread is None else spread.scenario
        self.senders = self.all_senders.clients
        self.clients = list(self.senders)
        self.spans = [(entry.at, entry.fault) for entry in scenario.timeline if entry.fault]

    def event(self, at: int, fault: Fault, where: str) -> Event:
        """A fault as a row of plan.timeline."""
        until = at + fault.for_
        between = {*_instants(at, fault.ramp), at + fault.ramp, *_instants(until - fault.back, fault.back)}
        steps = [(instant, self.cells(fault, instant)) for instant in sorted(between) if at < instant < until]
        begin, end = self.cells(fault, at), self.cells(fault, until)
        return Event(at, until, text(fault), where, begin, end, tuple(steps))

    def cells(self, fault: Fault, at: int) -> tuple[Cell, ...]:
        """What holds for a fault's target from an instant on; a function's fault is one of all its versions."""
        kind, name = fault.target
        if kind == "stage" or (kind == "region" and fault.gateway_unavailable is not None):
            stages = (
                [name] if kind == "stage" else [stage for stage in self.stages if self._region(stage) == name]
            )
            return tuple(self._unavailable(stage, at) for stage in stages)
        if kind == "region":
            return tuple(
                cell for sender in self.clients if self._in(sender, name) for cell in self._loss(sender, at)
            )
        if kind == "client":
            return tuple(
                cell for sender in self.clients if owner(sender) == name for cell in self._loss(sender, at)
            )
        if fault.concurrency is not None:
            return (Cell("serves", (self.rows(fault)[0], self._serves(fault, at))),)
        slow = 1 + self._worst(fault, "slow", at)
        errors, outage = self._worst(fault, "errors", at), self._worst(fault, "outage", at)
        state = round(slow * 1000), laws.threshold(errors), int(outage)
        return tuple(Cell("fault", (row, *state)) for row in self.rows(fault))

    def _region(self, stage: str) -> str:
        return self.scenario.region_of(stage)

    def _in(self, sender: str, region: str) -> bool:
        """Whether a sender's requests go to a Region."""
        stage = self.all_senders.reached(self.senders[sender].target).stage
        return stage is not None and self._region(stage) == region

    def _unavailable(self, stage: str, at: int) -> Cell:
        """The share of a stage's requests that is refused: by its own fault, or by that of its Region."""
        own = self._at("stage", stage, "gateway_unavailable", at)
        shares = own, self._at("region", self._region(stage), "gateway_unavailable", at)
        return Cell("unavailable", (self.stages.index(stage), laws.threshold(max(shares))))

    def _loss(self, sender: str, at: int) -> tuple[Cell, ...]:
        """What a sender loses: by its own network, or all of it where no request reaches the Region."""
        stage = self.all_senders.reached(self.senders[sender].target).stage
        down = self._at("region", self._region(stage), "outage", at) if stage is not None else Fraction(0)
        requests, answers = (
            self._at("client", owner(sender), lost, at) for lost in ("lost_requests", "lost_answers")
        )
        shares = map(laws.threshold, (max(requests, down), answers))
        return (Cell("loss", (self.clients.index(sender), *shares)),)

    def _worst(self, fault: Fault, kind: Kind, at: int) -> Fraction:
        """How bad it is for the fault's target."""
        return self._at(*fault.target, kind, at)

    def _at(self, target: Target, name: str, kind: Kind, at: int) -> Fraction:
        """How bad a kind of fault is for a target: there is one at a time. What slows down adds to 1."""
        found = [
            _whole(other, kind) * _level(other, at - begin)
            for begin, other in self.spans
            if other.target == (target, name) and other.kind == kind and begin <= at < begin + other.for_
        ]
        return sum(found, Fraction(0))

    def _serves(self, fault: Fault, at: int) -> int:
        """How many a backend serves at once, between what it is and what a fault leaves of it."""
        server = self.scenario.backends[fault.backend or ""].http
        assert server is not None
        whole = server.concurrency
        assert isinstance(whole, int)
        return whole - round(self._worst(fault, "concurrency", at) * (whole - _least(self.spans, fault, at)))

    def rows(self, fault: Fault) -> list[int]:
        """The rows of plan.backends that are at fault."""
        kind, name = fault.target
        path = f"{kind}s.{name}"
        return [
            row
            for known, row in self.backends.items()
            if known == path or known.startswith(f"{path}.versions")
        ]


def _least(spans: Sequence[tuple[int, Fault]], fault: Fault, at: int) -> int:
    """What the fault that cuts a backend's concurrency then leaves of it."""
    found = (
        other.concurrency
        for begin, other in spans
        if other.target == fault.target and other.concurrency is not None and begin <= at < begin + other.for_
    )
    return next(found, 0)


def _whole(fault: Fault, kind: Kind) -> Fraction:
    """How bad a fault is at its worst."""
    if kind in ("outage", "concurrency"):
        return Fraction(1)
    value: Fraction = getattr(fault, kind)
    return value - 1 if kind == "slow" else value


def _instants(begin: int, span: int) -> list[int]:
    """When the steps of a ramp begin."""
    return [begin + span * step // STEPS for step in range(STEPS)] if span else []


def _level(fault: Fault, since: int) -> Fraction:
    """How much of a fault there is so long after its beginning: of its worst, from 0 to 1."""
    goes = fault.for_ - fault.back
    if since < fault.ramp:
        step = bisect_right(_instants(0, fault.ramp), since)
        return Fraction(2 * step - 1, 2 * STEPS)
    if since >= goes:
        step = bisect_right(_instants(goes, fault.back), since)
        return Fraction(2 * (STEPS - step) + 1, 2 * STEPS)
    return Fraction(1)


def text(fault: Fault) -> str:
    """A fault, for people."""
    value = getattr(fault, fault.kind)
    what = fault.kind.replace("_", " ")
    if fault.kind in ("slow", "concurrency"):
        what = f"{what} {units.show_number(Fraction(value))}"
    elif fault.kind != "outage":
        what = f"{what} {units.show_share(value)}"
    shape = "".join(
        f", {word} {units.show_duration(span)}"
        for word, span in (("ramp", fault.ramp), ("back", fault.back))
        if span
    )
    return f"{' '.join(fault.target)}: {what} for {units.show_duration(fault.for_)}{shape}"
