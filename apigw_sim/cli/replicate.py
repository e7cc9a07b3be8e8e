"""`apigw-sim replicate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from apigw_sim.cli import options, studies
from apigw_sim.cli.console import runs as counting
from apigw_sim.cli.console import show


@click.command()
@options.scenario
@click.option("--runs", metavar="N", type=click.IntRange(1, 1_000_000), help="So many runs; default 10.")
@click.option(
    "--precision", metavar="'METRIC 2 %'", multiple=True,
    help="Go on until the interval's half-width is so small, of the estimate (%) or in the metric's unit (5 ms), and "
    "stays so for a look-ahead of 5 runs; as often as you like.",
)  # fmt: skip
@click.option(
    "--most", metavar="N", type=click.IntRange(2, 1_000_000), default=1000, show_default=True,
    help="With --precision: stop after so many runs in any case.",
)  # fmt: skip
@click.option(
    "--steady",
    is_flag=True,
    help="The long run is meant, not what happens from the start to the end of this one.",
)
@click.option(
    "--warm-up", metavar="HOW", default="scenario", show_default=True,
    help="What is cut at the beginning: scenario (what it says), none, a time such as 30 s, or mser-5 (with --steady).",
)  # fmt: skip
@click.option(
    "--batches", metavar="N", type=click.IntRange(5, 10_000),
    help="With --steady: one run, cut into so many batches, which are taken for runs.",
)  # fmt: skip
@studies.metrics
@studies.confidence
@options.seed
@options.overrides
@studies.where
@studies.out
@options.verdict_files
@click.pass_context
def replicate(
    ctx: click.Context, scenario: str, runs: int | None, precision: tuple[str, ...], most: int, steady: bool,
    warm_up: str, batches: int | None, metrics: tuple[str, ...], confidence: float, seed: int | None,
    overrides: tuple[str, ...], workers: Any, cluster: str | None, engine: str, out: Path | None,
    junit: Path | None, markdown: Path | None,
) -> None:  # fmt: skip
    """Run a scenario many times, independently, and say what all runs say together, with intervals.

    \b
    How sure is that figure?
      apigw-sim replicate scenarios/noisy_neighbour.yaml --runs 10
    As sure as I need it, and no surer:
      apigw-sim replicate scenarios/noisy_neighbour.yaml --precision 'tickets/prod p99(Latency) 2 %'
    Overnight, on all processors, to be gone on with after a power cut:
      apigw-sim replicate scenarios/flash_sale.yaml --runs 100 --out study

    Replication 3 alone, with the same rows as among the others: apigw_sim.run(..., replication=3).

    Each expectation is judged by its mean over the runs, with the interval: met, not met, or undecided, which is no
    failure. --junit and --markdown write the same.

    Exit status: 0; 1 if a precision was not reached or an expectation is not met; 2 if the input is wrong; 130 if
    interrupted, with what was finished kept in --out.
    """
    if batches is not None and (not steady or precision or runs is not None or out is not None):
        raise click.UsageError(
            "--batches cuts one run: it wants --steady, and no --runs, --precision or --out."
        )
    if batches is not None and (junit or markdown):
        raise click.UsageError("--batches judges no expectations: leave --junit and --markdown out.")
    from apigw_sim.experiment.replicate import RUNS, batch
    from apigw_sim.experiment.replicate import replicate as many
    from apigw_sim.terminal import Page
    from apigw_sim.terminal import studies as pages

    total = runs if runs is not None else None if precision else RUNS
    with counting("replicating", 1 if batches else total, studies.kept(out)) as told:
        if batches is not None:
            done = batch(
                scenario, batches, seed=seed, overrides=overrides, confidence=confidence, warm_up=warm_up,
                engine=engine,
            )  # fmt: skip
        else:
            done = many(
                scenario, runs=runs, precision=precision, most=most, seed=seed, overrides=overrides,
                confidence=confidence, steady=steady, warm_up=warm_up, engine=engine, workers=workers,
                cluster=cluster, out=out, progress=told,
            )  # fmt: skip
    wanted = studies.chosen(metrics, done.known)
    page = Page()
    pages.replications(page, done, wanted)
    if out is not None:
        studies.save(done.plot(wanted), out, "convergence.svg")
        if done.warm_up.series is not None:
            studies.save(done.plot_warm_up(), out, "warm_up.svg")
        page.line(f"Kept in {out}: study.json, runs, results.parquet, convergence.svg", indent=0, hang=0)
    show(page)
    if junit is not None or markdown is not None:
        from apigw_sim.terminal import verdicts

        made = verdicts.of_runs(done.judged, done.scenario)
        facts = [("runs", f"{len(done.records):,}"), *studies.facts(done.scenario, done.seed)]
        options.write_verdicts(junit, markdown, done.scenario.name, made, facts)
    if not done.reached or done.failed:
        ctx.exit(1)
