"""`apigw-sim check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from apigw_sim.cli import options
from apigw_sim.cli.console import complain, show, told, write
from apigw_sim.errors import ScenarioError

if TYPE_CHECKING:
    from apigw_sim.plan.tables import Plan
    from apigw_sim.scenario import Scenario

WRONG, ADVISED = 2, 1


@click.command()
@options.scenarios
@options.overrides
@click.option("--strict", is_flag=True, help="Exit with status 1 if there is advice.")
@click.option("--paths", is_flag=True, help="Only list all paths that --set can write, each with its value.")
@click.pass_context
def check(
    ctx: click.Context, scenarios: tuple[str, ...], overrides: tuple[str, ...], strict: bool, paths: bool
) -> None:
    """Check scenarios without running them: errors, then advice.

    Errors name file, line and what to do, all at once. Advice is what a reviewer would say: each with its rule, the
    setting, what to do and the page where AWS says it. Then come the distributions with their mean and p99.9, and
    what the scenario assumes where AWS is silent.

    \b
    Before a run, or in CI:
      apigw-sim check scenarios/flash_sale.yaml
      apigw-sim check --strict scenarios/*.yaml
    Which settings are there to try?
      apigw-sim check --paths scenarios/flash_sale.yaml | grep throttle

    Exit status: 0, with advice too; 1 with advice under --strict; 2 with errors.
    A rule is silenced in the scenario by advice: {ignore: [THR005]}.
    """
    status = 0
    problems: list[ScenarioError] = []
    for number, name in enumerate(scenarios):
        try:
            if paths:
                _paths(name, overrides, heading=len(scenarios) > 1)
            elif _check(name, overrides, apart=number > 0) and strict:
                status = ADVISED
        except ScenarioError as error:
            problems.append(error)
    for problem in problems:
        complain(told(problem))
    ctx.exit(WRONG if problems else status)


def _paths(name: str, overrides: tuple[str, ...], heading: bool) -> None:
    from apigw_sim.scenario import load
    from apigw_sim.scenario import paths as found

    lines = [f"# {name}"] if heading else []
    for path, value in found(load(name, overrides=overrides)):
        lines.append(f"{path}  {value}" if value == "(not set)" else f"{path}={value}")
    write("".join(f"{line}\n" for line in lines))


def _check(name: str, overrides: tuple[str, ...], apart: bool) -> bool:
    """Print what is to be said of a scenario; whether there is advice."""
    from apigw_sim.advice import advise
    from apigw_sim.plan import plan
    from apigw_sim.scenario import load
    from apigw_sim.terminal import Page, review

    scenario: Scenario = load(name, overrides=overrides)
    planned: Plan = plan(scenario)
    found = advise(scenario, planned)
    page = Page()
    review.page(page, name, scenario, planned, found)
    if apart:
        write("\n")
    show(page)
    return any(not advice.note for advice in found)
