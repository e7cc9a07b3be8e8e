"""Cross references of browsers: what they are not, and what they call."""

from __future__ import annotations

from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.clients import FROM_TRACE, Client
from apigw_sim.scenario.tree import Keys


def check_browser(report: Report, base: Keys, client: Client) -> None:
    """A client that is a browser keeps permissions between its calls, and nothing else."""
    said = client.browser
    if said is None:
        return
    here: Keys = (*base, "browser")
    if client.calls == FROM_TRACE:
        what = "the preflights of a trace are in the trace"
        report.say(here, what, "leave browser out, or write a list of calls", (*base, "calls"))
    if client.users is not None and said.count != 1:
        what = "each user has a browser of its own"
        report.say((*here, "count"), what, "leave it out", (*base, "users"))
    retry = client.retry
    others = {
        "workers": client.workers is not None,
        "circuit_breaker": client.circuit_breaker is not None,
        "retry": retry is not None and (retry.mode not in (None, "legacy") or retry.budget is not None),
    }
    for key, there in others.items():
        if there:
            what = "of clients that are browsers neither workers, circuit breakers, retry budgets nor SDK modes are simulated"
            report.say((*base, key), what, f"leave {key} out, or browser", here)
