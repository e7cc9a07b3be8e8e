"""`apigw-sim optimize`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from apigw_sim.cli import options, studies
from apigw_sim.cli.console import counting, show


@click.command()
@options.scenario
@click.option(
    "--vary", "axes", metavar="PATH=VALUES", multiple=True, required=True,
    help="A setting that may be chosen, twice or more often: 'V1, V2, V3', '10..60', or '100/s..1000/s:10' for ten steps.",
)  # fmt: skip
@click.option(
    "--price", "prices", metavar="PATH=NUMBER", multiple=True,
    help="What one unit of a setting costs, in whatever money; default 1.",
)  # fmt: skip
@click.option("--budget", metavar="RUNS", type=int, default=600, show_default=True, help="Runs at most.")
@studies.sureness
@options.seed
@options.overrides
@studies.where
@studies.out
@click.pass_context
def optimize(
    ctx: click.Context, scenario: str, axes: tuple[str, ...], prices: tuple[str, ...], budget: int, error: float,
    share: float, mean: bool, seed: int | None, overrides: tuple[str, ...], workers: Any, cluster: str | None,
    engine: str, out: Path | None,
) -> None:  # fmt: skip
    """Search for the cheapest combination of several settings that meets the expectations.

    Needs pip install 'apigw-sim[optimize]'. An optimiser proposes combinations, runs decide: that the answer meets is
    proved, with a stated probability of being wrong. That none is cheaper is not: it is the cheapest that was found, and
    the page says what one step less of each setting came to.

    \b
    How few places for the two functions together?
      apigw-sim optimize scenarios/ticket_sale.yaml --mean \\
        --vary functions.sell.reserved_concurrency=10..40 \\
        --vary functions.catalogue.reserved_concurrency=5..40

    Exit status: 0; 1 if nothing is proved to meet; 2 if the input is wrong; 130 if interrupted, with what was finished
    kept in --out.
    """
    from apigw_sim.experiment.axes import read_axis
    from apigw_sim.experiment.optimize import optimize as search
    from apigw_sim.terminal.optimize import page

    read = dict(read_axis(text) for text in axes)
    if len(read) < len(axes):
        raise click.UsageError("--vary names a path twice: give all its values at once.")
    priced = dict(_price(text) for text in prices)
    with counting("searching", budget, studies.kept(out)) as told:
        found = search(
            scenario, read, priced, overrides=overrides, error=error, budget=budget, share=share,
            judge="mean" if mean else "share", seed=seed, engine=engine, workers=workers, cluster=cluster, out=out,
            progress=told,
        )  # fmt: skip
    made = page(found)
    if out is not None:
        studies.save(found.plot(), out, "optimum.svg")
        made.line("")
        made.line(
            f"Kept in {out}: study.json, runs, results.parquet, summary.json, optimum.svg", indent=0, hang=0
        )
    show(made)
    if found.best is None:
        ctx.exit(1)


def _price(text: str) -> tuple[str, float]:
    """`PATH=NUMBER`."""
    from apigw_sim.experiment.axes import read_axis
    from apigw_sim.experiment.axis import CapacityError

    path, values = read_axis(text)
    try:
        (value,) = values  # type: ignore[misc]
        return path, float(value)
    except (TypeError, ValueError):
        raise CapacityError(
            f"'{text}' is no price; write PATH=NUMBER, such as functions.f.memory=0.02"
        ) from None
