"""A scenario while it is being planned: where things stand, laws made once, problems collected."""

from __future__ import annotations

from apigw_sim import units
from apigw_sim.errors import Problem, ScenarioError
from apigw_sim.plan import laws
from apigw_sim.plan.tables import Choice, Law, Numbered
from apigw_sim.plan.zipf import zipf
from apigw_sim.rules import quantile
from apigw_sim.scenario import Scenario
from apigw_sim.scenario import laws as said
from apigw_sim.scenario.paths import show_path

Keys = tuple[str | int, ...]


class Reading:
    """Gives what the rows of a plan need of their scenario; problems are kept until `close`."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.problems: list[Problem] = []
        self._laws: dict[tuple[said.Law, str], Law] = {}
        self._overridden = {text.partition(": ")[0] for text in scenario.overrides}

    def law(self, spoken: said.Law, kind: str, keys: Keys) -> Law:
        """The law of a distribution of durations or sizes; equal ones are the same object."""
        found = self._laws.get((spoken, kind))
        if found is None:
            try:
                found = laws.law(spoken, kind)
            except laws.TooLargeError:
                size = kind == "size"
                most = units.show_size(quantile.LARGEST) if size else f"{quantile.LARGEST // units.HOUR} h"
                what = f"it reaches beyond {most}, the {'largest size' if size else 'longest time'} that can be drawn"
                self.problem(keys, what, "make it smaller; percentiles are cut by max:")
                found = laws.constant(0, "")
            self._laws[spoken, kind] = found
        return found

    def nothing(self, kind: str) -> Law:
        """The law that is always 0."""
        return self.law(said.constant(0), kind, ())

    def problem(self, keys: Keys, what: str, fix: str) -> None:
        """Note a problem at a path."""
        place = self.scenario.place(keys)
        file, line, column = place if place else (None, None, None)
        self.problems.append(Problem(file, line, column, show_path(keys), what, fix))

    def close(self) -> None:
        """Raise all problems at once, if there are any."""
        if self.problems:
            raise ScenarioError(self.problems)

    def where(self, keys: Keys) -> str:
        """`file:line:column` of a setting, "override", or "default" where nobody wrote it; its path without a file."""
        if any(show_path(keys[: depth + 1]) in self._overridden for depth in range(len(keys))):
            return "override"
        place = self.scenario.place(keys)
        if place is None:
            return show_path(keys)
        return str(place) if self.scenario.place(keys[:-1]) != place else "default"


def numbered(n: int, s: float | None) -> Numbered:
    """A drawn whole number 0..n-1, uniform, or by Zipf's law where it has an exponent above 0."""
    if not s:
        return Numbered(Choice.UNIFORM, n)
    return Numbered(Choice.ZIPF, n, zipf(n, s))
