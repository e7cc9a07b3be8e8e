"""M/M/50 on Ciw: one node of 50 servers."""

from __future__ import annotations

import ciw

from . import mmc


def run(n: int, seed: int) -> dict[str, float]:
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=mmc.RATE)],
        service_distributions=[ciw.dists.Exponential(rate=1 / mmc.SERVICE)],
        number_of_servers=[mmc.SERVERS],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(mmc.horizon(n))
    journeys = [(record.arrival_date, record.exit_date) for record in simulation.get_all_records()]
    return {
        "requests": len(journeys),
        "in_system": mmc.in_system(journeys, n),
        "window_s": mmc.window(n),
    }
