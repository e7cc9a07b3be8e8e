"""The largest load that meets the expectations, or the cheapest setting that does, with a stated error."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apigw_sim.experiment import axis as axes
from apigw_sim.experiment.axis import LOAD, Axis, Find
from apigw_sim.experiment.binding import Binding, Reach, Request, binding, reach, requests
from apigw_sim.experiment.judging import Judge, Outcome, judge_of
from apigw_sim.experiment.mapper import Mapper, Workers, at, fitting
from apigw_sim.experiment.runs import Source
from apigw_sim.experiment.search import Found, Point, search
from apigw_sim.experiment.trials import PER_SETTING, Trial
from apigw_sim.experiment.variants import Answer, Told, Variants, keep, pairs, refuse, what_is_wrong

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from apigw_sim.plan.tables import Plan
    from apigw_sim.scenario import Scenario
    from apigw_sim.scenario.load import Overrides


class Capacity(Answer):
    """What a search came to: the answer, every setting that was tried, and what its limits did."""

    def __init__(
        self, scenario: Scenario, axis: Axis, found: Found, judge: Judge, trials: dict[int, list[Trial]],
        plans: dict[int, Plan], asked: Mapping[str, Any],
    ) -> None:  # fmt: skip
        super().__init__(scenario, judge, trials, found.error, asked)
        self.axis, self.found, self.plans = axis, found, plans
        self.raised: Capacity | None = None
        """The same search with the limit that binds first raised."""

    def __repr__(self) -> str:
        return f"<Capacity of {self.scenario.name} along {self.axis.path}: {self.answer}>"

    @property
    def meets(self) -> float | None:
        """The last value that is proved to meet, as a number; of a list its place."""
        return None if self.found.meets is None else self.axis.sizes[self.found.meets]

    @property
    def fails(self) -> float | None:
        """The first value that is proved to fail."""
        return None if self.found.fails is None else self.axis.sizes[self.found.fails]

    @property
    def answer(self) -> str:
        """The answer in a sentence."""
        meets, fails, last = self.found.meets, self.found.fails, len(self.axis.values) - 1
        show, largest = self.axis.show, self.axis.find == "largest"
        if fails == 0:
            return (
                f"nothing from {show(last if not largest else 0)} to {show(0 if not largest else last)} meets"
            )
        if meets == last:
            return f"{show(last)} still meets, the {'most' if largest else 'least'} that was asked about"
        first, second = ("meets", "does not") if meets is not None else ("", "does not")
        if meets is not None and fails is not None:
            return f"{show(meets)} {first}, {show(fails)} {second}"
        if meets is not None:
            return f"{show(meets)} {first}; where it ends was not settled"
        if fails is not None:
            return f"{show(fails)} {second}; nothing was proved to meet"
        return "nothing was settled"

    @cached_property
    def binding(self) -> Binding | None:
        """The limit that binds first where it fails; None where no limit refuses more than where it meets."""
        return binding(self)

    def rows(self) -> list[dict[str, Any]]:
        """A row per value that was tried, in the order of the search's axis."""
        return [
            {"value": self.axis.show(point.setting), "size": self.axis.sizes[point.setting]}
            | self._figures(point)
            | {"verdict": self.verdict(point), "first_replication": point.order * PER_SETTING}
            for point in self.found.points
        ]

    def verdict(self, point: Point) -> str:
        """What is proved of a point, by its own runs or by those of its neighbours."""
        if self.found.meets is not None and point.setting <= self.found.meets:
            return "meets"
        return "fails" if self.found.fails is not None and point.setting >= self.found.fails else "open"

    def reach(self, growth: float | None = None) -> list[Reach]:
        """Of a search along load: at which load each limit was met, and in which month if load grows so much a month."""
        return reach(self, growth)

    def requests(self, growth: float, months: int = 12) -> list[Request]:
        """What to ask AWS for so that load can grow for so many months, as far as it can be asked for."""
        return requests(self, growth, months)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All of it as plain data."""
        found = self.found
        said: dict[str, Any] = {
            "scenario": self.scenario.name, "scenario_sha256": self.scenario.sha256(), **self.asked,
            "answer": self.answer, "settled": found.done,
            "meets": None if found.meets is None else self.axis.show(found.meets),
            "fails": None if found.fails is None else self.axis.show(found.fails),
            "guess": None if found.guess is None else self.axis.show(found.guess),
            "runs": found.runs, "error": found.error,
            "out_of_order": [
                {"worse": self.axis.show(pair.worse), "better": self.axis.show(pair.better)} for pair in found.breaks
            ],
            "expectations_where_it_fails": [
                one._asdict() for one in (self.expectations(found.fails) if found.fails in self.trials else ())
            ],
            "binds_first": None if self.binding is None else self.binding._asdict(),
            "points": self.rows(),
        }  # fmt: skip
        growth = self.asked.get("growth")
        if self.axis.path == LOAD:
            said["limits"] = [one._asdict() for one in self.reach(growth)]
            if growth:
                said["requests"] = [one._asdict() for one in self.requests(growth, self.asked["months"])]
        if self.raised is not None:
            said["raised"] = self.raised.summary
        return said

    def plot(self) -> Figure:
        """The values tried with their intervals, and the answer."""
        from apigw_sim.report import capacity

        return capacity.draw(self.summary)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write summary.json and capacity.svg into a folder, all or none."""
        from apigw_sim.metrics.summary import to_json
        from apigw_sim.report.overview import svg_of
        from apigw_sim.result import folder

        def fill(into: Path) -> None:
            (into / "capacity.svg").write_text(svg_of(self.plot()), encoding="utf-8", newline="\n")
            (into / folder.MARK).write_text(to_json(self.summary), encoding="utf-8", newline="\n")

        folder.replace(Path(path), fill)


