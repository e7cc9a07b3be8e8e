"""Advice on clients: what they retry, and what their traces cannot say."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import per_second, several, verb
from apigw_sim.plan.tables import Client as ClientRow
from apigw_sim.plan.tables import Counted
from apigw_sim.scenario.arrivals import Bursty

THROTTLED = 429
"""The one status that says that nothing was done."""


def _retries(row: ClientRow) -> bool:
    return row.retry.attempts > 1 and bool(row.retry.statuses or row.retry.client_timeout)


def repeats_the_unrepeatable(case: Case) -> Iterator[Finding]:
    """Clients that retry a call that is not idempotent after more than a 429."""
    for name, _, row in case.clients():
        unsafe = sorted(row.retry.statuses - {THROTTLED})
        if not _retries(row) or not (unsafe or row.retry.client_timeout):
            continue
        calls = [call for call in case.calls(row) if not call.row.idempotent]
        if not calls:
            continue
        routes = list(dict.fromkeys(call.row.text for call in calls))
        after = [*map(str, unsafe), *(["its own timeout"] if row.retry.client_timeout else [])]
        text = (
            f"{name} sends {several(routes)} up to {row.retry.attempts} times, after {several(after)} too, "
            f"and {verb(routes, 'it is', 'they are')} not idempotent: a first attempt that acted acts again"
        )
        fix = (
            "retry 429 alone, whose request did not reach the backend, or make the call idempotent "
            "(an idempotency key) and write idempotent: true"
        )
        yield Finding(("clients", name, "retry"), text, fix)


def as_an_sdk(case: Case) -> Iterator[Finding]:
    """Clients that retry as the AWS SDKs do."""
    for name, client, row in case.clients():
        if client.retry is None or client.retry.mode is None:
            continue
        quota = row.retry.quota
        kept = "without a retry quota"
        if quota is not None:
            several_of = (
                f"each of {row.retry.processes:,} processes" if row.retry.processes > 1 else "one process"
            )
            kept = f"with a retry quota of {quota.tokens} tokens in {several_of}"
        text = (
            f"{name} retries as an AWS SDK in mode {client.retry.mode}, {kept}; SDKs do so with AWS's services, and a client "
            "of your own API does not retry unless you made it"
        )
        fix = "if it is a plain HTTP client take retry: out; if you made it retry, say how many processes: share its quota"
        yield Finding(("clients", name, "retry", "mode"), text, fix)


def retries_of_retries(case: Case) -> Iterator[Finding]:
    """Clients that a trace drives and that retry."""
    for name, client, row in case.clients():
        if row.trace is None or client.arrivals.trace is None or not _retries(row):
            continue
        holds = {
            "cloudwatch": "counts attempts, retries among them",
            "access_log": "has a line for each attempt, retries among them",
            "instants": "may hold attempts, retries among them",
            "azure_2019": "counts invocations, those of retries among them",
            "azure_2021": "has a row for each invocation, those of retries among them",
        }[client.arrivals.trace.kind]
        attempts = row.retry.attempts
        text = f"{row.trace.file} {holds}, and {name} makes up to {attempts} attempts of each: retries count twice"
        fix = "take retry: out, or lower scale: to the share of first attempts"
        yield Finding(("clients", name, "retry"), text, fix)


def blind_to_bursts(case: Case) -> Iterator[Finding]:
    """Traces that count by more than a second, placed within it without a thought of bursts."""
    for name, client, row in case.clients():
        trace, arrivals = client.arrivals.trace, row.arrivals
        if trace is None or row.trace is None or not isinstance(arrivals, Counted):
            continue
        if row.trace.period_ns <= units.SECOND or isinstance(trace.within_period, Bursty):
            continue
        most = int(arrivals.counts.max()) if len(arrivals.counts) else 0
        length = units.show_duration(row.trace.period_ns)
        text = (
            f"{row.trace.file} counts by {length}, at most {most:,} of {name} in {units.show_duration(arrivals.span)} "
            f"({per_second(most * units.SECOND / arrivals.span)} on average), and says nothing of bursts within it"
        )
        fix = "run with --bursts to see what peaks of 2, 4 and 8 times the mean would do, or bring counts by the second"
        yield Finding(("clients", name, "arrivals", "trace"), text, fix)
