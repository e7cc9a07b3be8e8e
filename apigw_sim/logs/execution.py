"""Execution logs: not their lines, but how many there would be and of how many bytes, by level and data trace.

The lines are those that API Gateway writes of a REST API, as captured in the wild; each begins with the request's id,
and one that is longer than 1,024 bytes is cut there (facts 5). What headers are worth nobody publishes: it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from apigw_sim.logs.access import UNSEEN
from apigw_sim.plan.tables import NULL, BackendKind, Method, Plan
from apigw_sim.records import Flag
from apigw_sim.rules.reason import REASONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.logs.drawn import Columns

    Ints = NDArray[np.int64]

LONGEST = 1024
"""Bytes of an event (facts 5)."""
ID = len("(01234567-89ab-cdef-0123-456789abcdef) ")
EXTENDED = len("Extended Request Id: J4LnEFbVIAMFmAA=")
STARTED = len("Starting execution for request: 01234567-89ab-cdef-0123-456789abcdef")
RECEIVED = len("Received response. Status: 200, Integration latency:  ms")
SUCCEEDED = len("Successfully completed execution")
COMPLETED = len("Method completed with status: 200")
BODIES = (
    len("Method request body before transformations: "),
    len("Endpoint response body before transformations: "),
    len("Method response body after transformations: "),
)
HEADERS = (
    len("Method request headers: {}"), len("Endpoint request headers: {}"),
    len("Endpoint response headers: {}"), len("Method response headers: {}"),
)  # fmt: skip
LIMIT = "{limit}"
"""Where a line names the limit that refused."""
EVENT = len("Endpoint request body after transformations: ")


class Volume(NamedTuple):
    """What a stage would write."""

    events: int
    size: int
    """Bytes."""


@dataclass
class Tally:
    """Events and bytes, added up."""

    events: int = 0
    size: int = 0

    def add(self, sizes: Ints) -> None:
        """One event of each of these sizes, without the id; what is too long is cut."""
        self.events += len(sizes)
        self.size += int(np.minimum(sizes + ID, LONGEST).sum())


def volumes(
    plan: Plan, stage: int, chunks: Iterable[Columns], headers: int, *, canary: bool = False
) -> dict[tuple[str, bool], Volume]:
    """By (level, data trace) what a stage would write; `headers`: bytes that a line with all headers has of them.

    `canary`: what its canary's own group has of that; the stage's has everything (facts 4).
    """
    errors, information, traced = Tally(), Tally(), Tally()
    failures = np.array([len(why.log_line) if why.response_type else 0 for why in REASONS])
    named = np.array([LIMIT in why.log_line for why in REASONS])
    limits = np.array([*(len(limit.label) - len(LIMIT) for limit in plan.limits), 0])
    texts = np.array([_of_method(plan, method) for method in plan.methods] or [(0, 0, 0)])
    by_lambda = np.array([_by_lambda(plan, method) for method in plan.methods] or [False])
    for columns in chunks:
        seen = (columns["stage"] == stage) & (columns["flags"] & UNSEEN == 0) & (columns["method"] != NULL)
        if canary:
            seen &= columns["flags"] & Flag.CANARY > 0
        mine = np.flatnonzero(seen)
        row = {name: column[mine].astype(np.int64) for name, column in columns.items()}
        failed = failures[row["reason"]] + np.where(named[row["reason"]], limits[row["refused_by"]], 0)
        ended = np.full(len(mine), COMPLETED)
        for tally in (errors, information):
            tally.add(failed[failed > 0])
        errors.add(ended[failed > 0])
        information.add(ended)
        for part in texts[row["method"]].T:
            information.add(part)
        information.add(np.full(len(mine), EXTENDED))
        information.add(np.full(len(mine), STARTED))
        information.add(np.full(int((failed == 0).sum()), SUCCEEDED))
        relayed = np.flatnonzero(row["integration_ns"] != NULL)
        milliseconds = (row["integration_ns"][relayed] + 500_000) // 1_000_000
        information.add(
            np.full(len(relayed), len(f"Sending request to {_endpoint(plan, plan.stages[stage].region)}"))
        )
        answered = row["integration_status"][relayed] != NULL
        information.add((RECEIVED + _digits(milliseconds))[answered])
        _trace(traced, {name: column[relayed] for name, column in row.items()}, by_lambda, headers)
    both = Volume(information.events + traced.events, information.size + traced.size)
    return {
        ("ERROR", False): Volume(errors.events, errors.size),
        ("INFO", False): Volume(information.events, information.size),
        ("INFO", True): both,
    }


def _trace(traced: Tally, row: dict[str, Ints], by_lambda: NDArray[np.bool_], headers: int) -> None:
    """What data trace adds for requests that were relayed: bodies, and headers four times."""
    request, response = row["request_bytes"], row["response_bytes"]
    for text, body in zip(BODIES, (request, response, response), strict=True):
        traced.add(text + body)
    # the event that a proxy integration hands to Lambda repeats all headers, and is longer than a line may be
    traced.add(EVENT + np.where(by_lambda[row["method"]], LONGEST, request))
    for text in HEADERS:
        traced.add(np.full(len(request), text + headers))


def _of_method(plan: Plan, method: Method) -> tuple[int, int, int]:
    """Lengths of the lines that are the same for every request of a method."""
    where = plan.stages[method.stage].name
    return (
        len(
            f"Verifying Usage Plan for request: 01234567-89ab-cdef-0123-456789abcdef. API Key:  API Stage: {where}"
        ),
        len(f"Usage Plan check succeeded for API Key  and API Stage {where}"),
        len(f"HTTP Method: {method.verb}, Resource Path: {method.resource}"),
    )


def _endpoint(plan: Plan, region: int) -> str:
    return f"https://lambda.{plan.regions[region].name}.amazonaws.com/2015-03-31/functions/invocations"


def _by_lambda(plan: Plan, method: Method) -> bool:
    return any(plan.backends[row].kind is BackendKind.LAMBDA for row in plan.reached(method))


def _digits(values: Ints) -> Ints:
    """How many digits numbers have."""
    return np.char.str_len(values.astype(str))
