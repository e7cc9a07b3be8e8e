"""How the pictures look: colours that colour-blind readers can tell apart (Okabe and Ito), labels beside the lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
from matplotlib.transforms import blended_transform_factory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET, GRID, SHADE = "#222222", "#6b6b6b", "#e4e4e4", "#f1f1f1"
BLUE, SKY, GREEN, ORANGE, RED, PURPLE, YELLOW = (
    "#0072B2", "#8CC9EE", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#E8D526",
)  # fmt: skip
BROWN, GREY, BLACK = "#8C4A00", "#9A9A9A", "#111111"
LINES = (BLUE, RED, GREEN, PURPLE, ORANGE, BROWN, GREY)
RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.titlepad": 5, "axes.edgecolor": QUIET, "axes.labelcolor": INK,
    "text.color": INK, "xtick.color": QUIET, "ytick.color": QUIET, "axes.grid": True, "axes.grid.axis": "y",
    "grid.color": GRID, "grid.linewidth": 0.8, "axes.axisbelow": True, "axes.spines.top": False,
    "axes.spines.right": False, "lines.linewidth": 1.8, "svg.hashsalt": "apigw_sim", "svg.fonttype": "path",
    "axes.formatter.use_mathtext": False, "figure.facecolor": "white",
}  # fmt: skip


@contextmanager
def house() -> Iterator[None]:
    """matplotlib's own defaults with the house's changes, whatever the user has set."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        for name, value in RC.items():
            matplotlib.rcParams[name] = value
        yield


class Label(NamedTuple):
    """A text beside a line or an area, at the height of what it names."""

    at: float
    text: str
    colour: str


def list_right(axes: Axes, labels: Sequence[Label], step: float = 0.135) -> None:
    """List what is stacked, the topmost first, each with a patch of its colour (`at`: unused)."""
    where = axes.transAxes
    step = min(step, 0.96 / max(len(labels), 1))
    for number, label in enumerate(labels):
        height = 0.96 - number * step
        axes.plot(
            1.02, height, marker="s", markersize=6.5, color=label.colour, transform=where, clip_on=False,
            markeredgewidth=0,
        )  # fmt: skip
        axes.text(
            1.034, height, label.text, transform=where, va="center", ha="left", fontsize=8, clip_on=False
        )


def name_right(axes: Axes, labels: Sequence[Label], gap: float = 0.13) -> None:
    """Write labels at the right edge, each near its height (data), at least `gap` of the panel apart."""
    low, high = axes.get_ylim()
    log = axes.get_yscale() == "log"

    def height(value: float) -> float:
        span = axes.transAxes.inverted().transform(axes.transData.transform((0, value)))
        return float(min(max(span[1], 0.0), 1.0))

    if log:
        labels = [label._replace(at=max(label.at, low)) for label in labels]
    wanted = sorted(((height(label.at), number) for number, label in enumerate(labels)), reverse=True)
    gap = min(gap, 1 / max(len(labels) - 1, 1))
    heights: list[float] = []
    for place, (want, _) in enumerate(wanted):
        ceiling = heights[-1] - gap if heights else 1.0
        floor = gap * (len(wanted) - 1 - place)
        heights.append(max(min(want, ceiling), floor))
    where = blended_transform_factory(axes.transAxes, axes.transAxes)
    for (_, number), at in zip(wanted, heights, strict=True):
        label = labels[number]
        axes.text(
            1.012, at, label.text, transform=where, color=label.colour, va="center", ha="left", fontsize=8,
            clip_on=False,
        )  # fmt: skip
    axes.set_ylim(low, high)
