"""The program: its commands, and what happens to errors."""

from __future__ import annotations

import difflib
import warnings
from typing import Any

import click

from apigw_sim.cli.about import schema, version
from apigw_sim.cli.capacity import capacity
from apigw_sim.cli.check import check
from apigw_sim.cli.compare import compare
from apigw_sim.cli.compile import compile_
from apigw_sim.cli.console import complain, told
from apigw_sim.cli.explain import explain
from apigw_sim.cli.interrupts import listening
from apigw_sim.cli.optimize import optimize
from apigw_sim.cli.replicate import replicate
from apigw_sim.cli.run import run
from apigw_sim.cli.sweep import sweep
from apigw_sim.cli.validate import validate
from apigw_sim.errors import ApigwSimError, SlowerEngineWarning

LATER = ("import", "lab")
"""Commands of later versions."""
INTERRUPTED = 130


class Program(click.Group):
    """The commands, and one place where errors become an exit status."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first argument; a wrong one is answered with the nearest."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            if name in LATER:
                ctx.fail(f"'{name}' comes with a later version.")
            near = difflib.get_close_matches(name, self.list_commands(ctx), 1)
            ctx.fail(f"There is no command '{name}'." + (f" Did you mean '{near[0]}'?" if near else ""))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error that a user can meet is printed, and gives the exit status."""
        try:
            with listening(), warnings.catch_warnings():
                warnings.simplefilter("always", SlowerEngineWarning)
                warnings.showwarning = _warn  # type: ignore[assignment]
                return super().invoke(ctx)
        except ApigwSimError as error:
            complain(told(error))
            ctx.exit(error.exit_status)
        except KeyboardInterrupt:
            complain(["interrupted; nothing was written"])
            ctx.exit(INTERRUPTED)


def _warn(message: Warning | str, *_: Any) -> None:
    """A warning as a line, without the place in the source."""
    complain([f"warning: {message}"])


@click.group(
    cls=Program,
    name="apigw-sim",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """What would CloudWatch have shown?

    apigw-sim simulates Amazon API Gateway: a scenario in YAML says which clients call which API, with which throttles,
    quotas, cache and Lambda functions behind it. Nothing is called and nothing is billed.

    \b
    Will it carry that traffic, and what breaks first?
      apigw-sim check scenarios/flash_sale.yaml
      apigw-sim run scenarios/flash_sale.yaml --seed 7 --out out
    What if a setting were another?
      apigw-sim run scenarios/flash_sale.yaml --set account.lambda_concurrency=500
    How much more will it carry, how sure is that, and which limit binds first?
      apigw-sim capacity scenarios/ticket_sale.yaml
    How sure is that, and is the other setting better?
      apigw-sim replicate scenarios/noisy_neighbour.yaml --runs 10
      apigw-sim compare scenarios/noisy_neighbour.yaml --versus account.throttle.rate=5000/s
    Why was this request refused?
      apigw-sim explain scenarios/flash_sale.yaml --first THROTTLED

    In a notebook: import apigw_sim; apigw_sim.run("scenarios/flash_sale.yaml").metrics is a data frame.

    Exit status: 0 done; 1 an expectation of the scenario failed; 2 the input is wrong; 130 interrupted.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (
    run, replicate, compare, sweep, capacity, optimize, check, explain, validate, compile_, schema, version,
):  # fmt: skip
    main.add_command(command)
