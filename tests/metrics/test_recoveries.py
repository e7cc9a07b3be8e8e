"""What a fault costs the clients of a record: how soon it is found, when calls go well again, and how many are lost."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import MS, SECOND, at, planned
from engine.test_records import CHECK, NAME, by_record, down
from metrics.stories import summary

from apigw_sim.compose import simulate

EVERY_HALF = at(*(n * SECOND + 500 * MS for n in range(120)))


def told(engine: str = "simpy", **parts: Any) -> dict[str, Any]:
    """The summary's row of the record; a call half a second into each second of two minutes."""
    found: dict[str, Any] = summary(simulate(planned(by_record(EVERY_HALF, **parts)), engine=engine).metrics)[
        "records"
    ][NAME]
    return found


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_a_failover_in_figures(engine: str) -> None:
    """No request arrives from 30 s on; found at 63 s, so 33 calls are lost, and those from 63.5 s on go well (test_records)."""
    found = told(engine, record={"health_check": CHECK}, timeline=down("30 s", "50 s"))
    assert found == {
        "calls": 120, "succeeded": 87,
        "health": [{"at_s": 63.0, "stage": "a/s", "healthy": False}, {"at_s": 102.0, "stage": "a/s", "healthy": True}],
        "faults": [
            {
                "fault": "region us-east-1: outage for 50 s", "at_s": 30.0, "unhealthy_after_s": 33.0, "recovered_after_s": 33.0,
                "calls_lost": 33,
            }
        ],
    }  # fmt: skip


def test_without_a_health_check_calls_go_well_when_the_fault_is_over() -> None:
    (fault,) = told(timeline=down("30 s", "50 s"))["faults"]
    assert (fault["unhealthy_after_s"], fault["recovered_after_s"], fault["calls_lost"]) == (None, 50.0, 50)


def test_a_standby_that_fails_too_is_no_recovery() -> None:
    """It refuses all from 20 s on, and from 30 s on nothing reaches the primary, to the end of the run."""
    faults = [*down("20 s", "100 s", stage="b/s", gateway_unavailable="100 %"), *down("30 s", "90 s")]
    of_standby, of_primary = told(record={"health_check": CHECK}, timeline=faults)["faults"]
    assert (of_standby["recovered_after_s"], of_primary["recovered_after_s"]) == (0.0, None)
    assert (of_standby["calls_lost"], of_primary["calls_lost"]) == (90, 90)


def test_a_fault_elsewhere_costs_nothing() -> None:
    fault = down("30 s", "50 s", stage="b/s", gateway_unavailable="100 %")
    (found,) = told(record={"health_check": CHECK}, timeline=fault)["faults"]
    assert (found["recovered_after_s"], found["calls_lost"]) == (0.0, 0)


def test_a_standby_that_carries_half_is_no_recovery() -> None:
    """Calls went well before the fault, so nearly all of ten seconds' have to: with a half of them ten in a row do in one
    run of twenty, and this seed's do not."""
    faults = [*down("20 s", "100 s", stage="b/s", gateway_unavailable="50 %"), *down("30 s", "90 s")]
    _, of_primary = told(record={"health_check": CHECK | {"failure_threshold": 1}}, timeline=faults)["faults"]
    assert of_primary["recovered_after_s"] is None
    assert 30 < of_primary["calls_lost"] < 85
