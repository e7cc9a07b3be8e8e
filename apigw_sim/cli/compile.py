"""`apigw-sim compile`."""

from __future__ import annotations

import click

from apigw_sim.cli.console import printable, show, write
from apigw_sim.errors import ApigwSimError


class NotKeptError(ApigwSimError):
    """The functions were compiled, but the next run will have to do it again."""


@click.command("compile")
@click.option("--clear", is_flag=True, help="Instead remove what is kept, of every version.")
def compile_(clear: bool) -> None:
    """Compile the fast engine now, not at the first run that uses it.

    Says where the result is kept and how long each function took, or that it was already there. A new version of
    apigw-sim, numba or Python, another processor or an edited rule has its own; what nobody has used for 30 days is
    removed when a new one is written.

    \b
    Before a class or a benchmark:
      apigw-sim compile
    For several users, or in an image, on the processor that will run it:
      APIGW_SIM_CACHE=/opt/apigw-sim apigw-sim compile
    Start afresh:
      apigw-sim compile --clear

    APIGW_SIM_CACHE, which runs read as well, names another folder than the user's cache. It may be read-only once
    everything is in it; whoever can write to it can run code as those who use it.

    Exit status: 0; 2 if nothing can be compiled or kept here.
    """
    if clear:
        _clear()
    else:
        _compile()


def _clear() -> None:
    from apigw_sim import units
    from apigw_sim.jit import store

    place, freed = store.root(), store.clear()
    said = f"removed {freed / units.MB:.2f} MB from" if freed else "nothing is kept in"
    write(store.NOWHERE + "\n" if place is None else f"{said} {printable(str(place))}\n")


def _compile() -> None:
    from apigw_sim import jit
    from apigw_sim.jit import store
    from apigw_sim.terminal import Page
    from apigw_sim.warm import warm

    jit.check_usable()
    kept = warm()
    times = jit.compile_times()
    took = f"in {sum(seconds for _, seconds in times):.1f} s"
    if not kept:
        why = store.forbidden() or "some of it could not be written"
        raise NotKeptError(f"compiled {took}, but not kept: {why}")
    page = Page()
    place = printable(str(jit.folder()))
    page.title("COMPILED" if times else "ALREADY THERE", f"{took}, kept in {place}" if times else place)
    page.table([(f"{seconds:.2f} s", name) for name, seconds in times], "rl")
    show(page)
