"""The figures of a study: what each is called, what it estimates, and its interval from the records of runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from apigw_sim.errors import ApigwSimError
from apigw_sim.experiment.cells import NOTHING, Cells, pooled
from apigw_sim.experiment.estimates import (
    CONFIDENCE,
    Interval,
    count_bound,
    mean_interval,
    quantile_interval,
    ratio_interval,
    share_interval,
)
from apigw_sim.experiment.records import POINTS, Record
from apigw_sim.scenario.base import suggest
from apigw_sim.units import MS

Kind = Literal["mean", "share", "ratio", "quantile"]
COUNTS = (
    "count",
    "calls",
    "attempts",
    "gave_up",
    "executed_for_nobody",
    "duplicate_executions",
    "invocations",
)
SUMMED = ("throttled_by.", "lambda_throttled_by.")
_SAID = re.compile(r"(?P<who>\S+)\s+(?P<stat>[A-Za-z0-9.]+)\s*\(\s*(?P<metric>\w+)\s*\)")
OF_STAGE = {"Count": "count", "4XXError": "4XXError", "5XXError": "5XXError", "Latency": "latency_ms"}
OF_CLIENT = {
    "calls": "calls", "attempts": "attempts", "succeeded": "succeeded", "gave_up": "gave_up",
    "amplification": "amplification", "call_latency": "call_latency_ms",
    "executed_for_nobody": "executed_for_nobody", "duplicate_executions": "duplicate_executions",
}  # fmt: skip
OF_FUNCTION = {
    "Invocations": "invocations", "Errors": "errors", "Throttles": "throttles",
    "ConcurrentExecutions": "concurrency",
}  # fmt: skip


class UnknownMetricError(ApigwSimError):
    """A metric that the runs do not have."""


@dataclass(frozen=True)
class Statistic:
    """One figure."""

    name: str
    kind: Kind
    unit: str
    """ms, /s, GB-s, `share`, or nothing."""
    estimand: str

    def own(self, record: Record) -> float | None:
        """Its value in one run."""
        if self.kind in ("share", "ratio"):
            part, whole = self.pair(record)
            return part / whole if whole else None
        return record.values.get(self.name, 0.0 if self._counts else None)

    def estimate(
        self, records: Sequence[Record], confidence: float = CONFIDENCE, pools: dict[str, Cells] | None = None
    ) -> Interval:  # fmt: skip
        """Its value over runs, with its interval; `pools` are samples of all these runs together, which it may add to."""
        if self.kind == "quantile":
            group, _, point = self.name.rpartition(".p")
            held = [record.cells.get(group, NOTHING) for record in records]
            pools = {} if pools is None else pools
            together = pools.get(group) or pools.setdefault(group, pooled(held))
            found = quantile_interval(held, POINTS[f"p{point}"], confidence, self.estimand, together)
            return replace(found, value=_ms(found.value), low=_ms(found.low), high=_ms(found.high))
        if self.kind in ("share", "ratio"):
            pairs = [self.pair(record) for record in records]
            parts, wholes = [part for part, _ in pairs], [whole for _, whole in pairs]
            interval = share_interval if self.kind == "share" else ratio_interval
            return interval(parts, wholes, confidence, self.estimand)
        values = [value for record in records if (value := self.own(record)) is not None]
        if self._counts and values and not any(values):
            return count_bound(len(values), confidence, self.estimand)
        return mean_interval(values, confidence, self.estimand)

    @property
    def _counts(self) -> bool:
        return self.name.startswith(SUMMED) or self.name.rpartition(".")[2] in COUNTS

    def pair(self, record: Record) -> tuple[float, float]:
        """So many of so many; a status or reason that a run did not have is none of its requests."""
        found = (record.shares if self.kind == "share" else record.ratios).get(self.name)
        if found is None and self.name.startswith("requests.by_"):
            return 0, record.values["requests.count"]
        return found or (0, 0)


def _ms(ns: float | None) -> float | None:
    return None if ns is None else ns / MS


def statistics(records: Iterable[Record]) -> dict[str, Statistic]:
    """All figures that any of the runs has."""
    found: dict[str, Statistic] = {}
    for record in records:
        for name in record.values:
            if name not in found:
                found[name] = _of_value(name)
        for name in record.shares:
            what = (
                "probability that a run meets it"
                if name.startswith("expectations.")
                else "share over all runs"
            )
            found.setdefault(name, Statistic(name, "share", "share", what))
        for name in record.ratios:
            unit = "ms" if name.endswith(".mean") else ""
            what = "mean of all samples of all runs" if unit else "ratio of totals over all runs"
            found.setdefault(name, Statistic(name, "ratio", unit, what))
    return dict(sorted(found.items()))


def _of_value(name: str) -> Statistic:
    last = name.rpartition("_ms.")[2]
    if last in POINTS:
        return Statistic(name, "quantile", "ms", f"{last} of all samples of all runs")
    if last == "max":
        return Statistic(name, "mean", "ms", "expected maximum of a run")
    unit = "/s" if name.endswith("_per_s") else "GB-s" if name.endswith("_gb_s") else ""
    return Statistic(name, "mean", unit, "expectation of a run's figure")


def find(known: dict[str, Statistic], text: str) -> Statistic:
    """The figure that a text names: a name of the summary, or as an expectation says it: `shop/prod p99(Latency)`."""
    name = " ".join(text.split())
    for candidate in (name, *_meant(name, known)):
        if candidate in known:
            return known[candidate]
    near = suggest(name, list(known))
    hint = f"did you mean '{near}'?" if near else "--metric list names all"
    raise UnknownMetricError(f"'{text}': no run has such a metric; {hint}")


def _meant(text: str, known: dict[str, Statistic]) -> list[str]:
    said = _SAID.fullmatch(text)
    if not said:
        return []
    who, stat, metric = said["who"], said["stat"], said["metric"]
    found = []
    for group, table in (("stages", OF_STAGE), ("clients", OF_CLIENT), ("functions", OF_FUNCTION)):
        if metric not in table:
            continue
        name = f"{group}.{who}.{table[metric]}"
        if metric == "ConcurrentExecutions":
            found.append(f"{group}.{who}.{'max' if stat == 'max' else 'mean'}_concurrency")
        elif name.endswith("_ms"):
            found.append(f"{name}.{'mean' if stat == 'avg' else stat}")
        elif stat in ("avg", "sum"):
            found.append(name)
    return [name for name in found if name in known]


MAIN = (
    "requests.offered_per_s", "requests.carried_per_s", "requests.refused", "requests.5XXError", "cache.hit_ratio",
)  # fmt: skip
MAIN_ENDS = (
    ("stages.", ("latency_ms.p50", "latency_ms.p99")),
    ("clients.", ("succeeded", "call_latency_ms.p99")),
    ("functions.", ("throttles", "mean_concurrency")),
    ("expectations.", ("",)),
)


def main(known: dict[str, Statistic]) -> list[Statistic]:
    """The figures that are shown where none is asked for."""
    names = [name for name in MAIN if name in known]
    for begin, ends in MAIN_ENDS:
        names += [name for name in known if name.startswith(begin) and name.endswith(ends)]
    return [known[name] for name in dict.fromkeys(names)]
