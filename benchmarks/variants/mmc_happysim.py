"""M/M/50 on happysim: its Poisson source, a Server of concurrency 50, its Sink. It draws from Python's and numpy's
global generators."""

from __future__ import annotations

import random

import numpy as np
from happysimulator import Instant, Server, Simulation, Sink, Source
from happysimulator.distributions import ExponentialLatency

from . import mmc


def run(n: int, seed: int) -> dict[str, float]:
    random.seed(seed)
    np.random.seed(seed)
    sink = Sink()
    service = ExponentialLatency(mmc.SERVICE)
    server = Server("station", concurrency=mmc.SERVERS, service_time=service, downstream=sink)
    source = Source.poisson(rate=mmc.RATE, target=server)
    end = Instant.from_seconds(mmc.horizon(n))
    summary = Simulation(sources=[source], entities=[server, sink], end_time=end).run()
    sink.latency_stats()
    departures, responses = sink.latency_time_series_seconds()
    journeys = [(end_s - took, end_s) for end_s, took in zip(departures, responses, strict=True)]
    return {
        "requests": sink.events_received,
        "in_system": mmc.in_system(journeys, n),
        "window_s": mmc.window(n),
        "events": summary.total_events_processed,
    }
