"""A backend of one's own, for scenarios/own_backend.yaml: a ledger that writes what it has in batches."""

from collections.abc import Generator
from typing import Any

import simpy

MS = 1_000_000


class Ledger:
    """Orders wait for the next batch; every 50 ms one of 10 at most is written, and that takes 20 ms."""

    def __init__(self, env: simpy.Environment) -> None:
        self.env = env
        self.waiting: list[simpy.Event] = []
        env.process(self.batches())

    def serve(self, request: Any) -> Generator[simpy.Event, Any, int]:
        """A request: it ends when its batch is written, unless it is too large or too many wait."""
        if request.body_bytes > 100_000:
            return 413
        if len(self.waiting) >= 20:
            return 503
        written = self.env.event()
        self.waiting.append(written)
        yield written
        return 201

    def batches(self) -> Generator[simpy.Event, Any, None]:
        """The ledger's own process, which goes on for ever."""
        while True:
            yield self.env.timeout(50 * MS)
            batch, self.waiting = self.waiting[:10], self.waiting[10:]
            if batch:
                yield self.env.timeout(20 * MS)
                for written in batch:
                    written.succeed()
