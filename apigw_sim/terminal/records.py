"""What a terminal shows of DNS records: the health of their targets over time, and what faults cost their clients."""

from __future__ import annotations

from typing import Any

from apigw_sim.terminal.page import Page
from apigw_sim.terminal.words import count


def records(made: Page, summary: dict[str, Any]) -> None:
    """The records, if there are any; times in s from run.start."""
    for name, row in summary.get("records", {}).items():
        made.title(f"RECORD {name}", f"{count(row['succeeded'])} of {count(row['calls'])} calls went well")
        for change in row["health"]:
            made.line(
                f"{change['at_s']:,g} s  {change['stage']} is {'healthy' if change['healthy'] else 'unhealthy'}"
            )
        for fault in row["faults"]:
            found, again = fault["unhealthy_after_s"], fault["recovered_after_s"]
            said = "never found" if found is None else f"found after {found:,g} s"
            well = (
                "calls never went well again"
                if again is None
                else f"calls went well again after {again:,g} s"
            )
            made.line(
                f"{fault['at_s']:,g} s  {fault['fault']}: {said}, {well}, {count(fault['calls_lost'])} lost",
                hang=4,
            )
