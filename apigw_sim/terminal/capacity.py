"""A capacity search for a person: the answer and how sure it is, what was tried, what binds first, and the runway."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from apigw_sim.experiment.verdicts import MET, UNDECIDED
from apigw_sim.terminal.page import Page, Words
from apigw_sim.terminal.verdicts import of_runs
from apigw_sim.terminal.words import ceiling, count, line_of, many, percent

if TYPE_CHECKING:
    from apigw_sim.experiment.capacity import Capacity

Summary = dict[str, Any]
STYLES = {"meets": "green", "fails": "bold red", "open": "dim"}
RAISABLE = {
    "yes": "AWS raises it on request",
    "no": "AWS does not raise it",
    "by AWS": "set by AWS, cannot be asked for",
    "own": "your own setting",
}


def page(found: Capacity) -> Page:
    """What `capacity` prints."""
    made, said = Page(), found.summary
    _answer(made, said)
    _tried(made, said)
    _expectations(made, found)
    _binding(made, said)
    if said.get("limits"):
        _runway(made, said)
    return made


def _answer(made: Page, said: Summary) -> None:
    along = "all arrivals times" if said["vary"] == "load" else said["vary"]
    made.title(f"CAPACITY of {said['scenario']}", f"{along}, from {said['from']} to {said['to']}")
    made.line(said["answer"], "bold")
    more = (
        "more load"
        if said["vary"] == "load"
        else "less of it"
        if said["find"] == "smallest"
        else "more of it"
    )
    asked = (
        f"meets: at least {percent(said['bar'], 1)} of runs meet every expectation"
        if said["judge"] == "share"
        else "meets: the mean over runs meets every expectation"
    )
    made.line(f"{asked}; fails: fewer do" if said["judge"] == "share" else asked)
    made.line(
        f"wrong with a probability of {percent(said['error'], 1)} at most, if {more} is never better;"
        f" {many(said['runs'], 'run')} at {many(len(said['points']), 'value')}"
    )
    if not said["settled"]:
        guess = f"; the guess so far: it meets up to {said['guess']}" if said["guess"] is not None else ""
        made.line(f"the budget of {many(said['budget'], 'run')} ended before it was settled{guess}", "yellow")
    for pair in said["out_of_order"]:
        made.line(
            f"OUT OF ORDER: {pair['worse']} does worse than {pair['better']}; the answer holds before {pair['worse']},"
            " and what lies behind was not searched",
            "bold red",
        )  # fmt: skip
    if not said["out_of_order"]:
        made.line(
            f"checked: among the values tried, none is out of that order (false alarm {percent(said['error'], 1)})"
        )


def _tried(made: Page, said: Summary) -> None:
    made.title("TRIED")
    of_share = said["judge"] == "share"
    rows = []
    for row in said["points"]:
        low, high = row["low"], row["high"]
        rows.append(
            (
                row["value"], count(row["runs"]), count(row["met"]), figure(row["found"], of_share),
                f"{figure(low, of_share)} to {figure(high, of_share)}",
                Words(row["verdict"], STYLES[row["verdict"]]), str(row["first_replication"]),
            )
        )  # fmt: skip
    made.table(
        rows,
        "rrrrlll",
        ("value", "runs", "met", "share" if of_share else "margin", "interval", "", "replications from"),
    )


def figure(value: float | None, of_share: bool) -> str:
    """The figure that is judged: a share of runs, or a margin."""
    if value is None:
        return "-"
    return percent(value, 1) if of_share else f"{value * 100:+.1f} %"


def _expectations(made: Page, found: Capacity) -> None:
    """Which expectation it is that fails."""
    at = found.found.fails
    if at not in found.trials:
        return
    verdicts = of_runs(found.expectations(at), found.scenario)
    styles = {MET: "green", UNDECIDED: "yellow"}
    rows = [
        (Words(one.outcome, styles.get(one.outcome, "bold red")), one.text, one.found, one.beside)
        for one in verdicts
    ]
    made.title(f"EXPECTED at {found.axis.show(at)}", "mean over its runs with the 95 % interval")
    made.table(rows, "lllr")


def _binding(made: Page, said: Summary) -> None:
    made.title("BINDS FIRST")
    bound = said["binds_first"]
    if bound is None:
        if any(row["verdict"] == "fails" or not row["met"] for row in said["points"]):
            made.line(
                "no limit refuses more where it fails than where it meets: look at the latencies of a run there"
            )
        else:
            made.line("nothing failed")
        return
    made.line(
        f"{bound['limit']}, {ceiling(bound['ceiling'])}: refuses {percent(bound['refused_where_it_fails'], 1)} of requests"
        f" where it fails, {percent(bound['refused_where_it_meets'], 1)} where it meets",
        "bold",
    )  # fmt: skip
    made.exact(f"set     {bound['path']}", indent=4)
    made.line(f"at      {line_of(bound['where'])}", indent=4)
    behind = bound["behind"]
    made.line(
        "behind  no other limit stands behind it" if behind is None
        else f"behind  {ceiling(behind)}, binds next when this one is raised",
        indent=4, hang=8,
    )  # fmt: skip
    raised = said.get("raised")
    if raised is not None:
        made.line(f"raised  to {raised['raised_to']}: {raised['answer']}", indent=4, hang=8)
        then = raised["binds_first"]
        if then is not None:
            made.line(f"then    {then['limit']}, {ceiling(then['ceiling'])}, binds first", indent=4, hang=8)


def _runway(made: Page, said: Summary) -> None:
    growth = said["growth"]
    met = [row for row in said["limits"] if row["met_at"] is not None]
    title = "RUNWAY" if growth else "LIMITS MET"
    made.title(title, f"at a growth of {percent(growth, 1)} a month" if growth else "as load rises")
    if growth and said["fails"] is not None and said["meets"] is not None:
        at = [math.log(float(said[end].split()[0])) / math.log1p(growth) for end in ("meets", "fails")]
        when = "already" if at[1] <= 0 else f"in month {max(at[0], 0):.1f} to {at[1]:.1f}"
        made.line(f"the expectations fail {when}", "bold")
    rows = [
        (
            row["limit"], ceiling(row["ceiling"]),
            _where(row), _month(row) if growth else "", RAISABLE[row["raisable"]],
        )
        for row in met
    ]  # fmt: skip
    made.table(rows, "lllll", ("limit", "ceiling", "first refuses", "month" if growth else "", ""))
    never = len(said["limits"]) - len(met)
    if never:
        made.line(f"{many(never, 'other limit')} refused nothing at any load tried", "dim")
    for request in said.get("requests", ()):
        verb = "is enough" if request["enough"] else f"ask AWS for {request['needed']}"
        made.line(
            f"{request['limit']}, {request['now']} now: for {many(said['months'], 'month')} {verb}"
            f" ({request['needed']} by proportion to the busiest second or moment); {request['how']}"
        )


def _where(row: Summary) -> str:
    at = f"at {row['met_at']:.4g} x"
    return f"{at} or before" if row["free_at"] is None else f"above {row['free_at']:.4g} x, {at}"


def _month(row: Summary) -> str:
    first, last = row["months_from"], row["months_to"]
    if last is not None and last <= 0:
        return "already"
    return f"{first or 0:.1f} to {last:.1f}"
