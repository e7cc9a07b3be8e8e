"""A search over several settings for a person: the answer and how sure it is, what one step less does, what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apigw_sim.experiment.verdicts import MET, UNDECIDED
from apigw_sim.terminal.capacity import figure
from apigw_sim.terminal.page import Page, Words
from apigw_sim.terminal.verdicts import of_runs
from apigw_sim.terminal.words import count, many, percent

if TYPE_CHECKING:
    from apigw_sim.experiment.optimize import Optimum

Summary = dict[str, Any]
STYLES = {"meets": "green", "leans to fail": "red", "leans to meet": ""}
SHOWN = 15
"""Combinations in the table: those around the answer; results.parquet has all."""


def page(found: Optimum) -> Page:
    """What `optimize` prints."""
    made, said = Page(), found.summary
    _answer(made, said)
    _expectations(made, found)
    _one_less(made, said)
    _tried(made, said)
    return made


def _answer(made: Page, said: Summary) -> None:
    made.title(f"CHEAPEST COMBINATION for {said['scenario']}", f"of {many(len(said['paths']), 'setting')}")
    made.line(said["answer"], "bold" if said["best"] is not None else "bold red")
    chosen = said["best"] or said["guess"] or {}
    rows = [
        (path, str(chosen.get(path, "-")), f"{values[0]} to {values[-1]}", f"{price:g}")
        for path, values, price in zip(said["paths"], said["values"], said["prices"], strict=True)
    ]
    made.table(rows, "lrlr", ("", "chosen", "asked", "price"))
    made.line(
        f"meets: at least {percent(said['bar'], 1)} of runs meet every expectation" if said["judge"] == "share"
        else "meets: the mean over runs meets every expectation"
    )  # fmt: skip
    made.line(
        f"that it meets is wrong with a probability of {percent(said['error'], 1)} at most;"
        f" {many(said['runs'], 'run')} at {many(len(said['points']), 'combination')}, {many(said['proofs'], 'proof')}"
    )
    made.line("that none is cheaper is not proved: it is the cheapest that was found")


def _expectations(made: Page, found: Optimum) -> None:
    """What the runs at the answer say of each expectation."""
    best = found.found.best
    if best is None:
        return
    styles = {MET: "green", UNDECIDED: "yellow"}
    rows = [
        (Words(one.outcome, styles.get(one.outcome, "bold red")), one.text, one.found, one.beside)
        for one in of_runs(found.expectations(best), found.scenario)
    ]
    made.title(f"EXPECTED at {found.grid.show(best)}", "mean over its runs with the 95 % interval")
    made.table(rows, "lllr")


def _one_less(made: Page, said: Summary) -> None:
    """What one step less of each setting comes to."""
    if not said["one_less"]:
        return
    made.title("ONE STEP LESS")
    rows = []
    for row in said["one_less"]:
        met = f"met in {row['met']:,} of {row['runs']:,} runs" if "runs" in row else ""
        rows.append(
            (row["path"], row["value"] or "", Words(row["verdict"], STYLES.get(row["verdict"], "dim")), met)
        )
    made.table(rows, "lrll")


def _tried(made: Page, said: Summary) -> None:
    of_share = said["judge"] == "share"
    place = next(
        (n for n, row in enumerate(said["points"]) if row["verdict"] == "meets"), len(said["points"])
    )
    begin = max(min(place - SHOWN // 2, len(said["points"]) - SHOWN), 0)
    shown = said["points"][begin : begin + SHOWN]
    left = len(said["points"]) - len(shown)
    made.title(
        "TRIED", f"the cheapest first; {left:,} more are further away" if left else "the cheapest first"
    )
    rows = [
        (
            *(row[path] for path in said["paths"]), f"{row['cost']:,.6g}", count(row["runs"]), count(row["met"]),
            figure(row["found"], of_share), f"{figure(row['low'], of_share)} to {figure(row['high'], of_share)}",
            Words(row["verdict"], STYLES[row["verdict"]]),
        )
        for row in shown
    ]  # fmt: skip
    short = [path.rpartition(".")[0].rpartition(".")[2] or path for path in said["paths"]]
    heads = (*short, "cost", "runs", "met", "share" if of_share else "margin", "interval", "")
    made.table(rows, "r" * (len(short) + 4) + "ll", heads)
