"""What Firehose delivered to S3, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apigw_sim.terminal.words import count, size

if TYPE_CHECKING:
    from apigw_sim.terminal.page import Page

HEADS = (
    "",
    "objects",
    "by size",
    "by interval",
    "size: mean",
    "most",
    "oldest: mean",
    "most",
    "records left",
)


def firehoses(made: Page, summary: dict[str, Any]) -> None:
    """The objects of each stream that Firehose reads, and the age of what was oldest in them."""
    rows = [
        (
            name, count(row["objects"]), count(row["by_size"]), count(row["by_interval"]),
            size(row["mean_object_bytes"]), size(row["max_object_bytes"]),
            *("-" if row[age] is None else f"{row[age]:,.1f} s" for age in ("mean_age_s", "max_age_s")),
            count(row["waiting_records"]),
        )
        for name, row in summary.get("firehoses", {}).items()
    ]  # fmt: skip
    if rows:
        made.title("FIREHOSE TO S3")
        made.table(rows, "lrrrrrrrr", HEADS)
