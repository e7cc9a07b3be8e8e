"""Data streams and tables behind integrations: shards by partition key, capacity units by size."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from engine.running import MS, SECOND, Run, at, client, story

from apigw_sim.experiment.theory import bucket_refuses


def putting(arrivals: Any, kinesis: dict[str, Any], body: str = "1 B", **parts: Any) -> dict[str, Any]:
    """PUT / puts records of 1 B into a stream, which answers after 10 ms."""
    return story(
        route="PUT /",
        integration={"service": "clicks", "responses": {"400": 429}},
        backends={"clicks": {"kinesis": {"latency": "10 ms", **kinesis}}},
        clients={"c": client(arrivals, [{"call": "PUT /", "body": body}])},
        **parts,
    )


ONE_KEY = {"partition_keys": {"count": 1}}
AT_ONCE_10 = {"service_burst": "10 ms"}
"""A shard's 1,000 records a second are ten at once and then one each millisecond."""


def test_a_shard_takes_a_thousand_records_a_second(run: Run) -> None:
    ran = run(putting(at(*[0] * 12, MS, MS, 500 * MS), {"shards": 1}, assumptions=AT_ONCE_10))
    assert ran.statuses == [429] * 2 + [429] + [200] * 12
    refused = [row for row in ran.attempts if row.status == 429]
    assert [(row.arrived_ns // MS, row.reason, row.integration_status, row.refused_by) for row in refused] == [
        (0, "SERVICE_THROTTLED", 400, "clicks records"), (0, "SERVICE_THROTTLED", 400, "clicks records"),
        (1, "SERVICE_THROTTLED", 400, "clicks records"),
    ]  # fmt: skip


def test_a_shard_takes_a_megabyte_a_second(run: Run) -> None:
    """Of 1,024 KB three records of 300 KB leave 124: the fourth finds 124 + 0.1 s x 1,024 KB = 226, the fifth 329."""
    ran = run(putting(at(0, 0, 0, 100 * MS, 201 * MS, 202 * MS), {"shards": 1}, body="300 KB"))
    rows = sorted((row.arrived_ns // MS, row.status, row.refused_by) for row in ran.attempts)
    bytes_of = "clicks bytes"
    assert rows == [
        (0, 200, None), (0, 200, None), (0, 200, None), (100, 429, bytes_of), (201, 200, None), (202, 429, bytes_of),
    ]  # fmt: skip


def test_what_one_bucket_refuses_spends_nothing_of_the_other(run: Run) -> None:
    """Two records at once and no bytes for the large one: the small one after it has the second of the two."""
    said = putting(at(0, 0, 0), {"shards": 1}, assumptions={"service_burst": "2 ms"})
    said["clients"]["c"]["calls"] = [{"call": "PUT /", "body": "3 KB"}]  # of 1 MB/s, 2,097 B in 2 ms
    said["clients"]["d"] = client(at(0, 0, 0), [{"call": "PUT /", "body": "1 B"}])
    ran = run(said)
    assert sorted((row.client, row.status, row.refused_by) for row in ran.attempts) == [
        ("c", 429, "clicks bytes"), ("c", 429, "clicks bytes"), ("c", 429, "clicks bytes"),
        ("d", 200, None), ("d", 200, None), ("d", 429, "clicks records"),
    ]  # fmt: skip


def test_a_partition_key_always_comes_to_the_shard_of_its_md5(run: Run) -> None:
    """MD5 of "0" begins with cf, 207 of 256: of four equal parts the last, of eight the seventh."""
    for shards, part in ((4, 3), (8, 6)):
        ran = run(putting(at(*range(20)), {"shards": shards, **ONE_KEY}, assumptions=AT_ONCE_10))
        assert {row.backend for row in ran.invocations} == {f"clicks[{part}]"}
        assert ran.statuses.count(200) == 10


def test_a_retry_comes_to_the_same_shard(run: Run) -> None:
    """Each call has its own key; what a shard refuses comes back to it two seconds later."""
    retry = {"attempts": 2, "statuses": [429], "backoff": {"base": "2 s", "jitter": "none"}}
    said = putting(at(*[0] * 60), {"shards": 3}, assumptions=AT_ONCE_10)
    said["clients"]["c"]["retry"] = retry
    ran = run(said)
    shards: dict[int, set[str]] = {}
    for row in ran.invocations:
        shards.setdefault(row.call, set()).add(row.backend)
    assert {len(each) for each in shards.values()} == {1}
    first = Counter(row.backend for row in ran.invocations if row.attempt == 1)
    assert len(first) == 3
    assert Counter(row.backend for row in ran.invocations if row.attempt == 2) == {
        shard: count - 10 for shard, count in first.items() if count > 10
    }


def test_a_fault_of_a_stream_is_one_of_all_its_shards(run: Run) -> None:
    said = putting(at(*[0] * 9, *[2 * SECOND] * 9), {"shards": 3})
    said["timeline"] = [{"at": "1 s", "fault": {"backend": "clicks", "slow": 3, "for": "5 s"}}]
    assert [row.latency_ns // MS for row in run(said).attempts] == [10] * 9 + [30] * 9


@pytest.mark.slow
def test_a_hot_shard_loses_what_a_bucket_loses(run: Run) -> None:
    """All calls have one key and come as a Poisson stream of twice what a shard takes, one at once.

    The share refused is that of a bucket of burst 1, 2 / (1 + 2); refusals between two records taken are a Poisson
    number of mean 2, so of n cycles their sum is Poisson with mean 2n: outside of 4 standard deviations once in 15,000.
    """
    said = putting(
        {"process": "poisson", "rate": "2000/s"},
        {"shards": 2, **ONE_KEY},
        assumptions={"service_burst": "1 ms"},
    )
    ran = run(said)
    taken, lost = ran.count("OK"), ran.count("SERVICE_THROTTLED")
    assert bucket_refuses(1, 2.0) == pytest.approx(2 / 3)
    assert abs(lost - 2 * taken) < 4 * (2 * taken) ** 0.5


# tables


def acting(
    arrivals: Any, table: dict[str, Any], *actions: dict[str, Any], body: str = "0 B"
) -> dict[str, Any]:
    """POST /0, POST /1 and so on are actions on one table; one client calls them all at each of its instants."""
    names = [f"t{number}" for number in range(len(actions))]
    return story(
        methods={
            f"POST /{name}": {"integration": {"service": name, "responses": {"400": 429}}} for name in names
        },
        tables={"orders": table},
        backends={
            name: {"dynamodb": {"table": "orders", "latency": "5 ms", **action}}
            for name, action in zip(names, actions, strict=True)
        },
        clients={name: client(arrivals, [{"call": f"POST /{name}", "body": body}]) for name in names},
    )


PUT, GET = {"action": "PutItem"}, {"action": "GetItem"}


def provisioned(units: int, burst: str = "0 s") -> dict[str, Any]:
    return {"billing_mode": "PROVISIONED", "read_capacity": units, "write_capacity": units, "burst": burst}


@pytest.mark.parametrize(
    ("action", "body", "taken"),
    [
        (PUT, "0 B", 12), (PUT, "1 KB", 12), (PUT, "1025 B", 6), (PUT, "3 KB", 4),
        ({**PUT, "item_size": "3.5 KB"}, "0 B", 3),
        ({**GET, "size": "1 KB"}, "0 B", 24), ({**GET, "size": "4097 B"}, "0 B", 12),
        ({**GET, "size": "6 KB", "consistent_read": True}, "0 B", 6),
        ({**GET, "item_size": "6 KB"}, "9 KB", 12), ({"action": "UpdateItem", "item_size": "2 KB"}, "0 B", 6),
    ],
)  # fmt: skip
def test_an_action_takes_units_by_the_size_of_the_item(
    run: Run, action: dict[str, Any], body: str, taken: int
) -> None:
    """Twelve units, and 30 requests at once: AWS's own sizes, 4 KB a read unit, 1 KB a write unit, half a unit where eventually
    consistent."""
    ran = run(acting(at(*[0] * 30), provisioned(12), action, body=body))
    assert ran.statuses.count(200) == taken
    assert {row.integration_status for row in ran.attempts if row.status == 429} == {400}


def test_provisioned_capacity_that_is_not_used_is_kept_for_five_minutes(run: Run) -> None:
    """AWS's own figures, a tenth of them: 15 units kept for 300 s are 4,500, gone after 900 s at 20 a second.

    Each request 50 ms after the other lowers them by a quarter; the k-th finds 4,500 - k / 4, for the last time one at
    k = 17,996.
    """
    every_50_ms = [n * 50 * MS for n in range(20 * 1000)]
    said = acting(at(*every_50_ms), provisioned(15, "5 min"), {**PUT, "item_size": "1 KB"})
    said["run"]["duration"] = "1000 s"
    ran = run(said)
    first = min(row.arrived_ns for row in ran.attempts if row.status == 429)
    assert first == 17_997 * 50 * MS
    after = [row.status for row in ran.attempts if row.arrived_ns >= 901 * SECOND]
    assert after.count(200) == pytest.approx(0.75 * len(after), abs=1)


def test_all_actions_on_a_table_share_its_capacity_and_reads_have_their_own(run: Run) -> None:
    ran = run(acting(at(*[0] * 9), provisioned(10), PUT, {"action": "DeleteItem"}, {**GET, "size": "4 KB"}))
    assert Counter((row.refused_by, row.status) for row in ran.attempts) == {
        (None, 200): 10 + 9, ("orders write capacity", 429): 8,
    }  # fmt: skip


def test_on_demand_a_new_table_sustains_4_000_writes_a_second(run: Run) -> None:
    said = acting(at(*[0] * 50, SECOND), {}, {**PUT, "item_size": "100 KB"})
    ran = run(said)  # a hundred units each
    assert ran.statuses.count(200) == 41
