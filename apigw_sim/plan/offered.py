"""How much a plan offers, before it is run: what the choice of an engine and of its sizes rests on."""

from __future__ import annotations

from apigw_sim.plan.tables import Listed, Plan, Rated


def expected_calls(plan: Plan) -> float:
    """The mean number of calls that all clients start, without their retries."""
    calls = 0.0
    for client in plan.clients:
        arrivals = client.arrivals
        if isinstance(arrivals, Rated):
            for stream in arrivals.streams:
                mean = (stream.chain.mean if stream.chain else 1.0) * (
                    stream.batches.mean if stream.batches else 1.0
                )
                for segment in stream.segments:
                    first, last = segment.first[0] / segment.first[1], segment.last[0] / segment.last[1]
                    length = min(segment.end, plan.duration) - segment.begin
                    calls += mean * (first + last) / 2 * length / 1e9
        elif isinstance(arrivals, Listed):
            calls += len(arrivals.at)
        else:
            calls += float(arrivals.counts.sum())
    return calls
