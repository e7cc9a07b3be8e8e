"""What a notebook shows of a run: a few numbers and a small picture, as HTML of its own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.report.panels import CLASSES, percent
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    import pandas as pd

WIDTH, HEIGHT = 560, 80


def card(summary: dict[str, Any], traffic: pd.DataFrame, period: int) -> str:
    """The card of a run."""
    count = summary["requests"]["count"]
    refused = sum(summary["throttled_by"].values())
    by_status = summary["requests"]["by_status"]
    failed = sum(n for status, n in by_status.items() if int(status) >= 500)
    carried = sum(n for status, n in by_status.items() if int(status) < 400)
    rows = [
        ("requests", f"{count:,}"),
        ("carried (2xx, 3xx)", _of(carried, count)),
        ("refused (429)", _of(refused, count)),
        ("5xx", _of(failed, count)),
        ("Latency p50, p99", _pair(summary["latency_ms"])),
        ("... of 2xx", _pair(summary["latency_2xx_ms"])),
    ]
    rows += [
        (name, f"p99 of calls {_ms(row['call_latency_ms']['p99'])}") for name, row in _few(summary["clients"])
    ]
    met = [row["met"] for row in summary["expectations"]]
    if met:
        rows.append(("expectations", f"{met.count(True)} met, {met.count(False)} not"))
    cells = "".join(
        f'<tr><td style="text-align:left">{escape(name)}</td><td style="text-align:right">{escape(text)}</td></tr>'
        for name, text in rows
    )
    head = f"{escape(summary['scenario'])} <small>seed {summary['seed']}, {escape(summary['engine'])}</small>"
    return f"<div><b>{head}</b><table>{cells}</table>{picture(traffic, period)}</div>"


def picture(traffic: pd.DataFrame, period: int) -> str:
    """Requests per second over time, stacked by answer, as a small SVG."""
    whole = traffic[traffic["stage"] == ""]
    if not len(whole):
        return ""
    number = np.round(whole["begin_s"].to_numpy(np.float64) * SECOND / period).astype(int)
    length = int(number.max()) + 1
    columns = {name: np.bincount(number, whole[name].to_numpy(np.float64), length) for name, _, _ in CLASSES}
    top = max(float(sum(columns.values()).max()), 1.0)  # type: ignore[union-attr]
    base = np.zeros(length)
    parts = []
    for name, text, colour in CLASSES:
        if not columns[name].any():
            continue
        above = base + columns[name]
        parts.append(
            f'<path d="{_area(base / top, above / top)}" fill="{colour}"><title>{text}</title></path>'
        )
        base = above
    rate = top * SECOND / period
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="requests per second over time">'
        f'{"".join(parts)}<text x="4" y="11" font-size="10" fill="#222">{rate:,.4g} requests/s</text></svg>'
    )


def _area(low: Any, high: Any) -> str:
    """The outline of a stepped area."""
    width = WIDTH / len(low)
    there = [f"{n * width:.1f},{(1 - y) * HEIGHT:.1f}H{(n + 1) * width:.1f}" for n, y in enumerate(high)]
    back = [
        f"{(n + 1) * width:.1f},{(1 - y) * HEIGHT:.1f}H{n * width:.1f}"
        for n, y in reversed(list(enumerate(low)))
    ]
    return "M" + "L".join(there + back) + "Z"


def _of(part: int, whole: int) -> str:
    return f"{part:,} ({percent(part / whole)})" if whole else "0"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f} ms"


def _pair(latency: dict[str, Any]) -> str:
    return f"{_ms(latency['p50'])}, {_ms(latency['p99'])}"


def _few(rows: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(f"client {name}", row) for name, row in list(rows.items())[:5]]
