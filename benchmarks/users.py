"""A closed loop of many users beside an open one of the same rate, on the compiled engine, one in this process.

`python benchmarks/users.py USERS`: so many users, who call 10,000 times a second together; 0: Poisson calls of that rate.
Prints a JSON line: attempts, the CPU seconds of a minute that begins when all users have come, and the process's peak.
"""

from __future__ import annotations

import json
import resource
import sys

import shapes
from scaling import MINUTE, Point, in_flight, measured

from apigw_sim.plan import plan
from apigw_sim.scenario import load
from apigw_sim.warm import warm


def closed(users: int) -> dict[str, object]:
    """What makes the clients of `shapes.gateway` users who think so long that they call at its rate."""
    think = users / shapes.RATE - 0.11  # a call takes 0.11 s
    return {
        "arrivals": None,
        "users": {"count": users, "think_time": {"exponential": {"mean": f"{think:.3f} s"}}},
    }


def main() -> int:
    users = int(sys.argv[1])
    warm()
    made = shapes.gateway(2 * MINUTE, **in_flight(1000), **(closed(users) if users else {}))
    for client in made["clients"].values():
        if client["arrivals"] is None:
            del client["arrivals"]
    row = {"part": "users", "users": users} | measured(Point("users", users, made), plan(load(made)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps(row | {"peak_bytes": peak}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
