"""A user's own backend: a class whose `serve` is a SimPy generator, for the SimPy engine alone (docs/own-backends.md)."""

from __future__ import annotations

import importlib
import random
import sys
import traceback
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import simpy

from apigw_sim.draws import Group
from apigw_sim.engine.model.backends import Fault, Job, record
from apigw_sim.errors import ApigwSimError
from apigw_sim.records import Outcome

if TYPE_CHECKING:
    from apigw_sim.engine.model.attempt import Attempt
    from apigw_sim.engine.model.gauges import Gauge
    from apigw_sim.engine.model.recorder import Recorder
    from apigw_sim.plan import tables

UNAVAILABLE = 503
"""What a fault `errors` makes of its answers."""


class CodeError(ApigwSimError):
    """A user's own backend that is not allowed, cannot be loaded, or fails."""


def refuse(backends: Iterable[tables.Backend]) -> None:
    """Raise CodeError if any of these backends runs Python code: a scenario may come from somebody else."""
    named = [row for row in backends if row.code is not None]
    if named:
        fix = "read it, then allow it: --allow-code of run and explain, or allow_code=True"
        raise CodeError(
            "\n".join(
                f"{row.where} {row.path}.python: {row.code} is Python code, and code is not run unasked; {fix}"
                for row in named
            )
        )


@dataclass(frozen=True)
class Request:
    """What a user's backend is told of a request."""

    client: str
    call: int
    """Number of the call within its client, from 0."""
    attempt: int
    """From 1."""
    route: str
    """`POST /orders`"""
    body_bytes: int
    arrived_ns: int
    word: int

    @cached_property
    def random(self) -> random.Random:
        """Random numbers of this attempt alone: the same for one seed, whatever happens to others."""
        return random.Random(self.word)


class Coded:
    """A backend whose work is a user's generator."""

    def __init__(
        self, clock: simpy.Environment, number: int, row: tables.Backend, busy: Gauge, jobs: Recorder
    ) -> None:
        self.clock = clock
        self.number = number
        self.row = row
        self.busy = busy
        self.jobs = jobs
        self.fault = Fault()
        self.file = ""
        """Where its class is written: tells its errors from ours."""
        self.own = self._made()

    def _made(self) -> Any:
        assert self.row.code is not None
        module, _, name = self.row.code.written.partition(":")
        sys.path.insert(0, self.row.code.folder)
        try:
            found = importlib.import_module(module)
            self.file = str(getattr(found, "__file__", ""))
            made = getattr(found, name)(self.clock)
        except Exception as error:
            raise self.error(_last_line(error)) from error
        finally:
            sys.path.remove(self.row.code.folder)
        if not callable(getattr(made, "serve", None)):
            raise self.error("it has no method serve(self, request)")
        return made

    def error(self, what: str) -> CodeError:
        """An error of the user's code, by where the scenario names it."""
        return CodeError(f"{self.row.where} {self.row.path}.python: {self.row.code}: {what}")

    def arrive(self, job: Job) -> None:
        """A request arrives, now."""
        if self.fault.outage:
            job.outcome = Outcome.OUTAGE
            job.attempt.note(f"backend {self.row.name}: outage")
            record(self.jobs, self.number, job)
            return
        job.waiting = True
        job.run()
        self.busy.move(1)
        self.clock.process(self._work(job))

    def _work(self, job: Job) -> Generator[simpy.Event, Any, None]:
        attempt = job.attempt
        answer = yield from self._steps(attempt, job)
        status, size = self._read(answer)
        now = attempt.clock.now
        job.waiting = False
        job.duration, job.end = now - job.arrived, now
        job.status = UNAVAILABLE if self.fault.active and self.fault.fails(job) else status
        attempt.work = (*attempt.draw()[:2], size, *attempt.draw()[3:])
        attempt.note(f"backend {self.row.name}: {self.row.code} answers {job.status}")
        if job.detached:
            self.done(job)
        else:
            attempt.go()

    def _steps(self, attempt: Attempt, job: Job) -> Generator[simpy.Event, Any, Any]:
        caller = attempt.caller
        request = Request(
            client=caller.client.name, call=attempt.call[0], attempt=attempt.number,
            route=f"{job.method.verb} {job.method.resource}", body_bytes=attempt.body, arrived_ns=job.arrived,
            word=attempt.words(Group.CODE)[0],
        )  # fmt: skip
        steps = self.own.serve(request)
        if not isinstance(steps, Generator):
            raise self.error(
                "serve() is no generator: let it yield events, such as self.env.timeout(5_000_000)"
            )
        return (yield from steps)

    def _read(self, answer: object) -> tuple[int, int]:
        """The status and the bytes of what `serve` returned."""
        status, size = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, 1000)
        if type(status) is int and 200 <= status <= 599 and type(size) is int and size >= 0:
            return status, size
        raise self.error(f"serve() returned {answer!r}; return a status from 200 to 599, or (status, bytes)")

    def done(self, job: Job) -> None:
        """The work has ended, now."""
        self.busy.move(-1)
        record(self.jobs, self.number, job)


def blamed(coded: Iterable[Coded], error: BaseException) -> CodeError | None:
    """The user's own error behind one that a run met, by its traceback; None: it is none of theirs."""
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    for cause in reversed(causes):
        files = [frame.filename for frame in traceback.extract_tb(cause.__traceback__)]
        for backend in coded:
            if backend.file in files:
                return backend.error(_last_line(cause, backend.file))
    return None


def _last_line(error: BaseException, file: str = "") -> str:
    """What an error says, and the last line of a file that led to it: the end of its traceback in one line."""
    said = traceback.format_exception_only(error)[-1].strip()
    theirs = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{said} (line {theirs[-1].lineno} of {file})" if theirs else said
