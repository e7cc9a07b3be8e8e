"""One attempt's way through the gateway, step by step, for a person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apigw_sim.plan.tables import NULL, Client, Plan, Retry
from apigw_sim.records import PREFLIGHT, CallOutcome, Flag, Outcome
from apigw_sim.rules import backoff
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.rules.http_reasons import HTTP_REASONS
from apigw_sim.rules.reason import REASONS, Reason
from apigw_sim.rules.retry import RETRY as PRICE
from apigw_sim.terminal.page import Page, Words
from apigw_sim.terminal.words import ceiling, count, line_of, many, ms, percent, span
from apigw_sim.units import MS, show_size

if TYPE_CHECKING:
    from apigw_sim.explain import Row, Walk

JITTERS = {
    backoff.NONE: "no",
    backoff.FULL: "full",
    backoff.EQUAL: "equal",
    backoff.DECORRELATED: "decorrelated",
}
OUTCOMES = {
    Outcome.OK: "ended well",
    Outcome.CRASH: "crashed",
    Outcome.MALFORMED: "gave a malformed answer",
    Outcome.TIMEOUT: "was ended by the function's own timeout",
    Outcome.OUTAGE: "met an outage",
    Outcome.QUEUE_FULL: "met a full queue",
    Outcome.SERVICE_THROTTLED: "was refused by the service, whose own rate was used up",
    Outcome.TOO_LARGE: "was not taken by Lambda, being too large",
}
RAISED = ("FUNCTION_ERROR", "FUNCTION_TIMEOUT", "RESPONSE_TOO_LARGE")
"""What a custom integration sees as an error of the function."""
CALL_OUTCOMES = {
    CallOutcome.SUCCEEDED: "succeeded",
    CallOutcome.REFUSED: "failed: its last answer was an error",
    CallOutcome.TIMED_OUT: "failed: the client gave up waiting",
    CallOutcome.SHORT_CIRCUITED: "failed: the client's circuit breaker was open",
    CallOutcome.NOT_STARTED: "never started: no worker was free",
    CallOutcome.PREFLIGHT_FAILED: "failed: the preflight gave the browser no permission",
}


def _called(attempt: int) -> str:
    """An attempt, or the preflight before one."""
    return f"attempt {attempt}" if attempt <= PREFLIGHT else f"preflight of {attempt - PREFLIGHT}"


def page(walk: Walk, again: str) -> Page:
    """What `explain` prints; `again` is the scenario and the options, to propose commands with."""
    made = Page()
    _header(made, walk)
    _steps(made, walk)
    _why(made, walk)
    _then(made, walk, again)
    return made


def _header(made: Page, walk: Walk) -> None:
    plan, row = walk.plan, walk.watched
    client = plan.clients[walk.client]
    made.title(
        f"{plan.name}, seed {walk.seed}: attempt {walk.whose}/{walk.attempt}",
        f"row {count(row['row'])} of requests.parquet, {walk.chosen}",
    )
    pick = client.calls[walk.ended["pick"]].text if walk.ended is not None else "a call"
    key = f" with API key {plan.key_name(row['api_key'])}" if row["api_key"] != NULL else ""
    body = f", body of {show_size(row['request_bytes'])}" if row["request_bytes"] else ""
    where = plan.stages[row["stage"]].name if row["stage"] != NULL else "a base path without a mapping"
    made.line(f"{pick} to {where}, sent by {client.name}{key}{body}")
    sent = walk.story[0][0]
    stamp = plan.start + timedelta(milliseconds=round(sent / MS))
    warm_up = ", in the warm-up" if sent < plan.warm_up else ""
    made.line(
        f"0 ms is {span(sent)} after the start{warm_up}: {stamp.isoformat(sep=' ', timespec='milliseconds')}"
    )


def _steps(made: Page, walk: Walk) -> None:
    made.title("STEP BY STEP")
    start, last = walk.story[0][0], None
    rows = []
    for at, text in walk.story:
        rows.append(("" if at == last else _ms(at - start), text))
        last = at
    made.table(rows, "rl")


def _ms(ns: int) -> str:
    return f"{ns / MS:,.3f} ms"


def _why(made: Page, walk: Walk) -> None:
    row = walk.watched
    http = row["stage"] != NULL and walk.plan.stages[row["stage"]].http
    why = (HTTP_REASONS if http else REASONS)[row["reason"]]
    made.title("WHY", f"{row['status']} {why.name}")
    made.line(why.why)
    facts: list[tuple[Words, str]] = []

    def fact(name: str, text: str) -> None:
        if text:
            facts.append((Words(name, "dim"), text))

    fact("default body" if http else "gateway response", _response(walk.plan, row, why))
    fact("execution log", "" if row["flags"] & Flag.UNMETERED else _log_line(walk.plan, row, why))
    fact("CloudWatch", _counted(row, why))
    fact("limit", _limit(walk.plan, row))
    fact("Latency", f"{ms(row['latency_ns'] / MS)} ms{_where_it_went(row)}")
    flags = [str(flag.name) for flag in Flag if row["flags"] & flag]
    fact("marks", ", ".join(flags).lower().replace("_", " "))
    fact("may a client retry", _retryable(walk, row, why))
    made.table(facts, "ll")


def _response(plan: Plan, row: Row, why: Reason) -> str:
    """The gateway response type, and how the answer differs from AWS's own."""
    custom = row["method"] != NULL and plan.methods[row["method"]].responses is not None
    if custom and why.name in RAISED:
        return f"none: an integration response gives the error of the function as a {row['status']}"
    body = f'{{"message":"{why.message}"}}' if why.message else ""
    shown = ", ".join(filter(None, (why.response_type, body)))
    if row["flags"] & Flag.RESTYLED:
        shown += f"; customised: {row['status']} for its own {why.status}"
    return shown


