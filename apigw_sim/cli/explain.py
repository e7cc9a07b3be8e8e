"""`apigw-sim explain`."""

from __future__ import annotations

import re

import click

from apigw_sim.cli import options
from apigw_sim.cli.console import progress, show

_IDENTITY = re.compile(
    r"(?P<client>[^/]+)/((?P<user>[0-9]{1,8})/)?(?P<call>[0-9]{1,12})/(?P<attempt>[0-9]{1,4})"
)


def _attempt(
    _: click.Context, __: click.Parameter, text: str | None
) -> int | tuple[str, int, int, int] | None:
    """A row of requests.parquet, or client/call/attempt, or client/user/call/attempt."""
    if text is None:
        return None
    found = _IDENTITY.fullmatch(text)
    if found and int(found["attempt"]) > 0:
        return found["client"], int(found["user"] or 0), int(found["call"]), int(found["attempt"])
    if re.fullmatch(r"[0-9]{1,18}", text) and int(text) > 0:
        return int(text)
    raise click.BadParameter(
        f"{text!r} is neither a row, from 1 on, nor client/call/attempt such as web/0/1."
    )


@click.command()
@options.scenario
@click.option(
    "--attempt",
    metavar="N",
    callback=_attempt,
    help="The attempt in row N of requests.parquet (order of answers, from 1), or client/call/attempt: "
    "web/12/1 is the first attempt of web's call 12 (calls count from 0); web/7/12/1 that of its user 7 (from 1).",
)
@click.option(
    "--first", metavar="REASON", help="The first to arrive that ended so: THROTTLED, INTEGRATION_TIMEOUT, ..."
)
@click.option("--slowest", is_flag=True, help="The one with the highest Latency.")
@click.option("--client", metavar="NAME", help="Of this client only.")
@options.seed
@options.overrides
@options.allow_code
def explain(
    scenario: str, attempt: int | tuple[str, int, int, int] | None, first: str | None, slowest: bool, client: str | None,
    seed: int | None, overrides: tuple[str, ...], allow_code: bool,
) -> None:  # fmt: skip
    """Follow one request through the gateway and say why it ended so.

    Its way is told step by step and bucket by bucket. Without an option it is the first refusal or error, and if there
    is none the slowest request. The scenario is run to find it, then again to watch it; with the same seed it is the
    same request as in `run`.

    \b
    Why is this a 429 and that a 500?
      apigw-sim explain scenarios/flash_sale.yaml --first THROTTLED
      apigw-sim explain scenarios/flash_sale.yaml --first LAMBDA_THROTTLED
    What made a customer of the partner wait?
      apigw-sim explain scenarios/flash_sale.yaml --client acme --slowest
    Row 12,345 of requests.parquet:
      apigw-sim explain scenarios/flash_sale.yaml --attempt 12345
    """
    if sum((attempt is not None, first is not None, slowest)) > 1:
        raise click.UsageError("--attempt, --first and --slowest exclude each other.")
    if attempt is not None and client is not None:
        raise click.UsageError("--client does not go with --attempt: write client/call/attempt.")
    from apigw_sim.explain import Wanted
    from apigw_sim.explain import explain as follow
    from apigw_sim.plan import plan
    from apigw_sim.scenario import load
    from apigw_sim.terminal import walk

    planned = plan(load(scenario, overrides=overrides))
    row = attempt if isinstance(attempt, int) else None
    name, user, call, number = attempt if isinstance(attempt, tuple) else ("", 0, 0, 0)
    wanted = Wanted(row, (name, call, number) if number else None, first, slowest, client, user)
    with progress("following", planned.duration) as told:
        found = follow(planned, wanted, seed, told, allow_code)
    show(walk.page(found, options.again(scenario, overrides, seed, allow_code)))
