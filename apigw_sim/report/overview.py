"""The overview of a run: one figure that a capacity planner reads in ten seconds."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from apigw_sim.metrics import cloudwatch
from apigw_sim.metrics.limits import pool_name
from apigw_sim.plan.tables import NULL, BackendKind
from apigw_sim.report import panels
from apigw_sim.report.style import GRID, INK, QUIET, SHADE, house
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from matplotlib.axes import Axes

    from apigw_sim.metrics import Metrics

WIDTH, HEAD, FOOT, PANEL, GAP, STRIP = 12.0, 1.12, 0.62, 1.62, 0.5, 0.23
"""Inches."""
LEFT, RIGHT = 0.07, 0.715
"""Of the width."""
MOST_NAMED = 6
"""Timeline entries whose text is written; the others are only marked."""
LANES, LETTER = 2, 0.058
"""Lines over which their texts are spread, and how wide a letter is, in inches."""


class Mark(NamedTuple):
    """A timeline entry: when, until when (None: it stays), what."""

    begin_s: float
    end_s: float | None
    text: str


class Story(NamedTuple):
    """What the overview shows."""

    title: str
    headline: str
    start: str
    warm_up_s: float
    duration_s: float
    period_s: float
    end_s: float
    traffic: pd.DataFrame
    """`Result.traffic`."""
    stages: tuple[str, ...]
    busiest: dict[str, dict[str, int]]
    """Of stages: the summary's `busiest_second`."""
    concurrency: pd.DataFrame
    """begin_s, phase, function, peak."""
    ceilings: Mapping[str, Sequence[tuple[float, int]]]
    """Of functions and, as `""`, of the unreserved pool: (from when in s, how many)."""
    lows: pd.DataFrame
    """begin_s, limit, share, empty."""
    marks: tuple[Mark, ...]
    backlog: pd.DataFrame
    """begin_s, phase, queue, peak: messages that can be received."""
    alarms: tuple[tuple[str, tuple[tuple[float, str], ...]], ...] = ()
    """Of each alarm its name and its states: (from when in s, state)."""


class Picture(Figure):
    """A figure that shows itself in a notebook also where pyplot was never imported."""

    def _repr_png_(self) -> bytes:
        data = io.BytesIO()
        with house():
            FigureCanvasAgg(self).print_figure(data, format="png")
        return data.getvalue()


def story(
    summary: dict[str, Any],
    metrics: Metrics,
    traffic: pd.DataFrame,
    figures: pd.DataFrame,
    lows: pd.DataFrame,
) -> Story:
    """The story of a run, from its summary, its metrics and the frames made of them."""
    plan = metrics.plan
    zero = cloudwatch.begin(metrics, 0)
    last = float(traffic["begin_s"].max()) if len(traffic) else 0.0
    period_s, duration_s = plan.period / SECOND, plan.duration / SECOND
    concurrency, ceilings = _concurrency(metrics, figures, zero)
    return Story(
        f"{summary['scenario']}, seed {summary['seed']}",
        _headline(summary),
        cloudwatch.iso(zero).replace("T", " ").replace("Z", " UTC"),
        plan.warm_up / SECOND,
        duration_s,
        period_s,
        max(duration_s, last + period_s),
        traffic,
        tuple(summary["stages"]),
        {name: row["busiest_second"] for name, row in summary["stages"].items() if row["busiest_second"]},
        concurrency,
        ceilings,
        lows,
        tuple(
            Mark(
                event.at / SECOND,
                event.until / SECOND if event.until >= 0 else None,
                f"{event.text}: {event.after}" if event.text.startswith("set ") else event.text,
            )
            for event in plan.timeline
        ),
        _backlog(figures, zero),
        tuple(
            (row["name"], tuple((state["at_s"], state["state"]) for state in row["states"]))
            for row in summary["alarms"]
        ),
    )


def _headline(summary: dict[str, Any]) -> str:
    """The run in one line."""
    count = summary["requests"]["count"]
    if not count:
        return "no request arrived after warm-up"
    status = {int(name): number for name, number in summary["requests"]["by_status"].items()}
    carried = sum(number for name, number in status.items() if name < 400)
    failed = sum(number for name, number in status.items() if name >= 500)
    refused = sum(summary["throttled_by"].values())
    return (
        f"{count:,} requests after warm-up: {panels.percent(carried / count)} carried, "
        f"{panels.percent(refused / count)} refused (429), {panels.percent(failed / count)} 5xx"
    )


