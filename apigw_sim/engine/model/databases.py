"""Databases: connections that environments and servers' requests hold, and queries that take longer the more are at work.

A connection is at work from the beginning to the end of the invocation that queries over it.
"""

from __future__ import annotations

from typing import Any

from apigw_sim.engine.model.backends import Fault, Http, Job
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

    def connects(self, now: int) -> bool:
        """Somebody connects, if a connection is free."""
        if self.held.level >= self.row.connections:
            for function in self.functions:  # who has died since has let its connection go
                function.sweep(now)
        if self.held.level >= self.row.connections:
            self.refused.move(1)
            return False
        self.held.move(1)
        return True

    def begins(self, environment: Environment, now: int) -> bool:
        """An environment has work: whether it has a connection, or gets one."""
        if not environment.connected:
            environment.connected = self.connects(now)
        if environment.connected:
            self.busy.move(1)
        return environment.connected

    def query(self, drawn: int) -> int:
        """What a query takes that is at work now."""
        return drawn * self.row.stretch[self.busy.level] // 1000

    def told(self, query: int) -> str:
        """A query that begins, for people."""
        times = self.row.stretch[self.busy.level] / 1000
        return (
            f"database {self.row.name}: a query of {query / 1e6:g} ms (its load makes it {times:g} times as long); "
            f"{self.held.level:,} of {self.row.connections:,} connections held"
        )

    def told_full(self) -> str:
        """That it refuses, for people."""
        return f"database {self.row.name}: too many connections, all {self.row.connections:,} are held"


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
        if database.begins(job.environment, now):
            self.fault.query = database.query(drawn(self.row.query, job.query_word()))
            attempt.note(database.told(self.fault.query))
        else:
            self.fault.query = NULL
            attempt.note(database.told_full())
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


class Asking(Http):
    """An HTTP server that asks a database for every request; without a connection its answer is a 500."""

    def __init__(self, database: Database, *of_server: Any) -> None:
        super().__init__(*of_server)
        self.database = database
        self.connected: set[Job] = set()
        """The requests that hold a connection, each until it is done."""

    def _start(self, job: Job) -> None:
        super()._start(job)
        assert self.row.query is not None
        database, attempt = self.database, job.attempt
        if not database.connects(attempt.clock.now):
            job.status = 500
            attempt.note(database.told_full())
            return
        database.busy.move(1)
        self.connected.add(job)
        query = database.query(drawn(self.row.query, job.query_word()))
        job.duration += query
        job.end += query
        attempt.note(database.told(query))

    def done(self, job: Job) -> None:
        """A request is over: its connection is free, and its place."""
        if job in self.connected:
            self.connected.remove(job)
            self.database.busy.move(-1)
            self.database.held.move(-1)
        super().done(job)
