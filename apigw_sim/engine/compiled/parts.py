"""What all that makes vectors from a plan has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled import words as w
from apigw_sim.engine.compiled.filling import Tables, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apigw_sim.draws import Draws
    from apigw_sim.engine.compiled.filling import Ints
    from apigw_sim.plan import tables
    from apigw_sim.plan.tables import Law, Plan


class Parts:
    """A plan, and vectors that are being filled: statuses, shares and tables are kept as they come, and joined at the end."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        self.plan = plan
        self.draws = draws
        self.tables = Tables()
        self.statuses: list[int] = []
        self.shares: list[int] = []
        self.digits: list[int] = []
        self.folds: list[int] = []
        self.vectors: dict[str, Ints] = {}

    def _table(self, name: str, count: int) -> Ints:
        """A vector of `count` rows, as a table."""
        self.vectors[name] = rows(count, w.width(name))
        return self.vectors[name].reshape(-1, w.width(name))

    def _outcomes(self, row: tables.Works | tables.Backend) -> dict[str, int]:
        """The words that say what comes of work; mocks have no statuses of this kind."""
        of = row.status
        if of is None:
            return {}
        return {
            "statuses": self._shares(of.statuses, of.thresholds), "statuses_n": len(of.statuses),
            "crash": row.crash, "malformed": row.malformed,
        }  # fmt: skip

    def _shares(self, statuses: Sequence[int], thresholds: Sequence[int]) -> int:
        first = len(self.statuses)
        self.statuses += statuses
        self.shares += thresholds
        return first

    def _words(self, words: Sequence[int]) -> int:
        """Where words stand in `status`."""
        return self._shares(words, [0] * len(words))

    def _numbers(self, numbers: Sequence[int]) -> tuple[int, int]:
        """Where numbers stand in `digits`, and how many they are."""
        self.digits += numbers
        return len(self.digits) - len(numbers), len(numbers)

    def _laws(self, **laws: Law | None) -> dict[str, int]:
        """The words of laws: a table, or NULL and a constant."""
        words: dict[str, int] = {}
        for name, law in laws.items():
            words[name], words[f"{name}_c"] = self.tables.law(law)
        return words
