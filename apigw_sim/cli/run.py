"""`apigw-sim run`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apigw_sim.cli import options
from apigw_sim.cli.console import progress, show
from apigw_sim.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from apigw_sim.result import Result
    from apigw_sim.scenario import Scenario


@click.command()
@options.scenario
@options.seed
@click.option(
    "--engine",
    type=click.Choice(["auto", "simpy", "compiled"]),
    default="auto",
    show_default=True,
    help="simpy: the readable model. compiled: the same records, many times faster once it is compiled. "
    "auto: whichever is done sooner.",
)
@options.overrides
@click.option(
    "--out",
    metavar="DIR",
    callback=options.folder,
    help="Write summary.json, metrics.csv, metrics.json and overview.svg into DIR, all or none of them. "
    "Without it nothing is written.",
)
@click.option("--requests", is_flag=True, help="With --out: also requests.parquet, a row per attempt.")
@click.option(
    "--logs",
    is_flag=True,
    help="With --out: also access.API.STAGE.log of every stage with an access_log, "
    "and traces.API.STAGE.jsonl of every stage with xray.",
)
@click.option(
    "--bursts",
    is_flag=True,
    help="Also run traces of counts with bursts of 1, 2, 4 and 8 times the mean rate within their periods.",
)
@options.allow_code
@options.verdict_files
@click.pass_context
def run(
    ctx: click.Context, scenario: str, seed: int | None, engine: str, overrides: tuple[str, ...], out: Path | None,
    requests: bool, logs: bool, bursts: bool, allow_code: bool, junit: Path | None, markdown: Path | None,
) -> None:  # fmt: skip
    """Simulate a scenario and say what happened.

    What was offered, carried and refused, by which limit; where latency comes from; and which setting to look at first.

    \b
    Plan capacity: change one thing, compare.
      apigw-sim run scenarios/flash_sale.yaml --set account.lambda_concurrency=500
    Learn: predict, run, then ask explain for the reason.
      apigw-sim run scenarios/flash_sale.yaml
    Analyse: metrics.csv is CloudWatch's, requests.parquet has every attempt.
      apigw-sim run scenarios/flash_sale.yaml --seed 7 --out out --requests
    In CI: fail where an expectation is not met, and say which.
      apigw-sim run scenarios/flash_sale.yaml --junit found.xml

    Exit status: 0; 1 if an expectation of the scenario failed (everything is written all the same); 2 if the input is
    wrong; 130 if interrupted.
    """
    if requests and out is None:
        raise click.UsageError("--requests needs --out DIR: the rows are written there.")
    if logs and out is None:
        raise click.UsageError("--logs needs --out DIR: the logs are written there.")
    from apigw_sim.scenario import load
    from apigw_sim.terminal import summary

    loaded = load(scenario, overrides=overrides)
    if bursts:
        _check_bursts(loaded, scenario)
    if logs:
        _check_logs(loaded, scenario)
    result = _simulated(loaded, "simulating", seed, engine, requests, logs, allow_code)
    if out is not None:
        result.write(out)
    page = summary.page(result, shlex.quote(scenario), options.again(scenario, overrides, seed, allow_code))
    if bursts:
        _bursts(page, result, scenario, seed, engine, overrides, allow_code)
    if out is not None:
        files = sorted(file.name for file in out.iterdir())
        page.line(f"Written to {out}: {', '.join(files)}", indent=0, hang=0)
    show(page)
    _verdicts(result, junit, markdown)
    if summary.unmet(result.summary):
        ctx.exit(1)


def _verdicts(result: Result, junit: Path | None, markdown: Path | None) -> None:
    """Write what became of the expectations, for a pipeline."""
    if junit is None and markdown is None:
        return
    from apigw_sim.terminal import verdicts

    summary = result.summary
    made = verdicts.of_run(summary, result.scenario)
    facts = [
        ("seed", str(summary["seed"])), ("engine", summary["engine"]), ("apigw-sim", summary["version"]),
        ("scenario sha256", summary["scenario_sha256"]), *(("with", said) for said in summary["overrides"]),
    ]  # fmt: skip
    options.write_verdicts(junit, markdown, summary["scenario"], made, facts)


def _check_logs(loaded: Scenario, file: str) -> None:
    """Say at once that there is nothing to log."""
    if not any(loaded.stage(name)[1].logs_paths for name in loaded.stages):
        what = "--logs is for stages with an access_log or xray, and this scenario has none"
        fix = "write access_log: {format: json} under a stage, or leave --logs out"
        raise ScenarioError([Problem(file, None, None, "", what, fix)])


def _simulated(
    scenario: Scenario, what: str, seed: int | None, engine: str, requests: bool = False, logs: bool = False,
    allow_code: bool = False,
) -> Result:  # fmt: skip
    from apigw_sim.result import run as simulate

    with progress(what, _length(scenario)) as told:
        return simulate(
            scenario,
            seed=seed,
            engine=engine,
            requests=requests,
            logs=logs,
            progress=told,
            allow_code=allow_code,
        )


def _length(scenario: Scenario) -> int | None:
    """Simulated nanoseconds of a run; None where a trace tells, which is yet to be read."""
    length = scenario.run.duration
    return length if isinstance(length, int) else None


# --bursts


def _check_bursts(scenario: Scenario, file: str) -> None:
    """Say at once that there is nothing to place."""
    if not any(client.arrivals.trace is not None for client in scenario.clients.values()):
        raise _no_bursts(file)


def _no_bursts(file: str) -> ScenarioError:
    what = "--bursts is for clients that follow a trace of counts in periods above 1 s, and this scenario has none"
    return ScenarioError([Problem(file, None, None, "", what, "leave --bursts out")])


def _bursts(
    page: Any, result: Result, file: str, seed: int | None, engine: str, overrides: tuple[str, ...],
    allow_code: bool,
) -> None:  # fmt: skip
    """Add a table of what burstier traffic would do."""
    from apigw_sim.plan.traces import bursts
    from apigw_sim.scenario import load
    from apigw_sim.terminal.bursts import table

    plans = bursts({client.name: client.trace for client in result.plan.clients if client.trace is not None})
    if not plans:
        raise _no_bursts(file)
    found = []
    for ratio, placed in plans:
        scenario = load(file, overrides=[*overrides, *placed])
        same = result.scenario is not None and scenario.sha256() == result.scenario.sha256()
        what = f"peak to mean {ratio}"
        done = result if same else _simulated(scenario, what, seed, engine, allow_code=allow_code)
        found.append((ratio, done.summary))
    table(page, found)
