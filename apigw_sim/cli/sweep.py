"""`apigw-sim sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from apigw_sim.cli import options, studies
from apigw_sim.cli.console import printable, show
from apigw_sim.cli.console import runs as counting

SHOWN = 3
"""Figures in the table where none is asked for."""


@click.command()
@options.scenario
@click.option(
    "--vary", "axes", metavar="PATH=VALUES", multiple=True, required=True,
    help="What to vary, as often as you like: 'V1, V2, V3', or '100/s..1000/s:10' for ten steps, ':10 log' for ten of "
    "equal ratio, '100/s..1000/s' for a Latin hypercube.",
)  # fmt: skip
@click.option(
    "--design", type=click.Choice(["grid", "list", "one-at-a-time", "latin-hypercube"]), default="grid",
    show_default=True,
    help="grid: every combination. list: the first values together, the second together. one-at-a-time: the others "
    "stay as they are. latin-hypercube: --size points that fill the ranges.",
)  # fmt: skip
@click.option(
    "--size",
    metavar="N",
    type=click.IntRange(2, 100_000),
    help="Points of a Latin hypercube; default 10 each.",
)
@click.option(
    "--runs",
    metavar="N",
    type=click.IntRange(1, 100_000),
    default=5,
    show_default=True,
    help="At each point.",
)
@studies.metrics
@studies.confidence
@options.seed
@options.overrides
@studies.where
@studies.out
def sweep(
    scenario: str, axes: tuple[str, ...], design: str, size: int | None, runs: int, metrics: tuple[str, ...],
    confidence: float, seed: int | None, overrides: tuple[str, ...], workers: Any, cluster: str | None, engine: str,
    out: Path | None,
) -> None:  # fmt: skip
    """Run a scenario at many points of its settings, on common random numbers.

    \b
    How much does the account's limit cost whom?
      apigw-sim sweep scenarios/noisy_neighbour.yaml --vary account.throttle.rate=1500/s..3500/s:5
    Two settings as a map, kept in a folder with results.parquet:
      apigw-sim sweep scenarios/noisy_neighbour.yaml --vary 'account.throttle.rate=2000/s, 3000/s' \\
        --vary 'account.throttle.burst=500, 1250' --metric requests.refused --out study

    A question mark marks an interval that is to be trusted less; results.parquet says why.

    Exit status: 0; 2 if the input is wrong; 130 if interrupted, with what was finished kept in --out.
    """
    from apigw_sim.experiment.axes import points, read_axis
    from apigw_sim.experiment.statistics import find, main
    from apigw_sim.experiment.sweep import sweep as swept
    from apigw_sim.terminal import Page
    from apigw_sim.terminal import studies as pages

    read = dict(read_axis(text) for text in axes)
    if len(read) < len(axes):
        raise click.UsageError("--vary names a path twice: give all its values at once.")
    kind: Any = design.replace("-", "_")
    total = runs * len(points(read, kind, size, 0))
    with counting("sweeping", total, studies.kept(out)) as told:
        done = swept(
            scenario, read, design=kind, size=size, runs=runs, seed=seed, overrides=overrides, confidence=confidence,
            engine=engine, workers=workers, cluster=cluster, out=out, progress=told,
        )  # fmt: skip
    wanted = [find(done.known, name) for name in studies.chosen(metrics, done.known)] or _telling(
        done, main(done.known)
    )
    page = Page()
    pages.sweep(page, done, [one.name for one in wanted])
    if out is not None:
        names = []
        for one in wanted[:6]:
            names.append(f"{one.name.replace('/', '_').replace(' ', '_')}.svg")
            studies.save(done.plot(one.name), out, names[-1])
        page.line(
            f"Kept in {out}: study.json, runs, results.parquet, {printable(', '.join(names))}",
            indent=0,
            hang=0,
        )
    show(page)


def _telling(done: Any, known: list[Any]) -> list[Any]:
    """The main figures that the sweep moves, beginning with those that matter most."""
    frame = done.frame
    moved = [one for one in known if frame.loc[frame["metric"] == one.name, "value"].nunique() > 1]
    return (moved or known)[:SHOWN]
