"""Databases behind functions: connections that environments hold, and queries that take longer the more are at work.

A connection is at work from the beginning to the end of the invocation that queries over it.
"""

from __future__ import annotations

from typing import Any

from apigw_sim.engine.model.backends import Fault, Job
from apigw_sim.engine.model.functions import Environment, Function, drawn
from apigw_sim.engine.model.gauges import Gauge, Gauges
from apigw_sim.engine.model.provisioned import Provisioned
from apigw_sim.plan import tables
from apigw_sim.plan.tables import GaugeKind, Plan
from apigw_sim.records import NULL


class Database:
    """A database, and the functions that query it."""

    def __init__(self, number: int, row: tables.Database, gauges: Gauges, plan: Plan) -> None:
        self.row = row
        self.held, self.busy, self.refused = (
            Gauge(gauges, plan.gauge(GaugeKind(kind), number))
            for kind in range(GaugeKind.CONNECTIONS, GaugeKind.CONNECTIONS_REFUSED + 1)
        )
        self.functions: list[Function] = []

    def begins(self, environment: Environment, now: int) -> bool:
        """An environment has work: whether it has a connection, or gets one."""
        if not environment.connected:
            if self.held.level >= self.row.connections:
                for function in self.functions:  # who has died since has let its connection go
                    function.sweep(now)
            if self.held.level >= self.row.connections:
                self.refused.move(1)
                return False
            environment.connected = True
            self.held.move(1)
        self.busy.move(1)
        return True


class Queries(Fault):
    """A fault of a function that queries a database: that is always there."""

    loaded = True

    __slots__ = ("query",)

    def __init__(self) -> None:
        super().__init__()
        self.active = True
        self.query = 0
        """What the query of the invocation that begins now takes; NULL: it gets no connection."""

    def stretch(self, duration: int) -> int:
        """A duration with its query; a fault of the function is none of its database."""
        return super().stretch(duration) + max(self.query, 0)

    def fails(self, job: Job) -> bool:
        """Whether it gets no connection, or a fault makes it fail."""
        return self.query == NULL or super().fails(job)


class Connected(Function):
    """A function that queries a database in each invocation; without a connection the invocation crashes."""

    fault: Queries

    def __init__(self, database: Database, *of_function: Any) -> None:
        super().__init__(*of_function)
        self.fault = Queries()
        self.database = database
        database.functions.append(self)

    def _run(self, job: Job, now: int) -> None:
        assert job.environment is not None
        assert self.row.query is not None
        database, attempt = self.database, job.attempt
        most = database.row.connections
        if database.begins(job.environment, now):
            times = database.row.stretch[database.busy.level]
            self.fault.query = drawn(self.row.query, job.query_word()) * times // 1000
            attempt.note(
                f"database {database.row.name}: a query of {self.fault.query / 1e6:g} ms (its load makes it {times / 1000:g} "
                f"times as long); {database.held.level:,} of {most:,} connections held"
            )
        else:
            self.fault.query = NULL
            attempt.note(f"database {database.row.name}: too many connections, all {most:,} are held")
        super()._run(job, now)

    def done(self, job: Job) -> None:
        """The invocation has ended: its connection is kept, or closed."""
        environment = job.environment
        assert environment is not None
        if environment.connected:
            self.database.busy.move(-1)
            if not self.row.keeps_connection:
                environment.connected = False
                self.database.held.move(-1)
        super().done(job)

    def _write(self, environment: Environment, died: int) -> None:
        if environment.connected and died != NULL:
            self.database.held.left_at(died)
        super()._write(environment, died)


class ConnectedProvisioned(Connected, Provisioned):
    """... and has provisioned concurrency."""