def _counted(row: Row, why: Reason) -> str:
    """What CloudWatch makes of it, where that is not what the status says."""
    if row["flags"] & Flag.UNMETERED:
        return "no metric and no log of it (assumptions.unmetered)"
    if row["flags"] & Flag.RESTYLED:
        return f"counts it as {'5XXError' if why.status >= 500 else '4XXError'}, whatever its status"
    if row["status"] < 400 and (why.status or why.name.startswith("BACKEND")):
        return "counts it as carried: no 4XXError, no 5XXError"
    return ""


def _log_line(plan: Plan, row: Row, why: Reason) -> str:
    limit = plan.limits[row["refused_by"]] if row["refused_by"] != NULL else None
    name = "" if limit is None else f"{limit.label} ({ceiling(limit.ceiling)})"
    return why.log_line.format(status=row["status"], limit=name)


def _limit(plan: Plan, row: Row) -> str:
    if row["refused_by"] == NULL:
        return ""
    limit = plan.limits[row["refused_by"]]
    return f"{limit.label}, {ceiling(limit.ceiling)}: {limit.path} ({line_of(limit.where)})"


def _where_it_went(row: Row) -> str:
    if row["flags"] & Flag.IN_FRONT:
        return ", and AWS/ApiGateway has no sample of it"
    parts = []
    if row["authorizer_ns"] > 0:
        parts.append(f"its authorizer {ms(row['authorizer_ns'] / MS)} ms")
    if row["integration_ns"] >= 0:
        parts.append(f"IntegrationLatency {ms(row['integration_ns'] / MS)} ms")
    if not parts:
        return ", all of it the gateway's own"
    own = (row["latency_ns"] - max(row["authorizer_ns"], 0) - max(row["integration_ns"], 0)) / MS
    return f": {', '.join(parts)} and {ms(own)} ms of the gateway's own"


def _retryable(walk: Walk, row: Row, why: Reason) -> str:
    """Whether a retry is safe and can help."""
    if why.name == "OK":
        return "there is nothing to retry"
    if why.retryable == "no":
        return "no, the same request gets the same answer"
    if why.retryable == "yes":
        return f"yes, nothing was executed{_refilled(walk.plan, row)}"
    client = walk.plan.clients[walk.client]
    idempotent = client.calls[walk.ended["pick"]].idempotent if walk.ended is not None else False
    which = "is idempotent" if idempotent else "is not idempotent: a retry may execute it twice"
    return f"only a call that does no harm when repeated; this one {which}"


