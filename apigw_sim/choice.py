"""Which engine runs a plan, and why."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim import jit
from apigw_sim.errors import SlowerEngineWarning
from apigw_sim.plan.offered import expected_calls
from apigw_sim.warm import warm

if TYPE_CHECKING:
    from apigw_sim.plan.tables import Plan

ENGINES = ("auto", "simpy", "compiled")
WORTH_LOADING = 30_000
"""Calls from which on the compiled engine is the faster one, its loading included (docs/performance.md)."""
WORTH_COMPILING = 600_000
"""Calls from which on it is the faster one even if it has to be compiled first."""
ONLY_SIMPY = {
    "explain": "an attempt that is followed tells its story in sentences, which the compiled loop cannot make",
    "python": "a backend of one's own is a SimPy generator, and the compiled loop knows integers alone",
}
"""All that the compiled engine cannot do, with the reason."""


class Chosen(NamedTuple):
    """An engine, and why it is that one."""

    engine: str
    reason: str


def choose(plan: Plan, engine: str, *, watched: bool = False) -> Chosen:
    """The engine for a plan: the one asked for, where it can be had; for `auto` the one that is done sooner."""
    if engine not in ENGINES:
        raise ValueError(f"engine {engine!r}: one of {', '.join(ENGINES)}")
    if engine == "simpy":
        return Chosen("simpy", "asked for")
    if watched:
        return Chosen("simpy", ONLY_SIMPY["explain"])
    if any(backend.code is not None for backend in plan.backends):
        return (
            _instead(ONLY_SIMPY["python"]) if engine == "compiled" else Chosen("simpy", ONLY_SIMPY["python"])
        )
    if (lacking := jit.unusable()) is not None:
        return _instead(lacking) if engine == "compiled" else Chosen("simpy", lacking)
    if engine == "compiled":
        return _made_ready("asked for")
    calls = expected_calls(plan)
    about = f"auto: about {calls:,.0f} calls"
    if calls < WORTH_LOADING:
        return Chosen("simpy", f"{about}, below {WORTH_LOADING:,}")
    if not jit.is_warm() and calls < WORTH_COMPILING:
        return Chosen("simpy", f"{about}; the compiled engine is not compiled yet: apigw-sim compile")
    return _made_ready(about)


def _made_ready(reason: str) -> Chosen:
    """The compiled engine, compiled; where that fails the other one, with a warning."""
    try:
        if not jit.is_warm():
            warm()
    except Exception as error:  # whatever the compiler met, the other engine can do without it
        first = str(error).strip().partition("\n")[0]
        return _instead(f"compiling failed: {type(error).__name__}: {first}")
    return Chosen("compiled", reason)


def _instead(why: str) -> Chosen:
    warnings.warn(
        f"the simpy engine runs instead of the compiled one: {why}", SlowerEngineWarning, stacklevel=5
    )
    return Chosen("simpy", why)
