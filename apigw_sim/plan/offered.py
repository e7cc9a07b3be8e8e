"""How much a plan offers, before it is run: what the choice of an engine and of its sizes rests on."""

from __future__ import annotations

from apigw_sim.plan.tables import Client, Counted, Listed, Plan, Rated, Users


def expected_calls(plan: Plan) -> float:
    """The mean number of calls that all clients start, without their retries."""
    return sum(calls_of(client, plan.duration) for client in plan.clients)


def calls_of(client: Client, duration: int) -> float:
    """The mean number of calls that a client starts."""
    if client.users is not None:
        return users_at_most(client.users, duration)
    return arriving(client.arrivals, duration) * calls_per_arrival(client, duration)


def calls_per_arrival(client: Client, duration: int) -> float:
    """About how many calls an arrival makes: one, or those of a connection, its opening and its end among them."""
    said = client.connections
    if said is None:
        return 1.0
    return 2 + min(said.lifetime.mean, said.longest_ns, duration) / max(said.every.mean, 1)


def arriving(arrivals: Rated | Counted | Listed, duration: int) -> float:
    """The mean number of arrivals."""
    if not isinstance(arrivals, Rated):
        return float(len(arrivals.at)) if isinstance(arrivals, Listed) else float(arrivals.counts.sum())
    calls = 0.0
    for stream in arrivals.streams:
        mean = (stream.chain.mean if stream.chain else 1.0) * (stream.batches.mean if stream.batches else 1.0)
        for segment in stream.segments:
            first, last = segment.first[0] / segment.first[1], segment.last[0] / segment.last[1]
            calls += mean * (first + last) / 2 * (min(segment.end, duration) - segment.begin) / 1e9
    return calls


GUESSED = 100e6
"""ns that a call of a user is taken to last, where nobody knows."""


def users_at_most(users: Users, duration: int) -> float:
    """About how many calls users make: they are half as many while they come."""
    mean = users.think.mean
    if users.steps:
        mean += (users.pause.mean - users.think.mean) / users.steps
    return users.count * max(duration - users.ramp_ns / 2, 0) / (mean + GUESSED)
