"""A run of many: what its record holds, and that it is the same wherever and however it was made."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import apigw_sim as sim
from apigw_sim.experiment import mapper as mapping
from apigw_sim.experiment.collect import collect
from apigw_sim.experiment.folder import Key, from_parquet, to_parquet
from apigw_sim.experiment.mapper import Here, LostRunError, Processes, fitting
from apigw_sim.experiment.records import Record, same
from apigw_sim.experiment.runs import Job, Parcel, job, prepare, run_job, run_one
from apigw_sim.experiment.statistics import UnknownMetricError, find, main, statistics


def test_a_record_says_what_the_summary_says(loss: str) -> None:
    record, summary = run_one(loss, replication=2), sim.run(loss, replication=2).summary
    requests, stage, client = summary["requests"], summary["stages"]["a/s"], summary["clients"]["c"]
    function = summary["functions"]["f"]
    assert record.values["requests.count"] == requests["count"]
    assert record.shares["requests.by_status.500"] == (requests["by_status"]["500"], requests["count"])
    assert record.values["requests.carried_per_s"] == pytest.approx(requests["carried_per_s"], abs=1e-6)
    part, whole = record.shares["stages.a/s.5XXError"]
    assert part / whole == pytest.approx(stage["5XXError"], abs=1e-6)
    for point in ("p50", "p99", "max"):
        assert record.values[f"stages.a/s.latency_ms.{point}"] == pytest.approx(
            stage["latency_ms"][point], abs=5e-4
        )
    total, count = record.ratios["clients.c.call_latency_ms.mean"]
    assert total / count == pytest.approx(client["call_latency_ms"]["mean"], abs=5e-4)
    assert record.shares["clients.c.succeeded"] == (client["succeeded"], client["calls"])
    assert record.shares["functions.f.throttles"] == (
        function["throttles"],
        function["throttles"] + function["invocations"],
    )
    assert record.values["functions.f.mean_concurrency"] == pytest.approx(
        function["mean_concurrency"], abs=1e-6
    )
    assert record.values["lambda_throttled_by.reserved"] == summary["lambda_throttled_by"]["reserved"]
    met = summary["expectations"][0]["met"]
    assert record.shares["expectations.a/s avg(5XXError) < 45 %"] == (int(met), 1)


def in_summary(summary: object, name: str) -> object:
    """What stands in a summary under a record's name; None where nothing does."""
    here, left = summary, name
    while isinstance(here, dict) and left:
        key = next(
            (key for key in sorted(here, key=len, reverse=True) if f"{left}.".startswith(f"{key}.")), None
        )
        if key is None:
            return None
        here, left = here[key], left[len(key) + 1 :]
    return None if left or isinstance(here, dict) else here


@pytest.mark.parametrize("name", ["errors_tour", "canary_release", "free_tier_quota"])
def test_every_figure_that_a_summary_has_too_is_the_same_there(root: Path, name: str) -> None:
    """Ratios and shares are compared as quotients, what the summary counts as its counts."""
    path = root / "scenarios" / f"{name}.yaml"
    record, summary = run_one(path, engine="simpy"), sim.run(path, engine="simpy").summary
    compared = 0
    for figure, value in record.values.items():
        shown = in_summary(summary, figure)
        if shown is not None:
            assert value == pytest.approx(shown, abs=6e-4), figure
            compared += 1
    pairs = record.shares | record.ratios
    for figure, (part, whole) in pairs.items():
        shown = in_summary(summary, figure)
        if shown is not None:
            counted = isinstance(shown, int)
            assert (part if counted else part / whole) == pytest.approx(shown, abs=6e-4), figure
            compared += 1
    assert compared > 40


def test_the_cells_of_a_run_give_its_quantiles_back(loss: str) -> None:
    record = run_one(loss)
    cells = record.cells["latency_ms"]
    assert cells.samples == record.values["requests.count"]
    assert cells.quantiles([0.99])[0] / 1e6 == pytest.approx(record.values["latency_ms.p99"], rel=0.02)


def test_both_engines_and_either_size_give_the_same_record(loss: str) -> None:
    plain = run_one(loss, replication=1, engine="simpy")
    fast = run_one(loss, replication=1, engine="compiled")
    assert same(plain, fast)
    assert not same(plain, run_one(loss, replication=2, engine="simpy"))


def test_a_record_survives_its_file_and_a_pickle_to_the_byte(loss: str) -> None:
    record = run_one(loss)
    data = to_parquet(record)
    again = from_parquet(data, 0)
    assert same(record, again)
    assert to_parquet(again) == data
    assert to_parquet(pickle.loads(pickle.dumps(record))) == data


def test_the_plan_needs_no_files_where_it_runs(loss: str) -> None:
    ready = prepare(loss, {"clients.c.arrivals.rate": "10/s"})
    Path(loss).unlink()
    again: Job = pickle.loads(pickle.dumps(job(ready, 3)))
    assert run_job(again).values["requests.count"] == pytest.approx(250, abs=100)


