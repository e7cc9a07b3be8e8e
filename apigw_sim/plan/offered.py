"""How much a plan offers, before it is run: what the choice of an engine and of its sizes rests on."""

from __future__ import annotations

from apigw_sim.plan.tables import Client, Counted, Listed, Plan, Rated
from apigw_sim.rules.pick import WORD_BITS


def expected_calls(plan: Plan) -> float:
    """The mean number of calls that all clients start, without their retries."""
    return sum(calls_of(client, plan.duration) for client in plan.clients)


def calls_of(client: Client, duration: int) -> float:
    """The mean number of calls that a client starts."""
    if client.users is not None:
        return users_at_most(client, duration)
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


def of_each_call(client: Client) -> list[float]:
    """The shares of a client's calls that are drawn or come in sessions, by how many get so far."""
    edges = (0, *client.weights)
    shares = [(high - low) / edges[-1] for low, high in zip(edges, client.weights, strict=False)]
    if client.users is None or not client.users.steps:
        return shares
    reached = [1.0]
    for call in client.calls[: client.users.steps - 1]:
        reached.append(reached[-1] * (1 - call.leave / (1 << WORD_BITS)))
    return [each / sum(reached) for each in reached]


def wait_after_a_call(client: Client) -> float:
    """What lies between two calls of a user on the average, ns: thinking, and after the last of a session its pause."""
    users = client.users
    if users is None:
        return 0.0
    ends = (
        of_each_call(client)[0] if users.steps else 0.0
    )  # of a session one call is the first, and one the last
    return users.think.mean * (1 - ends) + users.pause.mean * ends


def users_at_most(client: Client, duration: int) -> float:
    """About how many calls users make: they are half as many while they come."""
    users = client.users
    assert users is not None
    return users.count * max(duration - users.ramp_ns / 2, 0) / (wait_after_a_call(client) + GUESSED)