def _concurrency(
    metrics: Metrics, figures: pd.DataFrame, zero: datetime
) -> tuple[pd.DataFrame, dict[str, list[tuple[float, int]]]]:
    """Peaks and ceilings by function, and of each Region's unreserved pool, unless one function is all of it."""
    plan, ceilings = metrics.plan, metrics.ceilings()
    peaks = figures[(figures["metric"] == "ConcurrentExecutions") & (figures["function"] != "")]
    for number, region in enumerate(plan.regions):
        pool = pool_name(plan, number)
        alone = [
            row.name
            for row in plan.backends
            if row.kind == BackendKind.LAMBDA and row.version_of == NULL and row.region == number
            and row.name not in ceilings
        ]  # fmt: skip
        if len(alone) == 1 and pool in ceilings:
            ceilings[alone[0]] = ceilings.pop(pool)
        elif len(alone) > 1:
            shared = figures["metric"] == "UnreservedConcurrentExecutions"
            here = figures[shared & (figures["region"] == (region.name if number else ""))]
            peaks = pd.concat([peaks, here.assign(function=pool)])
    frame = pd.DataFrame({
        "begin_s": (peaks["timestamp"] - zero).dt.total_seconds(),
        "phase": peaks["phase"],
        "function": peaks["function"].astype(str),
        "peak": peaks["Maximum"],
    })  # fmt: skip
    return frame, ceilings


def _backlog(figures: pd.DataFrame, zero: datetime) -> pd.DataFrame:
    """What waits in SQS queues."""
    rows = figures[figures["metric"] == "ApproximateNumberOfMessagesVisible"]
    return pd.DataFrame({
        "begin_s": (rows["timestamp"] - zero).dt.total_seconds(),
        "phase": rows["phase"],
        "queue": rows["queue"].astype(str),
        "peak": rows["Maximum"],
    })  # fmt: skip


def draw(told: Story) -> Figure:
    """The figure: traffic, latency, concurrency, queues, cache, buckets; only panels that have something to say."""
    with house():
        return _draw(told)


def svg(told: Story) -> str:
    """The figure as SVG, byte for byte the same for the same story."""
    with house():
        return svg_of(_draw(told))


def svg_of(figure: Figure) -> str:
    """Any figure as SVG, byte for byte the same for the same figure."""
    text = io.StringIO()
    with house():
        FigureCanvasSVG(figure).print_figure(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _draw(told: Story) -> Figure:
    time = panels.clock(told.duration_s, told.period_s, told.end_s)
    todo = _panels(told, time)
    height = HEAD + FOOT + sum(tall for _, tall in todo) + (len(todo) - 1) * GAP
    figure = Picture(figsize=(WIDTH, height), dpi=100)
    first: Axes | None = None
    top = height - HEAD
    for number, (panel, tall) in enumerate(todo):
        axes = figure.add_axes((LEFT, (top - tall) / height, RIGHT - LEFT, tall / height), sharex=first)
        top -= tall + GAP
        first = first or axes
        panel(axes)
        _shade(axes, told, time)
        axes.tick_params(axis="x", labelbottom=number == len(todo) - 1, length=3)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, told.end_s / time.seconds)
        axes.margins(x=0)
    assert first is not None
    _name_phases(first, told, time)
    figure.axes[-1].set_xlabel(
        f"{time.unit} from {told.start}; one step is a period of {_span(told.period_s)}"
    )
    figure.text(LEFT, 1 - 0.22 / height, told.title, fontsize=13, fontweight="bold", color=INK, va="center")
    figure.text(LEFT, 1 - 0.46 / height, told.headline, fontsize=9.5, color=INK, va="center")
    return figure