def test_processes_give_the_same_bytes_as_this_one_in_the_order_wanted(loss: str) -> None:
    ready = prepare(loss)
    wanted = [Key(0, number) for number in (4, 0, 3, 1, 2)]

    def made(where: mapping.Mapper) -> list[tuple[Key, bytes]]:
        found = [
            (key, to_parquet(r)) for key, r in collect(wanted, lambda k: job(ready, k.replication), where)
        ]
        where.close()
        return found

    here, there = made(Here()), made(Processes(2))
    assert [key for key, _ in here] == wanted
    assert here == there


def test_a_process_that_is_killed_is_replaced_and_its_runs_are_made_again(loss: str) -> None:
    ready = prepare(loss)
    where = Processes(2)
    found: dict[int, bytes] = {}
    killed = False
    for number, record in where.run((number, job(ready, number)) for number in range(12)):
        found[number] = to_parquet(record)
        if not killed:
            assert where._pool is not None
            os.kill(next(iter(where._pool._processes)), signal.SIGKILL)
            killed = True
    where.close()
    assert found == {number: to_parquet(run_job(job(ready, number))) for number in range(12)}


def test_a_run_that_kills_its_process_again_and_again_is_given_up_with_its_name(loss: str) -> None:
    ready = prepare(loss)
    where = Processes(1)
    deadly = job(ready, 7)._replace(parcel=Parcel(_Killer(), ()))  # type: ignore[arg-type]
    with pytest.raises(LostRunError, match=r"replication 7 \(seed 3\) was lost 3 times"):
        list(where.run([(0, deadly)]))
    where.close()


class _Killer:
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os._exit, (1,)


def test_what_goes_wrong_in_a_run_is_told_and_nothing_hangs(loss: str) -> None:
    ready = prepare(loss)
    where = Processes(2)
    broken = job(ready, 0)._replace(engine="steam")
    with pytest.raises(ValueError, match="steam"):
        list(where.run([(0, broken), (1, job(ready, 1))]))
    where.close()


def test_who_has_enough_stops_what_is_under_way(loss: str) -> None:
    """A hundred are wanted, three are taken: with one process at most three are made."""
    ready = prepare(loss)
    made = []

    def spied(key: Key) -> Job:
        made.append(key)
        return job(ready, key.replication)

    coming = collect((Key(0, n) for n in range(100)), spied, Here())
    taken = [next(coming)[0].replication for _ in range(3)]
    coming.close()
    assert taken == [0, 1, 2]
    assert len(made) == 3


class Backwards:
    """A mapper that finishes its jobs in the opposite order."""

    def run(self, jobs: object) -> Iterator[tuple[int, Record]]:
        for number, one in reversed(list(jobs)):  # type: ignore[call-overload]
            yield number, run_job(one)

    def close(self) -> None:
        pass


def test_the_order_does_not_depend_on_what_is_finished_first(loss: str) -> None:
    ready = prepare(loss)
    wanted = [Key(0, number) for number in range(4)]
    order = [key for key, _ in collect(wanted, lambda k: job(ready, k.replication), Backwards())]
    assert order == wanted


def test_processes_are_started_where_they_pay() -> None:
    assert fitting(None, 1e9, "simpy") == 1
    assert fitting(3, 1, "simpy") == 3
    assert fitting("auto", 1_000, "simpy") == 1
    assert fitting("auto", 1e8, "compiled") == mapping.cores()


# names


def test_a_metric_is_found_by_its_name_or_as_an_expectation_says_it(loss: str) -> None:
    known = statistics([run_one(loss)])
    for said, name in (
        ("requests.refused", "requests.refused"),
        ("a/s p99(Latency)", "stages.a/s.latency_ms.p99"),
        ("a/s avg(Latency)", "stages.a/s.latency_ms.mean"),
        ("a/s avg(5XXError)", "stages.a/s.5XXError"),
        ("c p50(call_latency)", "clients.c.call_latency_ms.p50"),
        ("c sum(succeeded)", "clients.c.succeeded"),
        ("f avg(Throttles)", "functions.f.throttles"),
        ("f max(ConcurrentExecutions)", "functions.f.max_concurrency"),
    ):
        assert find(known, said).name == name
    with pytest.raises(UnknownMetricError, match=r"did you mean 'requests\.refused'"):
        find(known, "requests.refusd")
    assert "stages.a/s.latency_ms.p99" in [one.name for one in main(known)]


def test_a_status_that_a_run_did_not_have_counts_as_none_of_its_requests() -> None:
    seen = Record(0, values={"requests.count": 10}, shares={"requests.by_status.504": (1, 10)})
    other = Record(1, values={"requests.count": 30})
    interval = statistics([seen, other])["requests.by_status.504"].estimate([seen, other])
    assert interval.value == pytest.approx(1 / 40)


def test_a_count_that_no_run_had_gets_a_bound_and_a_level_its_t(loss: str) -> None:
    records = [run_one(loss, replication=number) for number in range(3)]
    known = statistics(records)
    bound = known["throttled_by.account"].estimate(records)
    assert bound.high == pytest.approx(-np.log(0.05) / 3)
    assert known["functions.f.mean_concurrency"].estimate(records).method == "Student's t over runs"
