"""Advice on closed-loop users: more of them than the throttles before them carry, by Little's law."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import about, exceeds, per_second
from apigw_sim.plan.offered import of_each_call, wait_after_a_call
from apigw_sim.plan.tables import NULL, Client


class Pace(NamedTuple):
    """What the users of a client do while nothing refuses them."""

    response_ns: float
    """R, of a call, on the average."""
    waits_ns: float
    """Z, after a call."""
    shares: list[float]
    """Of the client's calls."""

    def rate(self, users: int) -> float:
        """Calls a second: N / (R + Z)."""
        return users * units.SECOND / max(self.response_ns + self.waits_ns, 1)


def more_than_is_carried(case: Case) -> Iterator[Finding]:
    """Users whose calls, by N / (R + Z), are more than the account's throttle or a method's lets pass."""
    for name, said, row in case.clients():
        if row.users is None or said.users is None or row.stage == NULL:
            continue
        pace = _pace(case, row)
        rate = pace.rate(row.users.count)
        region = case.plan.stages[row.stage].region
        home = f"regions.{case.plan.regions[region].name}" if region else "account"
        met = [(rate, float(case.rate_in(region)), "the account takes", f"{home}.throttle.rate")]
        for number, share in enumerate(pace.shares):
            method = row.calls[number].method
            throttle = case.places[method].settings.throttle if method != NULL else None
            if throttle is not None:
                path = case.places[method].settings.throttle_path or ""
                met.append(
                    (rate * share, float(throttle.rate), f"{row.calls[number].text} takes", f"{path}.rate")
                )
        for offered, most, who, path in met:
            if not exceeds(offered, most):
                continue
            text = (
                f"{row.users.count:,} users who call every {about(pace.response_ns + pace.waits_ns)} on the average "
                f"({about(pace.response_ns)} until the answer is there, {about(pace.waits_ns)} of thinking) make "
                f"{per_second(offered)}, and {who} {per_second(most)}: the rest is refused, calm or not"
            )
            fix = f"raise {path} to {per_second(offered)}, or have {int(row.users.count * most / offered):,} users at most"
            yield Finding(("clients", name, "users", "count"), text, fix)


def _pace(case: Case, row: Client) -> Pace:
    """What users do where nothing refuses, loads or caches: means of what is drawn for a call."""
    plan, shares = case.plan, of_each_call(row)
    response = row.rtt.mean + plan.overhead(row).mean
    for call, share in zip(row.calls, shares, strict=False):
        if call.method == NULL:
            continue
        method = plan.methods[call.method]
        for backend, part in plan.invoked(method).items():
            works = plan.works[method.works]
            response += share * float(part) * (works.service.mean + plan.backends[backend].mean_ns)
    return Pace(response, wait_after_a_call(row), shares)
