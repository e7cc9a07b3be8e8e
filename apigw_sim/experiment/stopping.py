"""When there are enough runs: a precision for each figure, looked at run by run, within a budget.

The replications algorithm of Hoad, Robinson and Davies (2010, "Automated selection of the number of replications for a
discrete-event simulation", JORS 61): a precision counts as reached only if it stays so for a look-ahead of 5 more runs,
5 % of the runs where these are more than 100. It is decided on runs in their order, so that it does not
depend on which were finished first.

Whoever stops when an interval looks narrow favours those that are too narrow by chance, and the look-ahead mends only a
part of it: of intervals of 95 %, 92.9 % had the mean time of an M/M/1 queue at load 0.8 in them. So those of a study that
ends itself are made from seven tenths of the error that they state (tests/experiment/test_coverage.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from apigw_sim.errors import ApigwSimError
from apigw_sim.experiment.estimates import CONFIDENCE, Interval
from apigw_sim.experiment.records import Record
from apigw_sim.experiment.statistics import Statistic, find

LOOK_AHEAD = 5
FEWEST = 5
"""Runs before which no precision counts as reached."""
MOST = 1000
"""Runs at which a study stops that was given no budget."""
ERROR_LEFT = 0.7
"""Of the error of an interval: what is left for it where the study stopped by looking at it."""
_TARGET = re.compile(r"(?P<metric>.+?)\s+(?P<size>\d+(?:\.\d+)?)\s*(?P<unit>%|ms|s|/s|)\s*")
UNITS = {"ms": 1.0, "s": 1000.0, "/s": 1.0, "": 1.0}


class TargetError(ApigwSimError):
    """A precision that cannot be read."""


@dataclass(frozen=True)
class Target:
    """A half-width to reach, as a share of the estimate or in the figure's own unit."""

    metric: str
    half: float
    relative: bool

    @classmethod
    def read(cls, text: str) -> Target:
        """`METRIC 2 %`: relative; `METRIC 5 ms`, `METRIC 0.01`: absolute."""
        found = _TARGET.fullmatch(text.strip())
        if not found or float(found["size"]) == 0:
            raise TargetError(
                f"'{text}' is no precision; write METRIC and the half-width of its interval, relative or absolute, "
                "such as 'shop/prod p99(Latency) 2 %' or 'requests.refused 0.001'"
            )
        relative = found["unit"] == "%"
        scale = 0.01 if relative else UNITS[found["unit"]]
        return cls(found["metric"], float(found["size"]) * scale, relative)

    def met(self, interval: Interval) -> bool:
        """Whether an interval is narrow enough, and has two ends."""
        width = interval.relative if self.relative else interval.half
        return width is not None and width <= self.half

    def need(self, interval: Interval) -> int | None:
        """About how many runs it takes: half-widths shrink with the root of the runs."""
        width = interval.relative if self.relative else interval.half
        if width is None or not math.isfinite(width):
            return None
        return max(interval.runs, math.ceil(interval.runs * (width / self.half) ** 2))


def look_ahead(runs: int) -> int:
    """For how many more runs a precision has to stay reached."""
    return LOOK_AHEAD if runs <= 100 else math.ceil(LOOK_AHEAD * runs / 100)


@dataclass
class Stopping:
    """Looks at records as they come, in their order."""

    targets: Sequence[Target]
    most: int
    confidence: float = CONFIDENCE
    reached: dict[str, int | None] = field(default_factory=dict)
    """Of each target's metric: from how many runs on it has been reached without a break."""

    def estimate(self, statistic: Statistic, records: Sequence[Record]) -> Interval:
        """A figure with its interval, which holds although it was looked at after every run."""
        found = statistic.estimate(records, 1 - ERROR_LEFT * (1 - self.confidence))
        return replace(found, confidence=self.confidence)

    def enough(self, records: Sequence[Record], known: Mapping[str, Statistic]) -> bool:
        """Whether these are enough: every precision was reached and stayed so, or the budget is spent."""
        runs = len(records)
        settled = bool(self.targets)
        for target in self.targets:
            interval = self.estimate(find(dict(known), target.metric), records)
            if runs >= FEWEST and target.met(interval):
                since = self.reached.get(target.metric) or runs
                self.reached[target.metric] = since
                settled = settled and runs >= since + look_ahead(since)
            else:
                self.reached[target.metric] = None
                settled = False
        return settled or runs >= self.most
