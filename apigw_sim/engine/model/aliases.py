"""Aliases of Lambda functions: which version an invocation reaches (facts 8)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from apigw_sim.draws import Group
from apigw_sim.engine.model.backends import Backend, Job
from apigw_sim.engine.model.functions import Function
from apigw_sim.plan import tables
from apigw_sim.records import NULL
from apigw_sim.rules import pick, routing


class Alias:
    """An alias at work; what it names can change in mid-run."""

    def __init__(self, number: int, row: tables.Alias, backends: Sequence[Backend]) -> None:
        self.number = number
        self.row = row
        self.backends = backends
        self.first, self.second, self.threshold = row.state

    def version(self, job: Job) -> Backend:
        """The version that an invocation reaches, now: of two, one is drawn; what it works is drawn by its laws."""
        attempt, chosen = job.attempt, self.first
        if self.second != NULL:
            word = attempt.caller.stream.row(Group.ALIAS, attempt.call[0], attempt.number)[0]
            chosen = routing.version(word, self.first, self.second, self.threshold)
        job.alias = self.number
        works = chosen + job.method.context
        if attempt.works != works:
            attempt.works, attempt.work = works, None
        if attempt.notes is not None:
            attempt.note(self._told(chosen))
        return self.backends[chosen]

    def _told(self, chosen: int) -> str:
        """Which version it is and why, for people."""
        name = self._name(chosen)
        if self.second == NULL:
            return f"alias {self.row.name}: all to {name}"
        share = Fraction(self.threshold, 1 << pick.WORD_BITS)
        shares = f"{float(1 - share):.4g} of all to {self._name(self.first)}, {float(share):.4g} to {self._name(self.second)}"
        return f"alias {self.row.name}: {shares}; drawn at random for each invocation: {name}"

    def _name(self, row: int) -> str:
        backend = self.backends[row]
        assert isinstance(backend, Function)
        return backend.row.name
