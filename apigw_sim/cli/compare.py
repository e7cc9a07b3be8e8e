"""`apigw-sim compare`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from apigw_sim.cli import options, studies
from apigw_sim.cli.console import runs as counting
from apigw_sim.cli.console import show

_AND = re.compile(r"\s+&\s+")


@click.command()
@options.scenarios
@click.option(
    "--versus", metavar="PATH=VALUE", multiple=True,
    help="An alternative: the first scenario with this set; several settings of one alternative are joined by ' & '.",
)  # fmt: skip
@click.option(
    "--runs", metavar="N", type=click.IntRange(2, 1_000_000), default=10, show_default=True, help="Of each."
)
@click.option(
    "--correction", type=click.Choice(["holm", "bonferroni", "none"]), default="holm", show_default=True,
    help="So that the confidence holds for all comparisons together.",
)  # fmt: skip
@studies.metrics
@studies.confidence
@options.seed
@options.overrides
@studies.where
@studies.out
def compare(
    scenarios: tuple[str, ...], versus: tuple[str, ...], runs: int, correction: Any, metrics: tuple[str, ...],
    confidence: float, seed: int | None, overrides: tuple[str, ...], workers: Any, cluster: str | None, engine: str,
    out: Path | None,
) -> None:  # fmt: skip
    """Compare scenarios, or settings of one, on common random numbers: better, worse, or not known yet.

    The r-th runs of all have the same arrivals and draws, call by call, so that a difference shows in few runs. The
    first scenario is the baseline; --set holds for all.

    \b
    Would the higher limit help, and whom would it hurt?
      apigw-sim compare scenarios/noisy_neighbour.yaml --versus account.throttle.rate=5000/s
    Two alternatives, one of two settings:
      apigw-sim compare a.yaml --versus account.lambda_concurrency=500 \\
        --versus 'account.throttle.rate=5000/s & account.throttle.burst=2500'
    Two files:
      apigw-sim compare before.yaml after.yaml --runs 20

    Exit status: 0; 2 if the input is wrong; 130 if interrupted, with what was finished kept in --out.
    """
    if len(scenarios) < 2 and not versus:
        raise click.UsageError(
            "There is nothing to compare with: name another scenario, or --versus PATH=VALUE."
        )
    from apigw_sim.experiment.compare import compare as compared
    from apigw_sim.terminal import Page
    from apigw_sim.terminal import studies as pages

    alternatives: dict[str, Any] = {name: name for name in scenarios[1:]}
    alternatives |= {text: _AND.split(text) for text in versus}
    total = runs * (len(alternatives) + 1)
    with counting("comparing", total, studies.kept(out)) as told:
        done = compared(
            scenarios[0], alternatives, runs=runs, seed=seed, overrides=overrides, confidence=confidence,
            correction=correction, engine=engine, workers=workers, cluster=cluster, out=out, progress=told,
        )  # fmt: skip
    wanted = studies.chosen(metrics, done.known)
    page = Page()
    pages.comparison(page, done, done.differences(wanted))
    if out is not None:
        studies.save(done.plot(wanted), out, "differences.svg")
        page.line(f"Kept in {out}: study.json, runs, results.parquet, differences.svg", indent=0, hang=0)
    show(page)
