"""Advice on SQS queues and the event source mappings that work them off."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import quotas, units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.scenario.functions import Function
from apigw_sim.scenario.services import Consumer, Sqs

TIMES = 6
"""AWS's own advice: a visibility timeout is so many times the function's."""


def _worked_off(case: Case) -> Iterator[tuple[str, Keys, Sqs, Consumer, Function]]:
    """Queues with a consumer: the name, the path, and what is said of both."""
    for name, backend in case.scenario.backends.items():
        queue = backend.sqs
        if queue is not None and queue.consumer is not None:
            function = case.scenario.functions[queue.consumer.function]
            yield name, ("backends", name, "sqs"), queue, queue.consumer, function


def hidden_too_short(case: Case) -> Iterator[Finding]:
    """Visibility timeouts that leave no time to offer a batch again."""
    for name, keys, queue, consumer, function in _worked_off(case):
        wanted = TIMES * function.timeout + consumer.batching_window
        if queue.visibility_timeout >= wanted:
            continue
        hidden, timeout = map(units.show_duration, (queue.visibility_timeout, function.timeout))
        text = (
            f"messages of {name} are hidden for {hidden}, and {consumer.function} may take {timeout}: of a batch that Lambda "
            "refuses for a while the messages are received again, and each receive counts toward the dead-letter queue"
        )
        window = " and the batching window" if consumer.batching_window else ""
        fix = f"write {units.show_duration(wanted)} at least, {TIMES} times the function's timeout{window}"
        yield Finding((*keys, "visibility_timeout"), text, fix)


def reads_more_than_runs(case: Case) -> Iterator[Finding]:
    """Mappings that may read more batches at once than their function's reservation lets run."""
    for name, keys, _, consumer, function in _worked_off(case):
        most = consumer.maximum_concurrency or quotas.count("event_source_batches_max")
        reserved = function.reserved_concurrency
        if reserved is None or most <= reserved:
            continue
        text = (
            f"the mapping of {name} reads up to {most:,} batches at once, and {consumer.function} has {reserved} reserved: "
            "the others are Throttles, and their messages come nearer to the dead-letter queue unprocessed"
        )
        yield Finding((*keys, "consumer", "maximum_concurrency"), text, f"write {max(reserved, 2)} at most")


def nowhere_to_die(case: Case) -> Iterator[Finding]:
    """Queues whose function fails now and then, and that have no dead-letter queue."""
    for name, keys, queue, consumer, function in _worked_off(case):
        if queue.max_receive_count is None and function.crash:
            text = (
                f"{consumer.function} fails with {units.show_share(function.crash)} of its batches, and {name} has no "
                f"dead-letter queue: what always fails is received every {units.show_duration(queue.visibility_timeout)} "
                f"for {units.show_duration(queue.retention)}"
            )
            yield Finding((*keys, "max_receive_count"), text, "write max_receive_count: 5")