def capacity(
    source: Source,
    vary: str = LOAD,
    between: tuple[str | float, str | float] | Sequence[str | float] = (0.25, 4),
    *,
    values: Sequence[Any] | None = None,
    overrides: Overrides = (),
    find: Find | None = None,
    resolution: float = 0.02,
    error: float = 0.05,
    budget: int = 300,
    share: float = 0.95,
    judge: str = "share",
    seed: int | None = None,
    engine: str = "auto",
    workers: Workers = None,
    cluster: str | None = None,
    growth: float | None = None,
    months: int = 12,
    raise_by: float | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Told | None = None,
    using: Mapper | None = None,
) -> Capacity:
    """Search for the largest load that meets the scenario's expectations, or for the cheapest value of a path that does.

    `vary` is `load` (all arrivals times a factor) or a path; `between` its ends, or `values` all that may be chosen, the
    smallest first. `find` is "largest" (of load) or "smallest" (of a path) unless it is said. A value meets if the
    share `share` of runs meet all expectations, or with `judge="mean"` if their means do. The answer is wrong with a
    probability of `error` at most, if more is never better; the search ends when what meets and what fails are within
    `resolution`, or after `budget` runs. `growth` is that of the load a month, for the runway; `raise_by` searches
    again with the limit that binds first raised by that factor. With `out` each finished run is written there at once,
    and calling this again, also with a larger budget or another error, goes on where it was ended.
    """
    _check(resolution, error, budget, share, judge, growth, months, raise_by)
    ends = tuple(between)
    axis = (
        axes.listed(vary, values, find) if values is not None
        else axes.between(vary, ends[0], ends[1], resolution, find)
    )  # fmt: skip
    judged = judge_of(judge, share)
    asked = {
        "vary": axis.path, "from": str(ends[0] if values is None else values[0]),
        "to": str(ends[1] if values is None else values[-1]), "find": axis.find, "stepped": axis.stepped,
        "resolution": resolution, "budget": budget, "judge": judge, "bar": judged.bar, "seed": seed,
        "growth": growth, "months": months,
    }  # fmt: skip

    def searched(variants: Variants, asked: Mapping[str, Any]) -> Capacity:
        def ask(setting: int, order: int, had: int, wanted: int) -> list[Outcome]:
            return variants.outcomes(setting, order * PER_SETTING + had, wanted)

        close = axis.close(resolution)
        found = search(ask, axis.count, close, judged, error=error, budget=budget)
        return Capacity(variants.base, axis, found, judged, variants.trials, variants.plans, asked)

    variants = Variants(source, pairs(overrides), axis, seed, engine, budget, progress)
    with at(using, fitting(workers, variants.calls * budget / 4, variants.engine), cluster) as where:
        made = searched(variants.on(where, out), asked)
        bound = made.binding
        if raise_by is not None and bound is not None and bound.value is not None and bound.path != axis.path:
            raised = bound.raised(raise_by)
            more = [*pairs(overrides), (bound.path, raised)]
            again = Variants(source, more, axis, seed, engine, budget, progress)
            kept = None if out is None else Path(out) / f"raised-{again.base.sha256()[:8]}"
            asked = asked | {"raised": bound.path, "raised_to": str(raised)}
            made.raised = searched(again.on(where, kept), asked)
    if out is not None:
        keep(Path(out), made)
    return made


def _check(
    resolution: float, error: float, budget: int, share: float, judge: str, growth: float | None, months: int,
    raise_by: float | None,
) -> None:  # fmt: skip
    wrong = [
        (not 0.001 <= resolution <= 1, f"the resolution {resolution:g} is not between 0.1 % and 100 %"),
        *what_is_wrong(error, budget, share, judge),
        (
            growth is not None and not 0 < growth <= 10,
            f"the growth {growth} is not above 0 and at most 1000 % a month",
        ),
        (not 1 <= months <= 1200, f"{months} months: between 1 and 1200"),
        (raise_by is not None and raise_by <= 1, f"raised by {raise_by}: write a factor above 1"),
    ]
    refuse(wrong)
