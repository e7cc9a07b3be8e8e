"""Further Regions of the account: limits of their own for what stands there, with times by hand."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from engine.running import FUNCTION, MS, NO_LAMBDA_LIMITS, SECOND, At, Run, at, client, story

from apigw_sim.plan.tables import GaugeKind

AWAY = "us-west-2"
NARROW = {"rate": "1/s", "burst": 2}


def two(home: At, away: At, integration: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """The API a at home and its like b in a further Region, with a client each: c and d."""
    account = {**NO_LAMBDA_LIMITS, **parts.pop("account", {})}
    made = story(
        clients={"c": client(home), "d": {**client(away), "target": "b/s"}}, account=account, **parts
    )
    made["apis"]["b"] = {**deepcopy(made["apis"]["a"]), "region": AWAY}
    if integration:
        for name, function in (("a", "f"), ("b", "g")):
            made["apis"][name]["methods"]["GET /"]["integration"] = {"lambda_proxy": function}
    return made


def statuses(ran: Any, name: str) -> list[int]:
    """Of a client's attempts, in the order of their calls."""
    return [row.status for row in sorted(ran.of(name), key=lambda row: row.call)]


def test_a_region_has_a_throttle_of_its_own(run: Run) -> None:
    """Four at once to each: home's bucket holds three, the other Region's two."""
    ran = run(
        two(at(*[0] * 4), at(*[0] * 4), account={"throttle": {"rate": "1/s", "burst": 3}}, regions={AWAY: {"throttle": NARROW}})
    )  # fmt: skip
    assert statuses(ran, "c") == [200, 200, 200, 429]
    assert statuses(ran, "d") == [200, 200, 429, 429]
    assert {row.refused_by for row in ran.of("d") if row.refused_by} == {f"account {AWAY} throttle"}


def test_the_throttle_in_front_is_that_of_the_region_too(run: Run) -> None:
    said = two(
        at(0, 0), at(*[0] * 4), account={"throttle": {"rate": "1/s", "burst": 1}}, regions={AWAY: {"throttle": NARROW}},
        assumptions={"account_throttle_position": "front"},
    )  # fmt: skip
    ran = run(said)
    assert (statuses(ran, "c"), statuses(ran, "d")) == ([200, 429], [200, 200, 429, 429])


def test_a_region_has_a_concurrency_of_its_own(run: Run) -> None:
    """Two and three at once, of one second each: home has one place, the other Region two; each gauge counts its own."""
    functions = {name: {"duration": "1 s"} for name in "fg"} | {"g": {"duration": "1 s", "region": AWAY}}
    ran = run(
        two(
            at(0, 0), at(0, 0, 0), FUNCTION, functions=functions, account={"lambda_concurrency": 1},
            regions={AWAY: {"lambda_concurrency": 2}},
        )
    )  # fmt: skip
    assert (statuses(ran, "c"), statuses(ran, "d")) == ([200, 500], [200, 200, 500])
    assert [row.refused_by for row in ran.invocations if row.refused_by] == [
        "Lambda account concurrency", f"Lambda account concurrency {AWAY}",
    ]  # fmt: skip
    for kind in (GaugeKind.ACCOUNT_CONCURRENCY, GaugeKind.UNRESERVED_CONCURRENCY):
        assert [ran.area(ran.plan.gauge(kind, region)) for region in (0, 1)] == [SECOND, 2 * SECOND]


def test_a_reservation_takes_from_its_own_region(run: Run) -> None:
    """Of 120 there 15 are reserved and come back at 1 s: 105 run at once before, 120 after; home's 110 stay 110."""
    functions = {
        "f": {"duration": "10 ms"}, "g": {"duration": "10 ms", "region": AWAY},
        "r": {"duration": "10 ms", "region": AWAY, "reserved_concurrency": 15},
    }  # fmt: skip
    many = at(*[0] * 130, *[2 * SECOND] * 130)
    said = two(
        many, many, FUNCTION, functions=functions, account={"lambda_concurrency": 110},
        regions={AWAY: {"lambda_concurrency": 120}},
        timeline=[{"at": "1 s", "set": {"functions.r.reserved_concurrency": 0}}],
    )  # fmt: skip
    ran = run(said)
    served = {
        (name, late): sum(row.status == 200 and (row.arrived_ns > SECOND) == late for row in ran.of(name))
        for name in "cd"
        for late in (False, True)
    }
    assert served == {("c", False): 110, ("c", True): 110, ("d", False): 105, ("d", True): 120}


def test_requests_per_second_of_lambda_are_those_of_the_region(run: Run) -> None:
    """One unit of concurrency takes ten a second: the eleventh is refused there, and a hundred pass at home."""
    functions = {"f": {"duration": "1 ms"}, "g": {"duration": "1 ms", "region": AWAY}}
    spread = [number * 2 * MS for number in range(12)]
    said = two(
        at(*spread), at(*spread), FUNCTION, functions=functions, account={"lambda_requests_per_concurrency": 10},
        regions={AWAY: {"lambda_concurrency": 1}},
    )  # fmt: skip
    ran = run(said)
    assert statuses(ran, "c") == [200] * 12
    assert statuses(ran, "d") == [200] * 10 + [500] * 2
