"""`apigw-sim validate`."""

from __future__ import annotations

from pathlib import Path

import click

from apigw_sim.cli import options
from apigw_sim.cli.console import counting, show
from apigw_sim.errors import ApigwSimError

DISAGREES = 1


class NoCaseError(ApigwSimError):
    """No case has the text that was asked for."""


@click.command()
@click.option("--only", metavar="TEXT", default="", help="Only cases whose name or source has this in it.")
@click.option(
    "--runs",
    metavar="N",
    type=click.IntRange(5, 1000),
    default=30,
    show_default=True,
    help="Runs of each case with chance.",
)
@click.option("--engine", type=click.Choice(["auto", "simpy", "compiled"]), default="auto", show_default=True)
@click.option(
    "--markdown",
    metavar="FILE",
    callback=options.file_to_write,
    help="Write the table as a page of Markdown.",
)
@click.pass_context
def validate(ctx: click.Context, only: str, runs: int, engine: str, markdown: Path | None) -> None:
    """Run the simulator beside exact theory and AWS's own examples.

    AWS's worked examples of throttling and of Lambda's concurrency have to come out to the request; buckets, limits,
    queues, caches and retries have to hold what theory says within an interval. Over all cases together the false
    alarm is 1 in 1000.

    \b
    All of it, in a minute or two:
      apigw-sim validate
    One part, on the readable engine:
      apigw-sim validate --only erlang --engine simpy

    Exit status: 0; 1 if a case disagrees; 2 if the input is wrong.
    """
    from apigw_sim.experiment.cases import cases
    from apigw_sim.experiment.validate import FALSE_ALARM, matching
    from apigw_sim.experiment.validate import validate as checked_all
    from apigw_sim.terminal import validation

    number = len(matching(only))
    if not number:
        raise NoCaseError(
            f"none of the {len(cases())} cases has '{only}' in its name or source; try bucket, erlang or lambda"
        )
    with counting("validating", number) as told:
        checked = checked_all(engine=engine, only=only, runs=runs, told=told)
    if markdown is not None:
        options.write_file(markdown, validation.markdown(checked, FALSE_ALARM, runs))
    show(validation.page(checked, FALSE_ALARM, runs))
    if not all(one.agrees for one in checked):
        ctx.exit(DISAGREES)
