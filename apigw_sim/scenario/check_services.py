"""Cross references of backends: what kind each one is, and what integrations may make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim import quotas, units
from apigw_sim.scenario.base import NONE
from apigw_sim.scenario.services import KINDS, READS, START, START_SYNC
from apigw_sim.scenario.tables import PROVISIONED
from apigw_sim.scenario.tree import Keys

if TYPE_CHECKING:
    from apigw_sim.scenario.checks import Report
    from apigw_sim.scenario.functions import HttpBackend
    from apigw_sim.scenario.services import DynamoDb, Sqs, StepFunctions


def check_services(report: Report) -> None:
    """Every backend is of exactly one kind."""
    for name, backend in report.scenario.backends.items():
        given = [kind for kind in KINDS if getattr(backend, kind) is not None]
        if len(given) > 1:
            report.say(("backends", name), f"{' and '.join(given)} stand together", "keep one of them")
        elif not given:
            fix = f"write {', '.join(KINDS[:-1])} or {KINDS[-1]}, such as http: {{latency: 90 ms}}"
            report.say(("backends", name), "the backend is of no kind", fix)
        if backend.http is not None:
            _check_places(report, ("backends", name, "http"), backend.http)
            if backend.http.database is not None:
                here: Keys = ("backends", name, "http", "database", "name")
                known = report.scenario.databases
                report.refer(here, backend.http.database.name, ("databases",), known, "database")
        if backend.sqs is not None:
            _check_consumer(report, ("backends", name, "sqs"), backend.sqs)
        if backend.dynamodb is not None:
            _check_table(report, ("backends", name, "dynamodb"), backend.dynamodb)
        if backend.step_functions is not None:
            _check_machine(report, ("backends", name, "step_functions"), backend.step_functions)


def _check_places(report: Report, keys: Keys, server: HttpBackend) -> None:
    """What needs places, or a queue, has them."""
    several = server.concurrency != NONE and server.concurrency > 1
    if server.slowdown != 1 and not several:
        what = "with one place, or any number of them, there are no others that could be busy"
        report.say(
            (*keys, "slowdown"), what, "write concurrency: 50, or leave slowdown out", (*keys, "concurrency")
        )
    if server.discipline != "FIFO" and server.queue < 2:
        what = f"of a queue of {server.queue} everybody is next"
        report.say((*keys, "discipline"), what, "write queue: 100, or leave discipline out", (*keys, "queue"))


def _check_consumer(report: Report, keys: Keys, queue: Sqs) -> None:
    """A mapping invokes a function that there is, and whose timeout the queue's visibility timeout covers."""
    said = queue.consumer
    functions = report.scenario.functions
    here: Keys = (*keys, "consumer", "function")
    if said is None or not report.refer(here, said.function, ("functions",), functions, "function"):
        return
    window, batch = said.batching_window, quotas.count("sqs_batch")
    if queue.fifo is not None and (window or said.batch_size > batch):
        what = f"of a FIFO queue a batch has {batch} messages at most, and nothing is gathered"
        key = "batching_window" if window else "batch_size"
        report.say((*keys, "consumer", key), what, f"leave {key} out", (*keys, "fifo"))
    elif said.batch_size > batch and window < units.SECOND:
        what = f"a batch of {said.batch_size:,} wants a batching window"
        report.say((*keys, "consumer", "batch_size"), what, f"write batching_window: 1 s, or {batch} at most")
    hidden, timeout = queue.visibility_timeout, functions[said.function].timeout
    if hidden < timeout:
        what = (
            f"Queue visibility timeout: {hidden // units.SECOND} seconds is less than Function timeout: "
            f"{timeout // units.SECOND} seconds"
        )
        fix = f"write six times the function's timeout, {units.show_duration(6 * timeout)}"
        report.say((*keys, "visibility_timeout"), what, fix, ("functions", said.function))


def _check_table(report: Report, keys: Keys, said: DynamoDb) -> None:
    """An action is on a table that there is, and that has capacity for it."""
    tables = report.scenario.tables
    reads = said.action in READS
    if said.consistent_read and not reads:
        what = f"{said.action} is no read"
        report.say((*keys, "consistent_read"), what, "leave consistent_read out", (*keys, "action"))
    if not report.refer((*keys, "table"), said.table, ("tables",), tables, "table"):
        return
    table, needed = tables[said.table], "read_capacity" if reads else "write_capacity"
    if table.billing_mode == PROVISIONED and getattr(table, needed) is None:
        what = f"{said.action} needs capacity, and {said.table} is provisioned without {needed}"
        report.say(("tables", said.table), what, f"write {needed}: 100", (*keys, "action"))


def _check_machine(report: Report, keys: Keys, said: StepFunctions) -> None:
    """An execution that the caller waits for is express, and takes its time; one that is started takes none that shows."""
    if said.action == START:
        if said.duration is not None:
            what = "nobody waits for an execution that is only started"
            report.say(
                (*keys, "duration"),
                what,
                f"write action: {START_SYNC}, or leave duration out",
                (*keys, "action"),
            )
        return
    if said.type != "EXPRESS":
        report.say(
            (*keys, "action"), f"{said.action} is for express state machines alone", "write type: EXPRESS"
        )
    if said.duration is None:
        report.say(keys, f"{said.action} takes as long as its execution", "write duration: 800 ms")
    if said.latency is not None:
        what = f"{said.action} answers when its execution has ended"
        report.say((*keys, "latency"), what, "write duration: in its place", (*keys, "action"))


def check_served(report: Report, keys: Keys, name: str) -> None:
    """An integration names a backend that it can call: `http` an HTTP server, `service` an AWS service."""
    backends = report.scenario.backends
    if not report.refer(keys, name, ("backends",), backends, "backend"):
        return
    if (keys[-1] == "service") != backends[name].of_aws:
        what, fix = (
            f"'{name}' is an AWS service",
            "write service:, since AWS services have custom integrations alone",
        )
        if keys[-1] == "service":
            what, fix = f"'{name}' is no AWS service", "write http: or http_proxy:"
        report.say(keys, what, fix, ("backends", name))
