"""`apigw-sim schema` and `apigw-sim version`."""

from __future__ import annotations

import platform

import click

from apigw_sim.cli.console import show, write


@click.command()
@click.option(
    "--assumptions", is_flag=True, help="List what AWS leaves open, each with its default, instead."
)
def schema(assumptions: bool) -> None:
    """Print the JSON Schema of a scenario, or list its assumptions.

    With the schema an editor completes and checks scenarios as you type.

    \b
      apigw-sim schema > scenario.schema.json
      apigw-sim schema --assumptions

    \b
    The first line of a scenario that uses it:
      # yaml-language-server: $schema=scenario.schema.json
    """
    import json

    from apigw_sim.scenario import json_schema

    if not assumptions:
        write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
        return
    from apigw_sim.terminal import Page
    from apigw_sim.terminal.assumptions import known, table

    page = Page()
    page.title("ASSUMPTIONS", "what AWS does not document; each is a setting under assumptions:")
    table(page, known())
    show(page)


@click.command()
def version() -> None:
    """Print the versions of apigw-sim and its libraries."""
    from importlib import metadata

    parts = [f"apigw-sim {metadata.version('apigw-sim')}", f"Python {platform.python_version()}"]
    parts += [f"{name} {metadata.version(name)}" for name in ("simpy", "numpy")]
    write(", ".join(parts) + "\n")
