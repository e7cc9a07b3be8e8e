"""Pictures of many runs: how estimates settle, what differs, and what a warm-up cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from apigw_sim.report.overview import Picture
from apigw_sim.report.style import BLUE, GREEN, GREY, INK, QUIET, RED, SHADE, SKY, house

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

COLOURS = {"better": GREEN, "worse": RED, "higher": BLUE, "lower": BLUE, "same": GREY, "not known yet": GREY}
MARKS = {"better": "o", "worse": "D", "higher": "^", "lower": "v", "same": "|", "not known yet": "o"}


def shown(value: float, unit: str) -> str:
    """A figure with its unit, to three places that say something."""
    if unit == "share":
        return f"{value * 100:.3g} %"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text}{unit}" if unit.startswith("/") else f"{text} {unit}".rstrip()


def convergence(name: str, paths: Sequence[Mapping[str, Any]], confidence: float) -> Figure:
    """A panel for each figure: the estimate and its interval from the first n runs, and each run's own value.

    `paths`: metric, unit, path [(n, interval)], own [value of each run].
    """
    with house():
        columns = 2 if len(paths) > 1 else 1
        rows = max(-(-len(paths) // columns), 1)
        figure = Picture(figsize=(5.6 * columns, 2.3 * rows + 0.7), layout="constrained")
        figure.suptitle(
            f"{name}: estimates as runs are added, with {confidence:.0%} intervals (dots: single runs)",
            fontsize=10.5, fontweight="bold", x=0.01, ha="left",
        )  # fmt: skip
        panels = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
        for axes, one in zip(panels, paths, strict=False):
            _settles(axes, one)
        for axes in panels[len(paths) :]:
            axes.set_visible(False)
    return figure


def _settles(axes: Axes, one: Mapping[str, Any]) -> None:
    scale = 100.0 if one["unit"] == "share" else 1.0
    own = [math.nan if value is None else value * scale for value in one["own"]]
    axes.plot(
        np.arange(1, len(own) + 1), own, marker="o", markersize=3, linestyle="", color=SKY, markeredgewidth=0
    )
    closed = [(n, found) for n, found in one["path"] if found.half is not None]
    if closed:
        runs = [n for n, _ in closed]
        low, high = ([getattr(found, end) * scale for _, found in closed] for end in ("low", "high"))
        axes.fill_between(runs, low, high, color=BLUE, alpha=0.18, linewidth=0)
        axes.plot(runs, [found.value * scale for _, found in closed], color=BLUE)
        # The first intervals are wide beyond all else: the panel shows what came after them.
        later = max(len(closed) // 4, min(len(closed) - 1, 3))
        within = [*low[later:], *high[later:], *(value for value in own if not math.isnan(value))]
        margin = 0.06 * (max(within) - min(within))
        if margin > 0:
            axes.set_ylim(min(within) - margin, max(within) + margin)
    axes.set_title(one["metric"])
    axes.set_ylabel("%" if one["unit"] == "share" else one["unit"])
    axes.set_xlabel("runs")
    axes.set_xlim(0.5, len(own) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def forest(title: str, rows: Sequence[Mapping[str, Any]]) -> Figure:
    """A line for each alternative in each figure: the difference as a share of the baseline, with its interval.

    Figures that are alike in every run are only counted.
    """
    known = [row for row in rows if row["difference"] is not None]
    rows = [row for row in known if row["verdict"] != "same"]
    alike = len(known) - len(rows)
    with house():
        figure = Picture(figsize=(10.5, 1.5 + 0.34 * max(len(rows), 1)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1)
        limit = _limit(rows)
        for place, row in enumerate(rows):
            _difference(axes, row, -place, limit)
        several = len({row["alternative"] for row in rows}) > 1
        labels = [f"{row['alternative']}: {row['metric']}" if several else row["metric"] for row in rows]
        axes.set_yticks([-place for place in range(len(rows))], labels, fontsize=8)
        axes.tick_params(axis="y", colors=INK, length=0)
        axes.set_ylim(-max(len(rows), 1) + 0.4, 0.6)
        axes.set_xlim(-1.08 * limit, 1.08 * limit)
        axes.grid(axis="x")
        also = f"; {alike} more are alike in every run" if alike else ""
        axes.set_xlabel(f"difference, % of the baseline (an arrow: farther out{also})")
        figure.suptitle(
            f"{title}: paired differences on common random numbers", fontsize=10.5, fontweight="bold", x=0.01,
            ha="left",
        )  # fmt: skip
    return figure


def _limit(rows: Sequence[Mapping[str, Any]]) -> float:
    """How far the axis goes: one figure that changed a hundredfold is not to hide the others."""
    reach = sorted(max(abs(row["low"]), abs(row["high"])) / _scale(row) * 100 for row in rows)
    if not reach or reach[-1] == 0:
        return 1.0
    return float(min(reach[-1], max(10 * reach[len(reach) // 2], 1.0)))


def _difference(axes: Axes, row: Mapping[str, Any], at: float, limit: float) -> None:
    scale = _scale(row) / 100
    middle, low, high = (row[name] / scale for name in ("difference", "low", "high"))
    colour, filled = COLOURS[row["verdict"]], row["verdict"] != "not known yet"
    if abs(middle) > limit:
        axes.plot(
            math.copysign(limit, middle), at, marker=">" if middle > 0 else "<", markersize=7, color=colour
        )
    else:
        axes.plot(
            [max(low, -1.08 * limit), min(high, 1.08 * limit)], [at, at], color=colour, linewidth=2.2,
            solid_capstyle="butt",
        )  # fmt: skip
        axes.plot(
            middle, at, marker=MARKS[row["verdict"]], markersize=6, color=colour,
            markerfacecolor=colour if filled else "white",
        )  # fmt: skip
    more = row["more_runs"]
    said = row["verdict"] + (f", about {int(more):,} more runs" if more else "")
    axes.text(
        1.01, at, f"{said}: {shown(row['baseline'], row['unit'])} → {shown(row['value'], row['unit'])}",
        transform=axes.get_yaxis_transform(), va="center", fontsize=8, color=INK if filled else QUIET,
    )  # fmt: skip


def _scale(row: Mapping[str, Any]) -> float:
    return abs(row["baseline"] or 0.0) or abs(row["value"] or 0.0) or 1.0


def warm_up(
    name: str, series: NDArray[np.float64], spread: NDArray[np.float64] | None, slot_ns: int, cut_ns: int, how: str
) -> Figure:  # fmt: skip
    """The mean over replications of the latency by time, and what was cut of it."""
    with house():
        figure = Picture(figsize=(9.5, 3.2), layout="constrained")
        axes = figure.subplots()
        at = (np.arange(len(series)) + 0.5) * slot_ns / 1e9
        if spread is not None:
            axes.fill_between(
                at, np.maximum(series - spread, 0), series + spread, color=SKY, alpha=0.35, linewidth=0
            )
        axes.plot(at, series, color=BLUE, linewidth=1.0)
        cut = cut_ns / 1e9
        axes.axvspan(0, cut, color=SHADE, zorder=-2, linewidth=0)
        axes.axvline(cut, color=RED, linewidth=1.4)
        kept = series[at >= cut]
        if len(kept):
            axes.plot([cut, at[-1]], [kept.mean()] * 2, color=INK, linewidth=1.0, linestyle=(0, (3, 2)))
        axes.set_xlim(0, len(series) * slot_ns / 1e9)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("simulated s")
        axes.set_ylabel("mean latency, ms")
        axes.set_title(f"{name}: {cut:g} s cut\nby {how}")
    return figure
