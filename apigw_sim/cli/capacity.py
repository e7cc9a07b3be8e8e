"""`apigw-sim capacity`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apigw_sim.cli import options, studies
from apigw_sim.cli.console import counting, show
from apigw_sim.errors import ApigwSimError

if TYPE_CHECKING:
    from apigw_sim.experiment.capacity import Capacity
    from apigw_sim.terminal.verdicts import Verdict


class TooLittleError(ApigwSimError):
    """The capacity that was asked for is not there, or is not proved to be."""

    exit_status = 1


@click.command()
@options.scenario
@click.option("--load", "vary", flag_value="load", default=True, help="Multiply all arrivals (the default).")
@click.option(
    "--vary", metavar="PATH", help="Instead vary one setting: the smallest value that meets is searched."
)
@click.option("--from", "low", metavar="A", help="The lower end; of load 0.25.")
@click.option("--to", "high", metavar="B", help="The upper end; of load 4.")
@click.option(
    "--values", metavar="V1,V2,...", help="Instead of ends: all that may be chosen, the smallest first."
)
@click.option(
    "--find", type=click.Choice(["largest", "smallest"]), help="Largest of load, smallest of a path."
)
@click.option(
    "--resolution",
    type=studies.SHARE,
    default="2 %",
    show_default=True,
    help="How far apart the answer's ends may be.",
)
@click.option("--budget", metavar="RUNS", type=int, default=300, show_default=True, help="Runs at most.")
@studies.sureness
@click.option(
    "--growth", metavar="SHARE", type=studies.SHARE, help="Of load a month: say when which limit is met."
)
@click.option(
    "--months", metavar="N", type=int, default=12, show_default=True, help="With --growth: how far to plan."
)
@click.option(
    "--raise",
    "raise_by",
    metavar="FACTOR",
    type=float,
    help="Search again with the limit that binds first raised by this.",
)
@click.option(
    "--at-least", metavar="VALUE", type=float, help="Exit with status 1 unless this much is proved to meet."
)
@options.seed
@options.overrides
@studies.where
@studies.out
@options.verdict_files
def capacity(
    scenario: str, vary: str | None, low: str | None, high: str | None, values: str | None, find: Any,
    resolution: float, error: float, budget: int, share: float, mean: bool, growth: float | None, months: int,
    raise_by: float | None, at_least: float | None, seed: int | None, overrides: tuple[str, ...],
    workers: Any, cluster: str | None, engine: str, out: Path | None, junit: Path | None, markdown: Path | None,
) -> None:  # fmt: skip
    """Search for the largest load that meets the expectations, or the cheapest setting.

    A value meets if 95 % of runs meet every expectation of the scenario. The search buys runs where they narrow the
    answer most, and states with what probability it is wrong; if the budget ends, the answer is a wider interval.
    It shows every value it tried, which limit binds first, and with --growth the runway.

    With --out every run is kept when it is finished, and the same command, also with a larger --budget or another
    --error, goes on where it was ended.

    \b
    How much more traffic will it carry?
      apigw-sim capacity scenarios/ticket_sale.yaml --from 0.5 --to 4
    What is the smallest reservation that does?
      apigw-sim capacity scenarios/ticket_sale.yaml --from 10 --to 60 \\
        --vary functions.sell.reserved_concurrency
    When is which limit met, and what to ask AWS for?
      apigw-sim capacity scenarios/ticket_sale.yaml --growth "8 %"

    Exit status: 0; 1 with --at-least, unless that much is proved; 2 if the input is wrong; 130 if interrupted,
    with what was finished kept in --out.
    """
    from apigw_sim.experiment.axis import CapacityError
    from apigw_sim.experiment.capacity import capacity as search
    from apigw_sim.experiment.verdicts import MET
    from apigw_sim.terminal.capacity import page

    if at_least is None and (junit or markdown):
        raise click.UsageError("--junit and --markdown tell whether --at-least VALUE is met: write it.")
    along = vary or "load"
    if along != "load" and values is None and (low is None or high is None):
        raise CapacityError(f"--vary {along}: write --from and --to, or --values")
    if at_least is not None and along == "load" and high is not None and float(high) < at_least:
        raise CapacityError(f"--at-least {at_least:g} lies beyond --to {high}")
    listed = None if values is None else [part.strip() for part in values.split(",") if part.strip()]
    with counting("searching", budget, studies.kept(out)) as told:
        found = search(
            scenario, along, (low or "0.25", high or "4"), values=listed, overrides=overrides, find=find,
            resolution=resolution, error=error, budget=budget, share=share, judge="mean" if mean else "share",
            seed=seed, engine=engine, workers=workers, cluster=cluster, growth=growth, months=months, raise_by=raise_by,
            out=out, progress=told,
        )  # fmt: skip
    made = page(found)
    if out is not None:
        studies.save(found.plot(), out, "capacity.svg")
        made.line("")
        made.line(
            f"Kept in {out}: study.json, runs, results.parquet, summary.json, capacity.svg", indent=0, hang=0
        )
    show(made)
    if at_least is not None:
        verdict = _verdict(found, at_least)
        facts = [
            ("answer", found.answer),
            ("runs", f"{found.found.runs:,}"),
            ("probability of error", f"{error:g}"),
        ]
        facts += studies.facts(found.scenario, found.scenario.run.seed if seed is None else seed)
        options.write_verdicts(junit, markdown, found.scenario.name, [verdict], facts)
        if verdict.outcome != MET:
            raise TooLittleError(f"{at_least:g} is not proved to meet: {found.answer}")


def _verdict(found: Capacity, wanted: float) -> Verdict:
    """Whether so much, or so little, is proved to be enough; undecided where neither that nor the contrary is."""
    from apigw_sim.experiment.verdicts import MET, NOT_MET, UNDECIDED
    from apigw_sim.terminal.verdicts import Verdict

    largest = found.axis.find == "largest"

    def reaches(value: float | None) -> bool:
        return value is not None and (value >= wanted if largest else value <= wanted)

    fails = found.fails is not None and (found.fails <= wanted if largest else found.fails >= wanted)
    outcome = MET if reaches(found.meets) else NOT_MET if fails else UNDECIDED
    text = f"{found.axis.path} {wanted:g} meets the expectations"
    return Verdict(text, outcome, found.answer, "", "")
