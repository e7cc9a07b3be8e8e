"""How much a plan offers, before it is run: what the choice of an engine and of its sizes rests on."""

from __future__ import annotations

from apigw_sim.plan.tables import Client, Listed, Plan, Rated


def expected_calls(plan: Plan) -> float:
    """The mean number of calls that all clients start, without their retries."""
    return sum(calls_of(client, plan.duration) for client in plan.clients)


def calls_of(client: Client, duration: int) -> float:
    """The mean number of calls that a client starts."""
    arrivals = client.arrivals
    if isinstance(arrivals, Rated):
        calls = 0.0
        for segment in arrivals.segments:
            first, last = segment.first[0] / segment.first[1], segment.last[0] / segment.last[1]
            calls += (first + last) / 2 * (min(segment.end, duration) - segment.begin) / 1e9
        return calls
    return float(len(arrivals.at)) if isinstance(arrivals, Listed) else float(arrivals.counts.sum())
