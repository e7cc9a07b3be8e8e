"""What the summary says of clients with workers: calls that were due, and what they took from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apigw_sim.metrics.quantiles import Spread
from apigw_sim.plan.tables import NULL
from apigw_sim.records import Block

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.plan.tables import Plan


class Paced:
    """Calls of clients with workers, by when they were due, within [warm_up, duration)."""

    def __init__(self, plan: Plan) -> None:
        clients = len(plan.clients)
        self.window = plan.warm_up, plan.duration
        self.numbers = [number for number, client in enumerate(plan.clients) if client.workers != NULL]
        self.due: NDArray[np.int64] = np.zeros(clients, np.int64)
        self.not_started: NDArray[np.int64] = np.zeros(clients, np.int64)
        self.latency = {number: Spread() for number in self.numbers}
        """ns from when a call was due to its end, of those that started."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.numbers)

    def take(self, block: Block) -> Block:
        """Take in calls; gives those that started, for those who ask when."""
        client, intended, started = block["client"], block["intended_ns"], block["started_ns"]
        selected = (intended >= self.window[0]) & (intended < self.window[1])
        sent = started != NULL
        size = len(self.due)
        self.due += np.bincount(client[selected], minlength=size)
        self.not_started += np.bincount(client[selected & ~sent], minlength=size)
        for number, spread in self.latency.items():
            mine = selected & sent & (client == number)
            spread.add(block["ended_ns"][mine] - intended[mine])
        return Block(block.table, block.rows[sent])
