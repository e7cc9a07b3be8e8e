"""The table of `validate`, for a terminal and as the page docs/validation.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apigw_sim.terminal.page import Page, Words
from apigw_sim.terminal.words import many, percent

if TYPE_CHECKING:
    from apigw_sim.experiment.validate import Checked

HEAD = ("case", "source", "exact", "simulated", "interval", "would see", "")


def rows(checked: Sequence[Checked]) -> list[tuple[str, str, str, str, str, str, bool]]:
    """The cells of the table."""
    return [
        (
            one.case.name, one.case.source, f"{figure(one.case.exact)} {one.case.unit}", figure(one.simulated),
            f"{figure(one.low)} to {figure(one.high)}" if one.case.random else "none: no chance in it",
            "any" if one.sees is None else percent(one.sees, 1), one.agrees,
        )
        for one in checked
    ]  # fmt: skip


def figure(value: float) -> str:
    """A figure: whole, or to four digits."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def promise(checked: Sequence[Checked], false_alarm: float, runs: int) -> str:
    """What the verdicts are worth."""
    chance = sum(one.case.random for one in checked)
    exact = len(checked) - chance
    return (
        f"{many(exact, 'case')} without chance, which must be equal, and {many(chance, 'case')} of {many(runs, 'run')} each,"
        f" whose interval must hold what is exact; that any of them disagrees although the simulator is right has a"
        f" probability of {false_alarm:g} over all; 'would see': the error that is seen with a probability of 99 %"
    )


def page(checked: Sequence[Checked], false_alarm: float, runs: int) -> Page:
    """What `validate` prints."""
    made = Page()
    wrong = sum(not one.agrees for one in checked)
    verdict = (
        f"{many(wrong, 'case')} of {len(checked)} DISAGREE" if wrong else f"all {len(checked)} cases agree"
    )
    made.title("VALIDATION", verdict)
    made.line(promise(checked, false_alarm, runs))
    made.line("")
    made.table(
        [
            (name, source, exact, found, interval, sees, Words("agrees", "green") if fine else Words("DISAGREES", "bold red"))
            for name, source, exact, found, interval, sees, fine in rows(checked)
        ],
        "llrrlrl",
        HEAD,
    )  # fmt: skip
    return made


def markdown(checked: Sequence[Checked], false_alarm: float, runs: int) -> str:
    """The page of the documentation."""
    wrong = sum(not one.agrees for one in checked)
    head = f"{wrong} of {len(checked)} cases disagree" if wrong else f"All {len(checked)} cases agree"
    lines = [
        "# Validation",
        "",
        "This page is written by a command that anyone can repeat:",
        "",
        "```sh",
        "apigw-sim validate --markdown docs/validation.md",
        "```",
        "",
        (
            "It runs the simulator beside the examples that AWS publishes, exact to the request, and beside exact theory:"
            " Erlang's formulas, Pollaczek and Khinchine's, the chain of a bucket, renewal of a cache's entries."
        ),
        "",
        f"**{head}.** There are {promise(checked, false_alarm, runs)}.",
        "",
        "| case | source | exact | simulated | interval | would see | |",
        "|---|---|---:|---:|---|---:|---|",
    ]
    lines += [
        f"| {name} | {source} | {exact} | {found} | {interval} | {sees} | {'agrees' if fine else '**disagrees**'} |"
        for name, source, exact, found, interval, sees, fine in rows(checked)
    ]
    lines += [
        "",
        (
            "A Poisson stream through a bucket loses what a queue M/D/1/K loses: what the bucket lacks is the work of a queue"
            " that serves a request in 1/rate, and a request finds a token if fewer than the burst are in it."
        ),
    ]
    return "\n".join(lines) + "\n"
