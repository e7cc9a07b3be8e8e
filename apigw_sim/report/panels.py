"""The panels of the overview: a frame and an Axes in; the time axis is in the unit that `Clock` chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from apigw_sim.report.style import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    INK,
    LINES,
    ORANGE,
    PURPLE,
    QUIET,
    RED,
    SKY,
    YELLOW,
    Label,
    list_right,
    name_right,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

CLASSES = (
    ("carried", "carried (2xx, 3xx)", SKY),
    ("plan_method", "429 plan, per method", "#FBE7A1"),
    ("plan", "429 plan", YELLOW),
    ("quota", "429 quota", PURPLE),
    ("method", "429 method", ORANGE),
    ("account", "429 account", RED),
    ("other_4xx", "other 4xx", "#A8A8A8"),
    ("server_5xx", "5xx", BLACK),
)
"""Columns of the traffic frame, their names and colours, in order of stacking."""
REFUSED = ("plan_method", "plan", "quota", "method", "account")
FAR = 4.0
"""A ceiling this many times above the highest use is named, not drawn."""
MOST_LINES = 5
MOST_STRIPS = 7
BANDS = (0.25, 0.5, 0.75)
STRIP = ("#7F2704", "#E6550D", "#FD9A54", "#FDD0A2", "#EEF3F7")
STRIP_NAMES = ("empty", "below 25 %", "25 to 50 %", "50 to 75 %", "75 % up")
"""Strips of buckets: from dark to light also in grey."""


STATES = {"ALARM": (RED, 0.84), "OK": (GREEN, 0.42), "INSUFFICIENT_DATA": ("#C9C9C9", 0.18)}
"""Of alarms: colour, and height of the strip."""


class Clock(NamedTuple):
    """How times are shown: seconds per unit, and the unit's name."""

    seconds: float
    unit: str
    period_s: float
    end_s: float

    def edges(self, begin_s: ArrayLike) -> NDArray[np.float64]:
        """The beginnings of periods and the end of the last one, in the unit."""
        begins = np.asarray(begin_s, np.float64)
        return np.append(begins, begins[-1:] + self.period_s) / self.seconds


