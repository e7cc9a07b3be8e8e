"""AWS/Kinesis and AWS/Firehose in metrics.csv, from whole runs of a few records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.running import SECOND, at, client, planned
from engine.test_firehose import KB, delivering

from apigw_sim.compose import simulate
from apigw_sim.metrics.series import FIREHOSE, KINDS, KINESIS


@pytest.fixture(params=["simpy", "compiled"])
def run(request: pytest.FixtureRequest) -> Any:
    """Run a scenario on each engine."""
    return lambda said: simulate(planned(said), engine=request.param)


def found(done: Any, namespace: str, of: str = "clicks") -> dict[str, dict[int, list[float | None]]]:
    """The metrics of a stream, or a table, by period: SampleCount, Sum, Average, Minimum and Maximum; None: not known."""
    done.metrics.finish()
    columns, series = done.metrics.columns(), done.metrics.numbering.series
    made: dict[str, dict[int, list[float | None]]] = {}
    for period, number, metric, values in zip(
        columns.period, columns.series, columns.metric, columns.values, strict=True
    ):
        if series[number].namespace == namespace:
            assert series[number].label == of
            figures = [None if np.isnan(value) else float(value) for value in values[:5]]
            made.setdefault(KINDS[metric].name, {})[int(period)] = figures
    return made


def test_what_firehose_reads_and_delivers(run: Any) -> None:
    """300 KB at 0, 1, 2 and 3 s are an object; at 100 s one more, delivered at 160 s; that of 280 s waits at the end."""
    done = run(delivering(at(*(n * SECOND for n in (0, 1, 2, 3, 100, 280)))))
    assert found(done, FIREHOSE) == {
        "DataReadFromKinesisStream.Records": {0: [4, 4, 1, 1, 1], 1: [1, 1, 1, 1, 1], 4: [1, 1, 1, 1, 1]},
        "DataReadFromKinesisStream.Bytes": {
            0: [4, 1200 * KB, 300 * KB, None, None], 1: [1, 300 * KB, 300 * KB, None, None],
            4: [1, 300 * KB, 300 * KB, None, None],
        },
        "DeliveryToS3.ObjectCount": {0: [1, 1, 1, 1, 1], 2: [1, 1, 1, 1, 1]},
        "DeliveryToS3.Records": {0: [1, 4, 4, None, None], 2: [1, 1, 1, None, None]},
        "DeliveryToS3.Bytes": {0: [1, 1200 * KB, 1200 * KB, None, 1200 * KB], 2: [1, 300 * KB, 300 * KB, None, 300 * KB]},
        "DeliveryToS3.DataFreshness": {0: [1, 3, 3, None, 3], 2: [1, 60, 60, None, 60]},
    }  # fmt: skip


def test_what_is_put_into_a_stream_and_what_it_refuses(run: Any) -> None:
    """Of twelve at once ten are taken; one meets an outage, the next an error, the last is taken: 10 ms each."""
    said = delivering(
        at(*[0] * 12, 2 * SECOND, 4 * SECOND, 6 * SECOND), "1 B", {"shards": 1},
        assumptions={"service_burst": "10 ms"}, run={"duration": "8 s", "period": "1 s"},
        timeline=[
            {"at": "1 s", "fault": {"backend": "clicks", "outage": True, "for": "2 s"}},
            {"at": "3 s", "fault": {"backend": "clicks", "errors": "100 %", "for": "2 s"}},
        ],
    )  # fmt: skip
    ten, one, failed = [10, 10, 1, 1, 1], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]
    assert found(run(said), KINESIS) == {
        "IncomingRecords": {0: ten, 6: one},
        "IncomingBytes": {0: [10, 10, 1, None, None], 6: [1, 1, 1, None, None]},
        "PutRecord.Success": {0: [12, 10, pytest.approx(10 / 12), 0, 1], 2: failed, 4: failed, 6: one},
        "PutRecord.Latency": {0: [10, 100, 10, 10, 10], 6: [1, 10, 10, 10, 10]},
        "WriteProvisionedThroughputExceeded": {
            0: [12, 2, pytest.approx(2 / 12), 0, 1], 2: failed, 4: failed, 6: failed,
        },
    }  # fmt: skip


def test_all_shards_of_a_stream_are_one_and_a_stream_that_nobody_reads_has_metrics_too(run: Any) -> None:
    said = delivering(at(*[0] * 60), "1 B", {"shards": 3})
    del said["backends"]["clicks"]["kinesis"]["firehose"]
    done = run(said)
    assert found(done, KINESIS)["IncomingRecords"] == {0: [60, 60, 1, 1, 1]}
    assert found(done, FIREHOSE) == {}


def test_firehose_reads_its_own_stream(run: Any) -> None:
    """Another stream, which stands before it and gets nine bytes, is not its own."""
    said = delivering(at(0))
    said["backends"] = {"bare": {"kinesis": {"shards": 1}}, **said["backends"]}
    said["apis"]["a"]["methods"]["PUT /bare"] = {"integration": {"service": "bare"}}
    said["clients"]["bare"] = client(at(SECOND), [{"call": "PUT /bare", "body": "9 B"}])
    read = found(run(said), FIREHOSE)["DataReadFromKinesisStream.Bytes"]
    assert read == {0: [1, 300 * KB, 300 * KB, None, None]}
