"""The picture of docs/performance.md, from what `make bench` printed; page.py draws it with the page.

Left, what the programs do per second of CPU time; right, time per attempt as things grow.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from rows import Row, speed
from scaling_gates import AXES, line_of, ns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COMPILED, SIMPY, OTHER, INK, GRID = "#1f5fa8", "#7fb2e5", "#a9a9a9", "#222222", "#dddddd"
BARS = {
    "the gateway, end to end": {
        "full_path": ("compiled engine, 10,000/s", COMPILED),
        "full_path_simpy": ("simpy engine, 10,000/s", SIMPY),
        "mixed_path": ("simpy engine, 2,000/s", SIMPY),
        "bare_simpy": ("bare SimPy, no gateway", OTHER),
    },
    "a queue of 50 servers (M/M/50)": {
        "mmc_compiled": ("compiled engine", COMPILED),
        "mmc_apigw_sim": ("simpy engine", SIMPY),
        "mmc_ciw": ("Ciw", OTHER),
        "mmc_asyncflow": ("AsyncFlow", OTHER),
        "mmc_happysim": ("happysim", OTHER),
    },
}
"""What is compared, from the top down."""
COLOURS = dict(
    zip(AXES, ("#1f5fa8", "#c44536", "#5b8c3e", "#8e5ea2", "#d08a1d", "#3a9a9a", "#555555"), strict=True)
)
APART_NS = 42  # how far the names of two lines are kept apart


def short(value: float) -> str:
    """A count as one reads it: 3.9 million, 52 thousand."""
    for unit, name in ((1e6, " million"), (1e3, " thousand")):
        if value >= unit:
            return f"{value / unit:.2g}{name}" if value < 10 * unit else f"{value / unit:,.0f}{name}"
    return f"{value:,.0f}"


def bars(ax: Axes, rows: dict[str, list[Row]]) -> None:
    """Requests per second of CPU time, on a logarithmic scale: medians, with the range as a line."""
    place, ticks, names = 0.0, [], []
    for group, members in BARS.items():
        ax.text(0, place - 0.1, group, transform=ax.get_yaxis_transform(), weight="bold", va="center")
        place += 0.9
        for variant, (name, colour) in members.items():
            if not rows.get(variant):
                continue
            speeds = [1000 * speed(row) for row in rows[variant]]
            ax.barh(place, median(speeds), height=0.72, color=colour)
            ax.plot([min(speeds), max(speeds)], [place, place], color=INK, lw=1.2, solid_capstyle="butt")
            ax.text(max(speeds) * 1.15, place, short(median(speeds)), va="center")
            ticks.append(place)
            names.append(name)
            place += 1
        place += 0.5
    ax.set_xscale("log")
    ax.set_xlim(5e3, 4e7)
    ax.set_ylim(place - 0.6, -0.6)
    ax.set_yticks(ticks, names)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(axis="x", color=GRID, lw=0.8)
    ax.set_title("Requests per second of CPU time", loc="left", weight="bold")


def lines(ax: Axes, times: dict[tuple[str, int], list[Row]]) -> None:
    """Nanoseconds per attempt along each axis, named at its end."""
    ends = []
    for axis, colour in COLOURS.items():
        line = {value: median(ns(rows)) for value, rows in line_of(axis, times).items()}
        ax.plot(list(line), list(line.values()), "o-", color=colour, lw=1.8, ms=4)
        ends.append([list(line.values())[-1], list(line)[-1], axis, colour])
    ends.sort()
    heights = [end[0] for end in ends]
    for _ in range(200):  # names that would overlap push each other apart
        for low in range(len(heights) - 1):
            if (over := APART_NS - (heights[low + 1] - heights[low])) > 0:
                heights[low] -= over / 2
                heights[low + 1] += over / 2
    right = max(end[1] for end in ends) * 4
    for (height, value, axis, colour), placed in zip(ends, heights, strict=True):
        ax.plot([value, right], [height, placed], color=colour, lw=0.7, ls=":")
        ax.text(right * 1.2, placed, axis, color=colour, va="center")
    ax.set_xscale("log")
    ax.set_xlim(0.7, right)
    ax.set_ylim(0, max(max(heights), *(end[0] for end in ends)) * 1.08)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    ax.set_xticks([10 ** (2 * power) for power in range(5) if 10 ** (2 * power) <= right])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(axis="y", color=GRID, lw=0.8)
    ax.set_xlabel("how many of them; requests: in all")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_title("Nanoseconds per attempt, compiled engine", loc="left", weight="bold")


def draw(rows: dict[str, list[Row]], times: dict[tuple[str, int], list[Row]], file: Path) -> None:
    """Both, as an SVG that is the same for the same rows."""
    style = {"svg.hashsalt": "apigw-sim", "svg.fonttype": "path", "font.size": 9.5, "text.color": INK}
    with mpl.rc_context(style):
        figure = Figure(figsize=(11, 4.7), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.05, 1))
        bars(left, rows)
        lines(right, times)
        for ax in (left, right):
            ax.spines[["top", "right", "left"]].set_visible(False)
            ax.tick_params(length=0)
            ax.set_axisbelow(True)
        figure.savefig(file, metadata={"Date": None})
