"""Lambda's own queues of events as rows, one for each function that is invoked asynchronously (facts 10.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.plan.tables import NULL

if TYPE_CHECKING:
    from apigw_sim.plan.tables import Backend, Method
    from apigw_sim.scenario import Scenario


class Events(NamedTuple):
    """A function's queue, for all its versions, and how its events are tried again."""

    function: int
    most_age_ns: int
    retries: int
    on_failure: int
    """Row of plan.backends: the SQS queue that gets what is given up; NULL: it is lost."""


def events(
    scenario: Scenario, methods: Iterable[Method], behind: Sequence[Backend], names: Mapping[str, int]
) -> tuple[Events, ...]:
    """The queues of the functions that methods invoke asynchronously; `names` are rows by path."""
    invoked = {method.backend for method in methods if method.asynchronous and method.backend != NULL}
    mains = {row if behind[row].version_of == NULL else behind[row].version_of for row in invoked}
    made = []
    for row in sorted(mains):
        said = scenario.functions[behind[row].name].event_invoke
        on_failure = NULL if said.on_failure is None else names[f"backends.{said.on_failure}"]
        made.append(Events(row, said.maximum_event_age, said.maximum_retry_attempts, on_failure))
    return tuple(made)
