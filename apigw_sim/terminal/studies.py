"""What is printed of many runs: estimates with intervals, differences with verdicts, points of a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from apigw_sim.experiment.verdicts import NO_SAMPLE, NOT_MET, UNDECIDED
from apigw_sim.terminal.page import Cell, Words
from apigw_sim.terminal.verdicts import of_runs
from apigw_sim.terminal.words import many, span

if TYPE_CHECKING:
    from apigw_sim.experiment.compare import Comparison, Difference
    from apigw_sim.experiment.estimates import Interval
    from apigw_sim.experiment.replicate import Replications
    from apigw_sim.experiment.statistics import Statistic
    from apigw_sim.experiment.sweep import Swept
    from apigw_sim.terminal.page import Page

STYLE = {"better": "green", "worse": "red", "not known yet": "yellow"}


def figure(value: float | None, unit: str) -> str:
    """A figure with its unit, to four places that say something."""
    if value is None:
        return "-"
    if unit == "share":
        return f"{value * 100:.4g} %"
    text = f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return f"{text}{unit}" if unit.startswith("/") else f"{text} {unit}".rstrip()


def arm(interval: Interval, unit: str) -> str:
    """The longer arm of an interval, or the one end that there is."""
    if interval.half is not None and interval.method.startswith(("upper", "lower")):
        return (
            f"at most {figure(interval.high, unit)}"
            if interval.value == 0
            else f"at least {figure(interval.low, unit)}"
        )
    if interval.half is not None:
        share = f"  {interval.relative * 100:.2g} %" if interval.relative and interval.value else ""
        return f"± {figure(interval.half, unit)}{share}"
    if interval.high is not None and interval.low is None:
        return f"at most {figure(interval.high, unit)}"
    if interval.low is not None and interval.high is None:
        return f"at least {figure(interval.low, unit)}"
    return "-"


def replications(page: Page, done: Replications, metrics: Iterable[str]) -> None:
    """Estimates with intervals, what they estimate, and what is to be known before they are believed."""
    runs = len(done.records)
    what = "batches of one run" if done.batches is not None else "independent runs"
    page.title(
        f"{done.scenario.name}, seed {done.seed}",
        f"{runs:,} {what}, {done.confidence * 100:g} % intervals, {done.window}",
    )
    cut = "nothing cut" if done.warm_up.cut_ns == 0 else f"the first {span(done.warm_up.cut_ns)} cut"
    page.line(f"{cut}: {done.warm_up.how}", "" if done.warm_up.settled else "yellow")
    found = done.intervals(metrics)
    rows: list[tuple[Cell, ...]] = [
        (one.name, figure(it.value, one.unit), arm(it, one.unit), Words(trust(it), "yellow"))
        for one, it in found
    ]
    page.table(rows, "lrrl", ("", "estimate", "half-width", ""))
    _estimands(page, found)
    _expectations(page, done)
    if done.stopping is not None:
        page.title("PRECISION")
        for target in done.stopping.targets:
            interval = done.interval(target.metric)
            wanted = f"{target.half * 100:g} %" if target.relative else f"{target.half:g}"
            since = done.stopping.reached.get(target.metric)
            if target.met(interval):
                page.line(
                    f"reached  {target.metric} {wanted}"
                    + (f", from {many(since, 'run')} on" if since else "")
                )
            else:
                need = target.need(interval)
                more = f"; it takes about {need:,} runs" if need else ""
                page.line(f"not reached within {many(runs, 'run')}  {target.metric} {wanted}{more}", "yellow")
    if done.batches is not None:
        _correlations(page, done, [one.name for one, _ in found])


def _expectations(page: Page, done: Replications) -> None:
    """What the runs together say of each expectation, as a pipeline is told it."""
    made = of_runs(done.judged, None)
    if made:
        page.title("EXPECTATIONS")
        styles = {NOT_MET: "red", NO_SAMPLE: "red", UNDECIDED: "yellow"}
        page.table(
            [
                (Words(one.outcome, styles.get(one.outcome, "")), one.text, one.found, one.beside)
                for one in made
            ],
            "llrl",
        )


def trust(interval: Interval) -> str:
    """Why an interval is to be trusted less, and what would mend it."""
    if not interval.trust:
        return ""
    return interval.trust + (f"; about {interval.mend:,} runs would mend it" if interval.mend else "")


def _estimands(page: Page, found: Sequence[tuple[Statistic, Interval]]) -> None:
    """Each way of estimating, once."""
    ways: dict[str, list[str]] = {}
    for one, interval in found:
        ways.setdefault(f"{_what(one, interval)}: {interval.method}", []).append(one.name)
    page.title("WHAT IS ESTIMATED")
    for way, names in ways.items():
        page.line(f"{way} ({len(names)})" if len(names) > 1 else f"{way} ({names[0]})")


def _what(one: Statistic, interval: Interval) -> str:
    return "a quantile of all samples of all runs" if one.kind == "quantile" else interval.estimand


def _correlations(page: Page, done: Replications, names: Sequence[str]) -> None:
    page.title("BATCHES")
    assert done.batches is not None
    bad = [
        (name, done.batches[name]) for name in names if name in done.batches and done.batches[name].correlated
    ]
    for name, found in bad:
        page.line(
            f"{name}: neighbouring batches hang together (lag-1 correlation {found.lag_1:.2f}, von Neumann's ratio "
            f"{found.von_neumann:.2f}, 2 if they did not): its interval is too narrow; make the run longer or take fewer",
            "yellow",
        )
    if not bad:
        page.line("no figure shown has batches that hang together (von Neumann's ratio)")


def comparison(page: Page, done: Comparison, found: Sequence[Difference]) -> None:
    """Differences with intervals: better, worse, or not known yet, and how many more runs it would take."""
    for name in done.names[1:]:
        mine = [one for one in found if one.alternative == name]
        page.title(
            f"{name} against {done.names[0]}",
            f"{many(len(done.records[0]), 'pair')} of runs, seed {done.seed}",
        )
        rows: list[tuple[Cell, ...]] = []
        for one in mine:
            more = f", about {one.more_runs:,} more runs" if one.more_runs else ""
            rows.append((
                one.metric, figure(one.baseline, one.unit), figure(one.value, one.unit),
                figure(one.difference, one.unit), _between(one),
                "-" if one.pairing is None else f"x {one.pairing:.3g}",
                Words(one.verdict + more, STYLE.get(one.verdict, "")),
            ))  # fmt: skip
        page.table(rows, "lrrrrrl", ("", done.names[0], name, "difference", "interval", "pairing", ""))
    family = len([one for one in found if one.difference is not None])
    how = {
        "holm": "verdicts by Holm, intervals by Bonferroni",
        "bonferroni": "by Bonferroni",
        "none": "each alone",
    }
    page.title("HOW SURE")
    page.line(
        f"{done.confidence * 100:g} % for all {family:,} comparisons together ({how[done.correction]})"
        if done.correction != "none"
        else f"{done.confidence * 100:g} % for each comparison alone: of {family:,} some may be wrong by chance"
    )
    page.line("pairing: how many times as many runs it would take without common random numbers")
    page.line(
        "quantiles: the expected difference of a run's own quantile; shares and ratios: of totals over all runs"
    )


def _between(one: Difference) -> str:
    if one.low is None or one.high is None:
        return "-"
    return f"{figure(one.low, one.unit)} to {figure(one.high, one.unit)}"


def sweep(page: Page, done: Swept, metrics: Sequence[str]) -> None:
    """A row for each point: its values, and estimates with half-widths."""
    page.title(
        f"{done.name}, seed {done.seed}",
        f"{many(len(done.points), 'point')}, {many(done.runs_each, 'run')} at each, common random numbers",
    )
    rows: list[tuple[Cell, ...]] = []
    by_point: dict[int, dict[str, dict[str, object]]] = {}
    for row in done.rows:
        by_point.setdefault(int(row["point"]), {})[str(row["metric"])] = row
    for number, point in enumerate(done.points):
        found = by_point.get(number, {})
        cells = [str(point.get(path, "as it is")) for path in done.axes]
        rows.append((*cells, *(_cell(found.get(metric)) for metric in metrics)))
    page.table(rows, "l" * len(done.axes) + "r" * len(metrics), (*done.axes, *metrics))


def _cell(row: dict[str, object] | None) -> str:
    if row is None or row["value"] is None:
        return "-"
    value, low, high = (row[name] for name in ("value", "low", "high"))
    unit = str(row["unit"])
    assert isinstance(value, int | float)
    text = figure(value, unit)
    if isinstance(low, int | float) and isinstance(high, int | float):
        text += f" ± {figure(max(high - value, value - low), unit)}"
    return text + (" ?" if row["trust"] else "")
