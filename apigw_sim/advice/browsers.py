"""Advice on browsers: preflights that are never permitted, and those that each path has of its own."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding, Keys
from apigw_sim.plan.tables import NULL, CallRow


def _why(case: Case, asks: CallRow) -> tuple[str, str]:
    """Why a preflight is refused, and what to do; empty: it is not."""
    if asks.method == NULL:
        return (
            "no method serves it",
            "write a method OPTIONS of that path, with a mock integration; or cors: true of an HTTP API",
        )
    row = case.plan.methods[asks.method]
    if asks.refused != NULL:
        return f"{row.route} asks who calls", "leave the authorizer of OPTIONS out"
    if row.api_key_required:
        return f"{row.route} requires an API key", "leave api_key_required of OPTIONS out"
    if not 200 <= row.mock_status < 300 and row.backend == NULL:
        return f"{row.route} answers {row.mock_status}", "write mock: {status: 204}"
    return "", ""


def never_permitted(case: Case) -> Iterator[Finding]:
    """Calls of browsers whose preflight fails each time; a browser sends no key and no credentials with one."""
    for name, _, row in case.clients():
        for number, call in enumerate(row.calls):
            if call.preflight == NULL:
                continue
            why, fix = _why(case, row.calls[call.preflight])
            if why:
                keys: Keys = ("clients", name, "calls", number)
                text = f"the preflight of {call.text} fails each time, since {why}: the call is never sent"
                yield Finding(keys, text, fix)
