"""Cross references of closed-loop users: what stands beside them, sessions, and that time passes."""

from __future__ import annotations

from apigw_sim import units
from apigw_sim.scenario.arrivals import Arrivals
from apigw_sim.scenario.checks import Report
from apigw_sim.scenario.clients import FROM_TRACE, Call, Client
from apigw_sim.scenario.laws import Constant, Law
from apigw_sim.scenario.settings import TRACE
from apigw_sim.scenario.tree import Keys
from apigw_sim.scenario.users import Users


def check_users(report: Report, base: Keys, client: Client) -> None:
    """The users of a client that has them, and what is only of users."""
    users = client.users
    if users is None:
        _check_no_sessions(report, base, client, "without users there are no sessions", "users")
        return
    here: Keys = (*base, "users")
    if client.arrivals != Arrivals():
        what = "users and arrivals stand together: users call when they have thought, whatever the clock says"
        report.say((*base, "arrivals"), what, "leave one of the two out, or write two clients", here)
    if client.workers is not None:
        what = "users send their calls themselves, and have no workers"
        report.say((*base, "workers"), what, "leave it out", here)
    span = report.scenario.run.duration
    if span != TRACE and users.ramp_up >= span:
        what = f"{units.show_duration(users.ramp_up)} is not shorter than the run: users would still be coming at its end"
        report.say((*here, "ramp_up"), what, "make it shorter than run.duration", ("run", "duration"))
    if users.sessions is None:
        _check_no_sessions(
            report, base, client, "users without sessions draw each call by weight", "sessions"
        )
    elif client.calls != FROM_TRACE:
        _check_steps(report, base, client)
    _check_time_passes(report, here, client, users)


def _check_no_sessions(report: Report, base: Keys, client: Client, why: str, where: str) -> None:
    for number, call in enumerate(client.calls if client.calls != FROM_TRACE else ()):
        assert isinstance(call, Call)
        if call.leave:
            fix = "leave it out, or write users: {count: 100, sessions: {}}"
            report.say((*base, "calls", number, "leave"), why, fix, (*base, where))


def _check_steps(report: Report, base: Keys, client: Client) -> None:
    """The calls of a session have an order and no weights."""
    for number, call in enumerate(client.calls):
        assert isinstance(call, Call)
        here: Keys = (*base, "calls", number)
        if call.weight != 1:
            what = "the calls of a session come in their order, not by weight"
            report.say(
                (*here, "weight"), what, "leave it out, or leave sessions out", (*base, "users", "sessions")
            )
        if call.leave and number == len(client.calls) - 1:
            report.say((*here, "leave"), "after the last call every session is over", "leave it out")


def _check_time_passes(report: Report, here: Keys, client: Client, users: Users) -> None:
    """Somewhere on a user's way time must pass, or it would call without end at one instant."""
    pause = users.sessions.pause if users.sessions else None
    if not _nothing(users.think_time) or (pause is not None and not _nothing(pause)):
        return
    fix = "write a think_time, such as {exponential: {mean: 3 s}}"
    if client.circuit_breaker is not None:
        what = (
            "while the circuit breaker is open, users who do not think would call without end at one instant"
        )
        report.say(here, what, fix, (*here[:-1], "circuit_breaker"))
    elif _nothing(client.network.rtt) and _nothing(report.scenario.assumptions.rest_overhead):
        what = "a refusal takes no time here, so users who do not think could call without end at one instant"
        report.say(here, what, f"{fix}, or a network: {{rtt: 30 ms}}", ("assumptions", "rest_overhead"))


def _nothing(law: Law) -> bool:
    return isinstance(law, Constant) and law.value == 0
