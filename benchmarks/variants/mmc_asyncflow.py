"""M/M/50 on AsyncFlow: a server of 50 cores behind three links of no length.

AsyncFlow's service times are constants, one per endpoint, and a request takes an endpoint at random; so 200 equally
likely endpoints stand for the exponential law, each with the mean of its slice. Its generator of random numbers is
not seeded by any setting.
"""

from __future__ import annotations

from math import log

import numpy as np
import simpy
from asyncflow import AsyncFlow, SimulationRunner
from asyncflow.components import Client, Edge, Endpoint, Server
from asyncflow.settings import SimulationSettings
from asyncflow.workload import RqsGenerator

from . import mmc

SLICES = 200
USERS = 1000


def slice_mean(number: int) -> float:
    """Mean of an exponential law of mean 1 between its quantiles number / SLICES and (number + 1) / SLICES."""

    def integral(tail: float) -> float:
        return tail - tail * log(tail) if tail else 0.0

    return (integral(1 - number / SLICES) - integral(1 - (number + 1) / SLICES)) * SLICES


def link(source: str, target: str) -> Edge:
    latency = {"mean": 1e-9, "distribution": "exponential"}
    return Edge(id=f"{source}-{target}", source=source, target=target, latency=latency, dropout_rate=0.0)


def endpoint(number: int) -> Endpoint:
    seconds = mmc.SERVICE * slice_mean(number)
    step = {"kind": "cpu_bound_operation", "step_operation": {"cpu_time": seconds}}
    return Endpoint(endpoint_name=f"/{number}", steps=[step])


def run(n: int, seed: int) -> dict[str, float]:
    users = {"mean": USERS, "distribution": "normal", "variance": 0.0}
    endpoints = [endpoint(number) for number in range(SLICES)]
    payload = (
        AsyncFlow()
        .add_generator(
            RqsGenerator(
                id="source",
                avg_active_users=users,
                avg_request_per_minute_per_user={"mean": mmc.RATE * 60 / USERS},
                user_sampling_window=120,
            )
        )
        .add_client(Client(id="client"))
        .add_servers(Server(id="station", server_resources={"cpu_cores": mmc.SERVERS}, endpoints=endpoints))
        .add_edges(link("source", "client"), link("client", "station"), link("station", "client"))
        .add_simulation_settings(
            SimulationSettings(total_simulation_time=round(mmc.horizon(n)), sample_period_s=0.1)
        )
        .build_payload()
    )
    env = simpy.Environment()
    runner = SimulationRunner(env=env, simulation_input=payload)
    runner.rng = np.random.default_rng(seed)
    results = runner.run()
    results.get_latency_stats()
    (client,) = runner._client_runtime.values()
    journeys = [(clock.start, clock.finish) for clock in client.rqs_clock]
    return {
        "requests": len(journeys),
        "in_system": mmc.in_system(journeys, n),
        "window_s": mmc.window(n),
        "events": next(env._eid),
    }
