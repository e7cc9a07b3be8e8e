"""The picture of a capacity search: the values tried with their intervals, and between what the answer lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.ticker as ticks

from apigw_sim.report.overview import Picture
from apigw_sim.report.style import BLUE, GREY, INK, QUIET, RED, SHADE, house

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Summary = dict[str, Any]
MOST_MARGIN = 1.0
"""Margins are drawn up to the bound itself, and as far below it."""
LOOK = {"meets": (BLUE, "o"), "fails": (RED, "X"), "open": (GREY, "s")}
WORDS = {
    "meets": "proved to meet, by itself or by what lies behind",
    "fails": "proved to fail",
    "open": "open",
}


OF_COMBINATIONS = {"meets": "proved to meet", "fails": "leans to fail", "open": "leans to meet"}


def draw_costs(said: Summary) -> Figure:
    """The figure of a search over several settings: what each combination costs, and what its runs say."""
    short = {words: verdict for verdict, words in OF_COMBINATIONS.items()} | {"meets": "meets"}
    points = [
        row | {"value": str(number), "size": row["cost"], "verdict": short[row["verdict"]]}
        for number, row in enumerate(said["points"])
    ]
    proved = [row["value"] for row in points if row["verdict"] == "meets"]
    along = "cost: " + " + ".join(
        path if price == 1 else f"{price:g} x {path}"
        for path, price in zip(said["paths"], said["prices"], strict=True)
    )
    as_one = said | {"points": points, "vary": along, "meets": proved[0] if proved else None, "fails": None}
    return draw(as_one, OF_COMBINATIONS)


def draw(said: Summary, words: dict[str, str] = WORDS) -> Figure:
    """The figure of a search's summary."""
    with house():
        figure = Picture(figsize=(9, 4.6), layout="constrained")
        _panel(figure.subplots(), said, words)
        figure.suptitle(
            f"{said['scenario']}: {said['answer']}", x=0.01, ha="left", fontsize=11, fontweight="bold"
        )
    return figure


def _panel(axes: Axes, said: Summary, words: dict[str, str]) -> None:
    of_share = said["judge"] == "share"
    scale = 100
    listed = said.get("stepped", False) and said["vary"] != "load"
    points = sorted(said["points"], key=lambda row: row["size"])
    place = {row["value"]: row["size"] for row in points}
    if not listed and points[0]["size"] > 0:
        axes.set_xscale("log")
    _band(axes, said, place)
    shown = [row for row in points if row["found"] is not None]
    floor, top = (0.0, 1.0) if of_share else (-MOST_MARGIN, MOST_MARGIN)
    for verdict, (colour, marker) in LOOK.items():
        mine, above = [row for row in shown if row["verdict"] == verdict], 3 + (verdict == "meets")
        for row in mine:
            low = floor if row["low"] is None else min(max(row["low"], floor), top)
            high = top if row["high"] is None else min(max(row["high"], floor), top)
            axes.plot(
                [row["size"]] * 2, [low * scale, high * scale], color=colour, linewidth=1.4, alpha=0.75, zorder=above
            )  # fmt: skip
        if mine:
            axes.scatter(
                [row["size"] for row in mine], [min(max(row["found"], floor), top) * scale for row in mine],
                s=[20 + row["runs"] for row in mine], color=colour, marker=marker, zorder=above,
                edgecolors="white", linewidths=0.6,
            )  # fmt: skip
            axes.scatter([], [], s=36, color=colour, marker=marker, label=words[verdict])
    axes.axhline(said["bar"] * scale, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    bar = f"{said['bar'] * 100:g} % of runs" if of_share else "the bound"
    axes.annotate(
        bar, (0.003, said["bar"] * scale), xycoords=("axes fraction", "data"), xytext=(0, -3),
        textcoords="offset points", va="top", fontsize=8, color=INK,
    )  # fmt: skip
    axes.set_ylabel("runs that meet every expectation, %" if of_share else "margin of the one least met, %")
    axes.set_xlabel("all arrivals times" if said["vary"] == "load" else said["vary"])
    axes.set_ylim(floor * scale - 4, top * scale + 4)
    if any(not floor <= row["found"] <= top for row in shown):
        axes.annotate(
            f"marks at the edge lie beyond {top * scale:g} %", (0.995, 0.93), xycoords="axes fraction", ha="right",
            fontsize=8, color=QUIET,
        )  # fmt: skip
    if listed:
        axes.set_xticks([row["size"] for row in points], [row["value"] for row in points])
    else:
        sizes = [row["size"] for row in points]
        axes.set_xticks(_ticks(min(sizes), max(sizes)))
        axes.xaxis.set_major_formatter(ticks.FuncFormatter(lambda value, _: f"{value:,.6g}"))
        axes.xaxis.set_minor_locator(ticks.NullLocator())
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False, fontsize=8)
    axes.set_title(
        f"{said['runs']:,} runs; bars: intervals that hold together at every look; larger: more runs", fontsize=8.5,
        fontweight="normal", color=QUIET,
    )  # fmt: skip


def _band(axes: Axes, said: Summary, place: dict[str, float]) -> None:
    """Shade what is open between what meets and what fails."""
    ends = [place[said[end]] for end in ("meets", "fails") if said[end] is not None]
    if len(ends) == 2:
        axes.axvspan(min(ends), max(ends), color=SHADE, zorder=0)
        for end in ends:
            axes.axvline(end, color=QUIET, linewidth=0.8, zorder=0)
    elif ends:
        axes.axvline(ends[0], color=QUIET, linewidth=0.8, zorder=0)


def _ticks(low: float, high: float) -> list[float]:
    """Round places on a logarithmic axis."""
    found = [
        lead * 10.0**power
        for power in range(-6, 9)
        for lead in (1, 1.5, 2, 3, 5, 7)
        if low * 0.999 <= lead * 10.0**power <= high * 1.001
    ]
    return found if len(found) > 1 else [low, high]