def _refilled(plan: Plan, row: Row) -> str:
    """When the bucket holds a whole token again."""
    rates = [bucket.rate for bucket in plan.buckets if bucket.limit == row["refused_by"]]
    if row["tokens"] < 0 or row["refused_by"] == NULL or not rates or not rates[0]:
        return ""
    wait = -(-(TOKEN - row["tokens"]) // rates[0])
    return f"; a whole token is there {_ms(wait)} later, if nobody takes it first"


def _then(made: Page, walk: Walk, again: str) -> None:
    client, row = walk.plan.clients[walk.client], walk.watched
    made.title("WHAT BECAME OF THE CALL")
    made.line(_policy(client))
    for work in walk.work:
        if work["attempt"] == walk.attempt and work["abandoned"]:
            made.line(_for_nobody(walk, work))
    start = walk.attempts[0]["arrived_ns"]
    rows = []
    for one in walk.attempts:
        mark = "->" if one["attempt"] == walk.attempt else ""
        by = walk.plan.limits[one["refused_by"]].label if one["refused_by"] != NULL else ""
        rows.append((
            mark, _called(one["attempt"]), f"+{_ms(one['arrived_ns'] - start)}",
            f"{one['status']} {REASONS[one['reason']].name}", _ms(one["latency_ns"]), by,
        ))  # fmt: skip
    made.table(rows, "llrlrl", ("", "", "arrived", "answer", "Latency", ""))
    if walk.ended is not None:
        took = walk.ended["ended_ns"] - walk.ended["started_ns"]
        how = CALL_OUTCOMES[CallOutcome(walk.ended["outcome"])]
        made.line(
            f"The call {how}, {_ms(took)} after its start, with {many(walk.ended['attempts'], 'attempt')}."
        )
    others = [one for one in walk.attempts if one is not row]
    if others:
        made.exact(f"apigw-sim explain {again} --attempt {walk.whose}/{others[-1]['attempt']}", "dim")


def _policy(client: Client) -> str:
    """How the client retries."""
    retry = client.retry
    waits = "as long as it takes" if client.timeout_ns == NULL else span(client.timeout_ns)
    if retry.attempts <= 1:
        return f"{client.name} waits {waits} for an answer and does not retry."
    statuses = ", ".join(str(status) for status in sorted(retry.statuses))
    gone = " and its own timeout" if retry.client_timeout else ""
    throttled = ""
    if retry.base_throttled_ns != NULL:
        throttled = f" ({span(retry.base_throttled_ns)} after a 429)"
    return (
        f"{client.name} waits {waits} for an answer and retries {statuses}{gone}: {retry.attempts} attempts in all,"
        f" {JITTERS[retry.jitter]} jitter from {span(retry.base_ns)}{throttled} up to {span(retry.cap_ns)}{_kept(retry)}."
    )


def _kept(retry: Retry) -> str:
    """What its processes keep between calls."""
    parts = []
    if retry.quota is not None:
        parts.append(f"a retry quota of {retry.quota.tokens} tokens")
    if retry.earns != NULL:
        parts.append(f"a budget of {percent(retry.earns, PRICE)} of its calls")
    if retry.adaptive:
        parts.append("a rate limiter")
    if retry.breaker is not None:
        parts.append("a circuit breaker")
    if not parts:
        return ""
    each = f"each of its {retry.processes:,} processes has" if retry.processes > 1 else "it has"
    return f"; {each} {', '.join(parts[:-1])}{' and ' if parts[1:] else ''}{parts[-1]}"


def _for_nobody(walk: Walk, work: Row) -> str:
    """What a backend did after everybody had stopped waiting."""
    name = walk.plan.backends[work["backend"]].name
    lasted = (
        work["queued_ns"]
        + max(work["provisioning_ns"], 0)
        + max(work["init_ns"], 0)
        + max(work["duration_ns"], 0)
    )
    until = work["arrived_ns"] + lasted - walk.story[0][0]
    how = OUTCOMES.get(Outcome(work["outcome"]), "was refused by Lambda")
    return f"{name} worked on for nobody until {_ms(until)} and {how}."
