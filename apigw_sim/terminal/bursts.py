"""What burstier traffic would do: the same counts, placed more and more unevenly within their periods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from apigw_sim.terminal.words import count, ms, percent

if TYPE_CHECKING:
    from apigw_sim.terminal.page import Page

HEAD = ("peak to mean", "refused", "share", "5xx", "p99 ms", "callers' p99 ms", "busiest second")


def table(page: Page, found: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Add a row for each ratio of a burst's rate to its period's mean."""
    rows = []
    for ratio, summary in found:
        whole = summary["requests"]["count"]
        by_status = summary["requests"]["by_status"]
        refused = by_status.get("429", 0)
        failed = sum(n for status, n in by_status.items() if int(status) >= 500)
        busiest = [
            row["busiest_second"]["arrived"] for row in summary["stages"].values() if row["busiest_second"]
        ]
        slowest = [row["call_latency_ms"]["p99"] for row in summary["clients"].values() if row["calls"]]
        rows.append((
            f"{ratio}", count(refused), percent(refused, whole), count(failed), ms(summary["latency_ms"]["p99"]),
            ms(max(slowest, default=None)), count(max(busiest, default=0)),
        ))  # fmt: skip
    page.title("BURSTS", "the traces' counts in bursts of an eighth of their period")
    page.table(rows, "rrrrrrr", HEAD)
    page.line(
        "1: placed as a Poisson process; 2, 4, 8: an eighth of each period has that many times its mean rate;"
        " callers' p99 is the worst client's"
    )
