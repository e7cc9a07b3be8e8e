"""What the tests of logs share: the access log of a story, line by line."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from engine.running import planned

from apigw_sim.compose import simulate
from apigw_sim.draws import draw
from apigw_sim.logs import access
from apigw_sim.records import ATTEMPTS
from apigw_sim.result import Kept


def logging(said: dict[str, Any], form: str) -> dict[str, Any]:
    """A story whose stage a/s writes an access log; `form` is a format, or variables without `$context.`."""
    said = deepcopy(said)
    template = form if form in ("clf", "json", "csv") or "$" in form else templated(form)
    said["apis"]["a"]["stages"]["s"]["access_log"] = {"format": template}
    return said


def templated(variables: str) -> str:
    """A template of variables with bars between them, and the request id behind."""
    return "|".join(f"$context.{name}" for name in (*variables.split(), "requestId"))


def lines_of(
    said: Any, form: str, *, engine: str = "simpy", seed: int | None = None, rows: int = 10
) -> list[str]:
    """The lines of the log of a/s, rendered so many rows at a time."""
    plan = planned(logging(said, form))
    kept = Kept(logs=True)
    done = simulate(plan, seed, engine=engine, sink=kept.fold)
    text = "".join(access.lines(draw(plan, done.seed), 0, kept.chunks(ATTEMPTS, rows)))
    return text.splitlines()


def values_of(said: Any, variables: str, **more: Any) -> list[tuple[str, ...]]:
    """The values of some variables, a tuple for each request."""
    return [tuple(line.split("|")[:-1]) for line in lines_of(said, variables, **more)]