def _panels(told: Story, time: panels.Clock) -> list[tuple[Callable[[Axes], None], float]]:
    """Each panel with its height in inches."""
    traffic = told.traffic
    seen = set(traffic["stage"])
    stages = [name for name in told.stages if name in seen]
    todo: list[tuple[Callable[[Axes], None], float]] = []
    for name in stages if len(stages) in (1, 2) else [""]:
        mine = traffic[traffic["stage"] == name]
        title = f"Requests{f' of {name}' if name else ''} per second, by answer (shares: after warm-up)"
        busiest = told.busiest.get(name)
        todo.append((partial(panels.traffic, frame=mine, time=time, title=title, busiest=busiest), PANEL))
    of_all = traffic[traffic["stage"] == ""]
    if len(of_all):
        todo.append((partial(panels.latency, frame=of_all, time=time), PANEL))
    if len(told.concurrency):
        use = partial(panels.concurrency, frame=told.concurrency, ceilings=told.ceilings, time=time)
        todo.append((use, PANEL))
    if len(told.backlog):
        todo.append((partial(panels.backlog, frame=told.backlog, time=time), PANEL))
    asked = traffic.groupby("stage")[["hits", "misses"]].sum().sum(axis=1)
    cached = [name for name in stages if asked.get(name, 0)]
    if cached:
        ratio = partial(panels.hit_ratio, frame=traffic[traffic["stage"].isin(cached)], time=time)
        todo.append((ratio, PANEL))
    if told.alarms:
        strips = partial(panels.alarms, rows=told.alarms, time=time)
        todo.append((strips, STRIP * (min(len(told.alarms), panels.MOST_STRIPS) + 0.2)))
    if len(told.lows):
        todo.append(
            (partial(panels.lows, frame=told.lows, time=time), STRIP * (panels.strips(told.lows) + 0.2))
        )
    return todo


def _shade(axes: Axes, told: Story, time: panels.Clock) -> None:
    """Warm-up and drain in grey; the timeline's entries as lines."""
    for begin, end in ((0.0, told.warm_up_s), (told.duration_s, told.end_s)):
        if end > begin:
            axes.axvspan(begin / time.seconds, end / time.seconds, color=SHADE, zorder=-2, linewidth=0)
    for mark in told.marks:
        axes.axvline(
            mark.begin_s / time.seconds, color=QUIET, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1.5
        )
        if mark.end_s is not None:
            axes.axvspan(
                mark.begin_s / time.seconds, min(mark.end_s, told.end_s) / time.seconds, color=GRID, alpha=0.5,
                zorder=-1, linewidth=0,
            )  # fmt: skip


def _name_phases(axes: Axes, told: Story, time: panels.Clock) -> None:
    where = axes.get_xaxis_transform()
    for begin, end, text in ((0.0, told.warm_up_s, "warm-up"), (told.duration_s, told.end_s, "drain")):
        if end - begin >= 0.04 * told.end_s:
            axes.text(
                (begin + end) / 2 / time.seconds, 0.97, text, transform=where, ha="center", va="top", fontsize=7.5,
                color=QUIET,
            )  # fmt: skip
    named = _named(told)
    for number, (begin, text) in enumerate(named):
        following = [other for other, _ in named[number + LANES :: LANES]]
        axes.text(
            begin / time.seconds, 1.14 + 0.09 * (number % LANES), panels.shortened(text, _room(told, begin, following)),
            transform=where, ha="left", va="bottom", fontsize=7, color=QUIET, clip_on=False,
        )  # fmt: skip


def _named(told: Story) -> list[tuple[float, str]]:
    """When timeline entries begin and their names; those of one instant have one between them."""
    at: dict[float, list[str]] = {}
    for mark in told.marks:
        at.setdefault(mark.begin_s, []).append(mark.text)
    names = [
        (begin, texts[0] if len(texts) == 1 else f"{len(texts)} at once: {texts[0]}")
        for begin, texts in at.items()
    ]
    return names[:MOST_NAMED]


def _room(told: Story, begin: float, following: list[float]) -> int:
    """How many letters of a name there is room for, before the next in its lane begins or at the picture's edge."""
    inches = (RIGHT - LEFT) * WIDTH
    room = (following[0] if following else told.end_s) - begin
    wide = inches * room / told.end_s + (0 if following else (1 - RIGHT) * WIDTH)
    return max(min(int(wide / LETTER), 64), 3)


def _span(seconds: float) -> str:
    for length, unit in ((3600, "h"), (60, "min"), (1, "s")):
        if seconds >= length and (seconds / length).is_integer():
            return f"{seconds / length:g} {unit}"
    return f"{seconds * 1000:g} ms"
