"""SimPy and nothing else: a source that starts a process per request, and each process waits once.

Constant times, integers, no draws: nothing that a simulator of anything could leave out.
"""

from __future__ import annotations

from collections.abc import Generator

import simpy

GAP = 500_000  # ns between arrivals: 2,000 requests/s, as on the mixed path
WAIT = 50_000_000  # ns, so that a hundred requests are under way

Events = Generator[simpy.Event, None, None]


def request(env: simpy.Environment) -> Events:
    yield env.timeout(WAIT)


def source(env: simpy.Environment, n: int) -> Events:
    for _ in range(n):
        yield env.timeout(GAP)
        env.process(request(env))


def run(n: int, seed: int) -> dict[str, float]:  # noqa: ARG001
    env = simpy.Environment()
    env.process(source(env, n))
    env.run()
    assert env.now == n * GAP + WAIT
    return {"requests": n, "events": next(env._eid)}
