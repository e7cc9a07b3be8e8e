"""X-Ray: which requests its default rule samples, and the segment document of each, rendered from the rows (facts 9.2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.draws import Group
from apigw_sim.logs.context import Block
from apigw_sim.plan.laws import threshold
from apigw_sim.plan.tables import NULL, BackendKind
from apigw_sim.records import Flag
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.draws import Draws
    from apigw_sim.logs.drawn import Columns
    from apigw_sim.plan.tables import Plan

UNMET = Flag.IN_FRONT | Flag.UNMETERED
"""Marks of requests that API Gateway never met, or of which it has no metrics."""
WHO = ("arrived_ns", "client", "user", "call", "attempt")
"""Columns that order requests: by arrival, then as events of one instant are ordered."""
OF_THE_REST = threshold(Fraction(5, 100))
"""The default rule: the first request of each second, and 5 % of the others."""
LONGEST_URL = 250
"""Characters, as the developer guide says of segment documents."""


class Sampler:
    """X-Ray's default rule over all stages that use it; `chunks` gives the rows of a run from their beginning."""

    def __init__(self, draws: Draws, chunks: Callable[[], Iterable[Columns]]) -> None:
        self.draws = draws
        self._traced = np.array([stage.xray for stage in draws.plan.stages] + [False])
        self._first: dict[int, tuple[int, ...]] = {}
        for columns in chunks():
            self._find_first(columns)

    def _met(self, columns: Columns) -> NDArray[np.bool_]:
        met: NDArray[np.bool_] = self._traced[columns["stage"]] & (columns["flags"] & UNMET == 0)
        return met

    def _find_first(self, columns: Columns) -> None:
        """Remember whichever came first in each second: rows are in the order of answers."""
        mine = np.flatnonzero(self._met(columns))
        who = [columns[name][mine] for name in WHO]
        order = np.lexsort(who[::-1])
        seconds, first = np.unique(who[0][order] // SECOND, return_index=True)
        for second, row in zip(seconds.tolist(), order[first].tolist(), strict=True):
            this = tuple(int(column[row]) for column in who)
            self._first[second] = min(this, self._first.get(second, this))

    def sampled(self, columns: Columns, stage: int) -> NDArray[np.int64]:
        """The rows of a stage that are sampled."""
        mine = np.flatnonzero(self._met(columns) & (columns["stage"] == stage))
        who = zip(*(columns[name][mine].tolist() for name in WHO), strict=True)
        first = np.array([self._first[one[0] // SECOND] == one for one in who], bool)
        return mine[first | (self._words(columns, mine)[:, 0] < OF_THE_REST)] if len(mine) else mine

    def _words(self, columns: Columns, mine: NDArray[np.int64]) -> NDArray[np.int64]:
        words = np.empty((len(mine), 4), np.int64)
        client = columns["client"][mine]
        for number in np.unique(client).tolist():
            rows = np.flatnonzero(client == number)
            who = (columns[name][mine[rows]].astype(np.int64) for name in ("call", "attempt", "user"))
            words[rows] = self.draws.client(number).words(Group.TRACE, *who)
        return words


def lines(draws: Draws, stage: int, chunks: Callable[[], Iterable[Columns]]) -> Iterator[str]:
    """The segment documents of a stage, one JSON object a line, in the order of answers."""
    sampler = Sampler(draws, chunks)
    for columns in chunks():
        mine = sampler.sampled(columns, stage)
        if len(mine):
            for document in documents(draws, stage, {name: column[mine] for name, column in columns.items()}):
                yield json.dumps(document, separators=(",", ":")) + "\n"


def documents(draws: Draws, stage: int, columns: Columns) -> Iterator[dict[str, Any]]:
    """A segment for each request, with a subsegment for its integration if that was asked."""
    block, plan = Block(draws, stage, columns), draws.plan
    region = plan.regions[plan.stages[stage].region].name
    host = f"https://{plan.stages[stage].api}.execute-api.{region}.amazonaws.com"
    names = ("requestId", "identity.sourceIp", "httpMethod", "path")
    texts = zip(*(block.column(name).tolist() for name in names), strict=True)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    ids = zip(block.words(Group.TRACE).tolist(), block.words(Group.SEGMENT).tolist(), strict=True)
    for (request, ip, verb, path), values, (trace, own) in zip(texts, rows, ids, strict=True):
        row = dict(zip(columns, values, strict=True))
        begin = block.start + row["arrived_ns"]
        made: dict[str, Any] = {
            "name": plan.stages[stage].name,
            "id": f"{own[0] << 1:016x}",
            "trace_id": f"1-{begin // SECOND:08x}-{trace[1] << 1:016x}{trace[2] >> 31:08x}",
            "start_time": at(begin),
            "end_time": at(begin + row["latency_ns"]),
            "origin": "AWS::ApiGateway::Stage",
            "http": {
                "request": {"method": verb, "url": f"{host}{path}"[:LONGEST_URL], "client_ip": ip},
                "response": {"status": row["status"], "content_length": row["response_bytes"]},
            },
            "annotations": {"request_id": request},
            **marks(row["status"]),
        }
        if row["integration_ns"] != NULL:
            made["subsegments"] = [integration(plan, row, begin, f"{own[1] << 1:016x}")]
        yield made


def integration(plan: Plan, row: dict[str, int], begin: int, number: str) -> dict[str, Any]:
    """The subsegment of an integration: half of the gateway's own time lies before it, half behind."""
    method = plan.methods[row["method"]]
    own = row["latency_ns"] - row["integration_ns"] - max(row["authorizer_ns"], 0)
    relayed = begin + max(row["authorizer_ns"], 0) + own // 2
    reached = plan.reached(method)
    of = plan.backends[reached[0]] if reached else None
    status = row["integration_status"]
    answer = {"http": {"response": {"status": status}}} if status != NULL else {}
    return {
        "id": number,
        "name": of.name if of is not None else method.route,
        "namespace": "remote" if of is not None and of.kind is BackendKind.HTTP else "aws",
        "start_time": at(relayed),
        "end_time": at(relayed + row["integration_ns"]),
        **answer,
        **marks(status if status != NULL else row["status"]),
    }


def marks(status: int) -> dict[str, bool]:
    """`error` of a 4xx, `throttle` too of a 429, `fault` of a 5xx."""
    if status >= 500:
        return {"fault": True}
    return {"error": True, **({"throttle": True} if status == 429 else {})} if status >= 400 else {}


def at(instant: int) -> float:
    """An instant in seconds from 1970, to the microsecond."""
    return instant // 1000 / 1e6
