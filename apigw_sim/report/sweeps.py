"""Pictures of a sweep: lines with bands over one path, a heat map over two, a panel for each path otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apigw_sim.report.intervals import shown
from apigw_sim.report.overview import Picture
from apigw_sim.report.style import BLUE, LINES, QUIET, house

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MOST_LINES = len(LINES)
_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([^\d\s]\S*)?\s*")
AS_MS = {"ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
AS_MB = {"B": 2**-20, "KB": 2**-10, "MB": 1.0, "GB": 2.0**10}
AS_PER_S = {"/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600, "/d": 1 / 86400}


def numbers(values: Sequence[Any]) -> tuple[NDArray[np.float64], str] | None:
    """Values as numbers of one unit; None where they are names or of several kinds."""
    found, units = [], set()
    for value in values:
        read = _NUMBER.fullmatch(str(value))
        if not read:
            return None
        found.append(float(read[1]))
        units.add(read[2] or "")
    if len(units) == 1:
        return np.array(found), units.pop()
    for table, unit in ((AS_MS, "ms"), (AS_MB, "MB"), (AS_PER_S, "/s")):
        if units <= set(table):
            parts = [table[str(_unit(value))] * number for value, number in zip(values, found, strict=True)]
            return np.array(parts), unit
    return None


def _unit(value: Any) -> str:
    read = _NUMBER.fullmatch(str(value))
    return (read[2] or "") if read else ""


def draw(frame: pd.DataFrame, axes: Sequence[str], design: str, name: str, unit: str) -> Figure:
    """A sweep's rows of one metric as a picture."""
    metric = str(frame["metric"].iloc[0]) if len(frame) else ""
    frame = frame.assign(scale=100.0 if unit == "share" else 1.0)
    for column in ("value", "low", "high"):
        frame[column] = pd.to_numeric(frame[column]) * frame["scale"]
    label = f"{metric}, {'%' if unit == 'share' else unit}".rstrip(", ")
    figure: Figure
    with house():
        if design == "grid" and len(axes) == 1:
            figure = Picture(figsize=(8.0, 4.0), layout="constrained")
            _line(figure.subplots(), frame, axes[0], BLUE, "")
        elif design == "grid" and len(axes) == 2:
            figure = Picture(figsize=(8.6, 4.8), layout="constrained")
            _heat(figure, frame, axes, unit)
        else:
            figure = _panels(frame, axes, design)
        figure.suptitle(f"{name}: {label}", fontsize=10.5, fontweight="bold", x=0.01, ha="left")
    return figure


def _line(axes: Axes, frame: pd.DataFrame, path: str, colour: str, name: str) -> None:
    """The estimate over one path with its interval as a band; bars where the path takes names."""
    read = numbers(list(frame[path]))
    low, high = frame["low"].fillna(frame["value"]), frame["high"].fillna(frame["value"])
    if read is None:
        places = np.arange(len(frame))
        axes.errorbar(
            places, frame["value"], yerr=[frame["value"] - low, high - frame["value"]], marker="o", linestyle="",
            color=colour, capsize=3, label=name,
        )  # fmt: skip
        axes.set_xticks(places, [str(value) for value in frame[path]])
        axes.set_xlabel(path)
        return
    order = np.argsort(read[0], kind="stable")
    at = read[0][order]
    axes.fill_between(at, low.to_numpy()[order], high.to_numpy()[order], color=colour, alpha=0.2, linewidth=0)
    axes.plot(at, frame["value"].to_numpy()[order], color=colour, marker="o", markersize=3.5, label=name)
    axes.set_xlabel(f"{path}, {read[1]}" if read[1] else path)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def _heat(figure: Figure, frame: pd.DataFrame, paths: Sequence[str], unit: str) -> None:
    """Two paths as a map, each estimate written into its field; a field whose interval is wide is written in grey."""
    axes = figure.subplots()
    across, up = (list(dict.fromkeys(frame[path])) for path in paths)
    grid = np.full((len(up), len(across)), np.nan)
    places = {}
    for _, row in frame.iterrows():
        place = up.index(row[paths[1]]), across.index(row[paths[0]])
        grid[place] = row["value"]
        places[place] = row
    image = axes.imshow(grid, origin="lower", aspect="auto", cmap="cividis")
    figure.colorbar(image, ax=axes, shrink=0.9)
    middle = (np.nanmin(grid) + np.nanmax(grid)) / 2
    size = 8 if len(across) <= 10 else 6
    for (y, x), row in places.items():
        text = shown(row["value"] / row["scale"], unit)
        if pd.notna(row["low"]) and pd.notna(row["high"]):
            text += f"\n±{shown((row['high'] - row['low']) / 2 / row['scale'], unit)}"
        dark = grid[y, x] < middle
        axes.text(x, y, text, ha="center", va="center", fontsize=size, color="white" if dark else "black")
    axes.set_xticks(range(len(across)), [str(value) for value in across])
    axes.set_yticks(range(len(up)), [str(value) for value in up])
    axes.set_xlabel(paths[0])
    axes.set_ylabel(paths[1])
    axes.grid(visible=False)


def _panels(frame: pd.DataFrame, paths: Sequence[str], design: str) -> Figure:
    """A panel for each path, all to one scale."""
    columns = min(len(paths), 3)
    rows = -(-len(paths) // columns)
    figure = Picture(figsize=(4.2 * columns, 3.2 * rows + 0.4), layout="constrained")
    panels = np.atleast_1d(figure.subplots(rows, columns, squeeze=False, sharey=True)).ravel()
    for axes, path in zip(panels, paths, strict=False):
        mine = frame[frame[path].notna()]
        if design == "one_at_a_time":
            _line(axes, mine, path, BLUE, "")
            base = frame[frame[list(paths)].isna().all(axis=1)]
            if len(base):
                axes.axhline(float(base["value"].iloc[0]), color=QUIET, linewidth=1, linestyle=(0, (3, 2)))
        else:
            _dots(axes, mine, path)
    for axes in panels[len(paths) :]:
        axes.set_visible(False)
    return figure


def _dots(axes: Axes, frame: pd.DataFrame, path: str) -> None:
    read = numbers(list(frame[path]))
    names = list(dict.fromkeys(frame[path]))
    at = read[0] if read is not None else np.array([names.index(value) for value in frame[path]], float)
    low, high = frame["low"].fillna(frame["value"]), frame["high"].fillna(frame["value"])
    axes.errorbar(
        at, frame["value"], yerr=[(frame["value"] - low).clip(lower=0), (high - frame["value"]).clip(lower=0)],
        marker="o", markersize=3, linestyle="", color=BLUE, elinewidth=0.8,
    )  # fmt: skip
    if read is None:
        axes.set_xticks(range(len(names)), [str(name) for name in names])
    axes.set_xlabel(f"{path}, {read[1]}" if read is not None and read[1] else path)