def clock(duration_s: float, period_s: float, end_s: float) -> Clock:
    """The unit that suits a run's length."""
    for seconds, unit in ((86_400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if duration_s >= 3 * seconds:
            return Clock(seconds, unit, period_s, end_s)
    return Clock(1.0, "s", period_s, end_s)


def traffic(
    axes: Axes, frame: pd.DataFrame, time: Clock, title: str, busiest: dict[str, int] | None = None
) -> None:
    """Requests per second, stacked by what became of them, with each class's share after warm-up."""
    every = complete(frame, time)
    in_run = frame[frame["phase"] == "run"]
    edges = time.edges(every.index.to_numpy())
    total = float(in_run["offered"].sum())
    base = np.zeros(len(every))
    labels = []
    for column, name, colour in CLASSES:
        rate = every[column].to_numpy(np.float64) / time.period_s
        if not rate.any():
            continue
        top = base + rate
        axes.fill_between(edges, _held(base), _held(top), step="post", color=colour, linewidth=0)
        share = float(in_run[column].sum()) / total if total else 0.0
        labels.append(Label(0.0, f"{name}  {percent(share)}", colour))
        base = top
    highest = float(base.max(initial=0.0))
    if busiest is not None:
        highest = max(highest, busiest["arrived"])
        at = (busiest["at_s"] + 0.5) / time.seconds
        axes.plot(at, busiest["arrived"], marker="v", color=INK, markersize=5, linestyle="")
        left = at < 0.5 * time.end_s / time.seconds
        axes.annotate(
            f"busiest second: {busiest['arrived']:,} arrived, {busiest['carried']:,} carried",
            (at, busiest["arrived"]), (7 if left else -7, 0), textcoords="offset points", fontsize=7.5, color=INK,
            va="center", ha="left" if left else "right",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
        )  # fmt: skip
    axes.set_ylim(0, max(highest * 1.09, 1e-9))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.set_ylabel("requests/s")
    axes.set_title(title)
    list_right(axes, labels[::-1])


def latency(axes: Axes, frame: pd.DataFrame, time: Clock) -> None:
    """Latency at the gateway: all answers as CloudWatch shows them, and those of carried requests alone."""
    every = complete(frame, time)
    edges = time.edges(every.index.to_numpy())
    lines = (
        ("p99_ms", "p99 all answers", RED, "-"),
        ("carried_p99_ms", "p99 carried", BLUE, "-"),
        ("p50_ms", "p50 all answers", RED, (0, (2.5, 1.5))),
        ("carried_p50_ms", "p50 carried", BLUE, (0, (2.5, 1.5))),
    )
    labels = []
    drawn: list[float] = []
    axes.set_yscale("log")
    for column, name, colour, dash in lines:
        values = every[column].to_numpy(np.float64)
        known = values[np.isfinite(values) & (values > 0)]
        if not len(known):
            continue
        # What all answers share with the carried ones lies beneath, wider, so that both are seen.
        width = 3.2 if colour == RED else 1.6
        axes.step(
            edges, _held(values), where="post", color=colour, linestyle=dash, linewidth=width,
            alpha=0.55 if colour == RED else 1.0,
        )  # fmt: skip
        drawn += known.tolist()
        labels.append(Label(_last(values, frame, time), name, colour))
    if drawn:
        axes.set_ylim(min(drawn) / 1.4, max(drawn) * 1.4)
    plain_log(axes)
    axes.set_ylabel("ms")
    refused = any(every[column].any() for column, *_ in CLASSES if column in REFUSED)
    beware = " (a refusal answers fast and lowers what CloudWatch shows)" if refused else ""
    axes.set_title(f"Latency at the gateway{beware}")
    name_right(axes, labels)


def concurrency(
    axes: Axes, frame: pd.DataFrame, ceilings: Mapping[str, Sequence[tuple[float, int]]], time: Clock
) -> None:
    """Lambda's concurrency: the highest of each period by function, or of a pool, and its limit."""
    labels = []
    peaks = frame.groupby("function")["peak"].max().sort_values(ascending=False, kind="stable")
    highest = float(peaks.max())
    far = []
    colour_of = {name: LINES[number % len(LINES)] for number, name in enumerate(sorted(peaks.index))}
    for name in peaks.index[:MOST_LINES]:
        mine = complete(frame[frame["function"] == name].drop(columns="function"), time, missing=0.0)
        values = mine["peak"].to_numpy(np.float64)
        axes.step(time.edges(mine.index.to_numpy()), _held(values), where="post", color=colour_of[name])
        labels.append(
            Label(_last(values, frame, time), f"{name}  peak {int(values.max()):,}", colour_of[name])
        )
        steps = ceilings.get(str(name), ())
        most = max((value for _, value in steps), default=0)
        if not steps:
            continue
        if most > FAR * highest:
            far.append(f"{name} {most:,}")
            continue
        at = [begin / time.seconds for begin, _ in steps] + [time.end_s / time.seconds]
        heights = [value for _, value in steps]
        axes.step(
            at, [*heights, heights[-1]], where="post", color=colour_of[name], linestyle=":", linewidth=1.6
        )
        labels.append(Label(float(heights[-1]), f"limit of {name}  {heights[-1]:,}", colour_of[name]))
        highest = max(highest, most)
    axes.set_ylim(0, max(highest * 1.08, 1.0))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.set_ylabel("executions at once")
    beyond = f"; far above: {', '.join(far)}" if far else ""
    axes.set_title(f"Lambda concurrency, highest of each period (dotted: limit{beyond})")
    name_right(axes, labels)


def backlog(axes: Axes, frame: pd.DataFrame, time: Clock) -> None:
    """What waits in SQS queues: the most of each period."""
    labels = []
    peaks = frame.groupby("queue")["peak"].max().sort_values(ascending=False, kind="stable")
    for number, name in enumerate(peaks.index[:MOST_LINES]):
        mine = complete(frame[frame["queue"] == name].drop(columns="queue"), time, missing=0.0)
        values = mine["peak"].to_numpy(np.float64)
        colour = LINES[number % len(LINES)]
        axes.step(time.edges(mine.index.to_numpy()), _held(values), where="post", color=colour)
        labels.append(Label(_last(values, frame, time), f"{name}  peak {int(values.max()):,}", colour))
    axes.set_ylim(0, max(float(peaks.max()) * 1.08, 1.0))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.set_ylabel("messages")
    axes.set_title("Messages that wait in queues, most of each period")
    name_right(axes, labels)


def hit_ratio(axes: Axes, frame: pd.DataFrame, time: Clock) -> None:
    """Cache hits as a share of lookups, by stage."""
    labels = []
    for number, (name, rows) in enumerate(frame.groupby("stage", sort=True)):
        mine = complete(rows.drop(columns=["stage", "phase", "timestamp"]), time)
        hits = mine["hits"].to_numpy(np.float64)
        asked = hits + mine["misses"].to_numpy(np.float64)
        share = np.divide(hits, asked, out=np.full(len(asked), np.nan), where=asked > 0)
        colour = (GREEN, PURPLE, BROWN, GREY)[number % 4]
        axes.step(time.edges(mine.index.to_numpy()), _held(share), where="post", color=colour)
        total = float(hits.sum()) / max(float(asked.sum()), 1.0)
        labels.append(Label(_last(share, frame, time), f"{name}  {percent(total)} over all", colour))
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_ylabel("hits / lookups")
    axes.set_title("Cache hit ratio")
    name_right(axes, labels)


def strips(frame: pd.DataFrame) -> int:
    """How many strips `lows` draws."""
    return min(frame["limit"].nunique(), MOST_STRIPS)


def lows(axes: Axes, frame: pd.DataFrame, time: Clock) -> None:
    """A strip per limit: the least that its emptiest bucket or quota held in each period, as a share of the burst."""
    worst = frame.groupby("limit", sort=False).agg({"share": "min", "empty": "sum"})
    worst = worst.sort_values(["empty", "share"], ascending=[False, True], kind="stable")
    names = [str(name) for name in worst.index[:MOST_STRIPS]]
    for row, name in enumerate(names):
        mine = complete(frame.loc[frame["limit"] == name, ["begin_s", "share", "empty"]], time)
        empty = mine["empty"].to_numpy(np.float64) > 0
        share = mine["share"].fillna(1.0).to_numpy(np.float64)
        band = np.where(empty, 0, 1 + np.searchsorted(BANDS, share, side="right"))
        edges = time.edges(mine.index.to_numpy())
        cuts = [0, *(np.nonzero(np.diff(band))[0] + 1).tolist(), len(band)]
        for first, end in pairwise(cuts):
            axes.broken_barh(
                [(float(edges[first]), float(edges[end] - edges[first]))], (-row - 0.42, 0.84),
                color=STRIP[int(band[first])], linewidth=0,
            )  # fmt: skip
        periods = int(empty.sum())
        text = (
            f"empty in {periods} of {len(empty)}"
            if periods
            else f"least {percent(float(worst['share'].iloc[row]))}"
        )
        _beside(
            axes, -row, f"{shortened(name.removesuffix(' throttle'), 38)}  {text}", INK if periods else QUIET
        )
    rest = worst.iloc[MOST_STRIPS:]
    if len(rest):
        _beside(axes, -len(names), f"{len(rest)} more: least {percent(float(rest['share'].min()))}", QUIET)
    axes.set_ylim(-len(names) + 0.5, 0.5)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_title("Least left in the emptiest bucket of each limit")
    inches = axes.get_position().height * axes.get_figure(root=True).get_figheight()  # type: ignore[union-attr]
    height = 1 + 0.145 / inches
    for number, (colour, text) in enumerate(zip(STRIP, STRIP_NAMES, strict=True)):
        at = 1.005 - (len(STRIP) - number) * 0.1
        axes.plot(
            at, height, marker="s", markersize=7, color=colour, transform=axes.transAxes, clip_on=False,
            markeredgecolor=QUIET, markeredgewidth=0.4,
        )  # fmt: skip
        axes.text(at + 0.012, height, text, transform=axes.transAxes, va="center", fontsize=7.5, color=QUIET)


def alarms(axes: Axes, rows: Sequence[tuple[str, Sequence[tuple[float, str]]]], time: Clock) -> None:
    """A strip per alarm, those that rang first: its state over time, as colour and as height."""
    rang = {name: sum(state == "ALARM" for _, state in states) for name, states in rows}
    shown = sorted(rows, key=lambda row: -min(rang[row[0]], 1))[:MOST_STRIPS]
    for row, (name, states) in enumerate(shown):
        edges = [*(at for at, _ in states), time.end_s]
        for (begin, state), end in zip(states, edges[1:], strict=True):
            colour, height = STATES[state]
            width = max(min(end, time.end_s) - begin, 0.0) / time.seconds
            axes.broken_barh(
                [(begin / time.seconds, width)], (-row - height / 2, height), color=colour, linewidth=0
            )
        first = next((at for at, state in states if state == "ALARM"), None)
        text = "did not ring" if first is None else f"rang at {first / time.seconds:.3g} {time.unit}"
        _beside(axes, -row, f"{shortened(name, 38)}  {text}", QUIET if first is None else INK)
    axes.set_ylim(-len(shown) + 0.5, 0.5)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    more = f" (and {len(rows) - len(shown)} more in summary.json)" if len(rows) > len(shown) else ""
    axes.set_title(f"Alarms: red and tall ALARM, green OK, grey INSUFFICIENT_DATA{more}")


def _beside(axes: Axes, height: float, text: str, colour: str) -> None:
    axes.text(
        1.012, height, text, transform=axes.get_yaxis_transform(), va="center", ha="left", fontsize=8, color=colour,
        clip_on=False,
    )  # fmt: skip


def complete(frame: pd.DataFrame, time: Clock, missing: float | None = None) -> pd.DataFrame:
    """Rows by `begin_s`, with one for every period up to the end."""
    numbered = frame.select_dtypes(["number", "bool"]).astype(np.float64).groupby("begin_s").max()
    count = max(int(np.ceil(time.end_s / time.period_s - 1e-9)), 1)
    whole = numbered.reindex(np.arange(count) * time.period_s)
    counts = [name for name in whole.columns if not str(name).endswith(("_ms", "share", "peak"))]
    whole[counts] = whole[counts].fillna(0)
    if missing is not None:
        whole = whole.fillna(missing)
    return whole


def percent(share: float) -> str:
    """A share for people: never 0 % for something, never 100 % for less than all."""
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1:
        return ">99.9 %"
    return f"{share * 100:.1f} %"


def shortened(text: str, most: int) -> str:
    """A text of at most so many letters; its beginning and its end stay."""
    if len(text) <= most:
        return text
    head = (most - 1) // 3
    return f"{text[:head]}…{text[head + 1 - most :]}"


def _last(values: NDArray[np.float64], frame: pd.DataFrame, time: Clock) -> float:
    """The last value of the run itself, before the drain; 0 without one."""
    ends = frame.loc[frame["phase"] != "drain", "begin_s"] if "phase" in frame else frame["begin_s"]
    known = values[: round(float(ends.max()) / time.period_s) + 1] if len(ends) else values
    known = known[np.isfinite(known)]
    return float(known[-1]) if len(known) else 0.0


def plain_log(axes: Axes) -> None:
    """Ticks at 1, 2 and 5 times powers of ten, in plain numbers."""
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def _held(values: Any) -> NDArray[np.float64]:
    """A value per period, the last one held to the period's end."""
    array = np.asarray(values, np.float64)
    return np.append(array, array[-1:])
