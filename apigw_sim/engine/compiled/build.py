"""The loop for the composer: compiled, or its source as it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from apigw_sim.engine.compiled import (
    aliases,
    answers,
    asynchronous,
    authorizing,
    backends,
    caching,
    callers,
    checks,
    connections,
    databases,
    drawing,
    environments,
    events,
    firehose,
    fronts,
    gateway,
    hosts,
    jobs,
    kernel,
    lambdas,
    levels,
    names,
    processes,
    provisioned,
    queues,
    services,
    users,
    waf,
)
from apigw_sim.engine.compiled.state import Lists, State
from apigw_sim.rules import (
    authorization,
    backoff,
    breaker,
    bucket,
    buffering,
    connection,
    edge,
    event_queue,
    event_source,
    health_check,
    limiter,
    pick,
    quantile,
    rate_based,
    reason,
    response,
    retry,
    routing,
    service,
    utilization,
    window,
)

SOURCES = (
    authorization,
    backoff,
    breaker,
    bucket,
    buffering,
    connection,
    edge,
    event_queue,
    event_source,
    health_check,
    limiter,
    pick,
    quantile,
    rate_based,
    reason,
    response,
    retry,
    routing,
    service,
    utilization,
    window,
    levels,
    events,
    answers,
    drawing,
    aliases,
    names,
    processes,
    users,
    connections,
    callers,
    caching,
    checks,
    hosts,
    waf,
    fronts,
    gateway,
    authorizing,
    services,
    jobs,
    queues,
    firehose,
    asynchronous,
    environments,
    databases,
    lambdas,
    provisioned,
    backends,
    kernel,
)
"""Where the functions stand that the entries call, directly or not."""
ENTRIES = {
    "advance": "int64({state}, int64)", "tick": "int64({state}, int64)", "sweep": "void({state}, int64, int64)",
    "close": "void({state}, int64)", "bury_all": "void({state})",
    "draw_when": "void({state}, int64, int64, int64, int64)",
}  # fmt: skip

ALWAYS = """
    move touch level_of hold spend refill used fits spend_quota four value because passed_on will_answer travel arrive
    admitted admit passes met_too look_up answering answered record release take_row take_node free_node push pop
    precedes lift opened first_attempt schedule wake learn back known reached reach free_place fetch marked open_slot
    sent leaves blank ended numbered alias uniform choose happens
"""
INLINED = frozenset(ALWAYS.split())
"""On the way of every attempt: a call costs more than what they do."""
MANY = """
    draw_calls draw_call draw_words look_words_up choose_call look_ahead draw_hit draw_work draw_outcome draw_send works_of
    place relay relayed_at small keep line_up drop resent try_again listed delay part refused refuse detach watch_limits
    execute invoke occupy has_tokens may_scale spend_rates made idle_again slowed exits record_job begun
    enqueue start waits take_next drained needs started begin goes_on next_comes told learns over
"""
OFTEN = frozenset(MANY.split())
"""On the way of many attempts. All others are for what a scenario may have besides, or for what happens seldom."""


@dataclass(frozen=True)
class Kernel:
    """The entries of the loop, and what they take for their state."""

    advance: Callable[[Any, int], int]
    tick: Callable[[Any, int], int]
    sweep: Callable[[Any, int, int], None]
    close: Callable[[Any, int], None]
    bury_all: Callable[[Any], None]
    draw_when: Callable[[Any, int, int, int, int], None]
    state: Callable[[State], Any]


def functions(module: ModuleType) -> list[Any]:
    """The plain functions of a module, by their place in it."""
    return [
        thing
        for thing in vars(module).values()
        if isinstance(thing, FunctionType) and thing.__module__ == module.__name__
    ]


def entry(name: str) -> Callable[..., Any]:
    """A function of the loop by name."""
    for module in (kernel, levels, environments, drawing):
        found: Callable[..., Any] | None = vars(module).get(name)
        if found is not None and found.__module__ == module.__name__:
            return found
    raise LookupError(name)


def compiled() -> Kernel:
    """The loop, compiled or from the cache."""
    from apigw_sim.engine.compiled import views
    from apigw_sim.jit import Helpers, entry_point
    from apigw_sim.jit import compiled as made

    alone = {quantile.depth, *(entry(name) for name in ENTRIES)} - {environments.bury_all, environments.sweep}
    helpers = Helpers(thing for module in SOURCES for thing in functions(module) if thing not in alone)
    seldom = {helper.__name__ for helper in helpers} - INLINED - OFTEN
    made_entries = {
        name: entry_point(
            made(entry(name), views.signature_of(signature), helpers=helpers, inlined=INLINED, seldom=seldom)
        )
        for name, signature in ENTRIES.items()
    }
    return Kernel(**made_entries, state=lambda state: state)


def interpreted(number: Callable[[int], int] = int) -> Kernel:
    """The loop's source as plain Python on lists of numbers: slow, and `number` may refuse to leave 64 bits."""
    return Kernel(**{name: entry(name) for name in ENTRIES}, state=lambda state: Lists(state, number))
