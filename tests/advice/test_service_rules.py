"""SVC rules: AWS services behind integrations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
ORDERS = 'apis.shop.methods["POST /orders"]'


def serving(responses: dict[Any, Any] | None = None, **service: Any) -> dict[str, Any]:
    integration: dict[str, Any] = {"service": "table"}
    if responses:
        integration["responses"] = responses
    return {
        "backends.table": {"service": {"rate": "5/s", "burst": 5, **service}},
        f"{ORDERS}.integration": integration,
    }


def test_svc001_fires_for_refusals_that_the_default_response_catches(one: One) -> None:
    path, text, fix = one("SVC001", serving())
    assert path == f"{ORDERS}.integration"
    assert text == (
        "shop POST /orders maps 200 for whatever is not mapped, and table answers 400 when its rate is used up: "
        "to the client what was refused is a success, and nobody tries again"
    )
    assert fix == "map it: responses: {400: 429}"
    assert "503" in one("SVC001", serving({400: 429}, throttle_status=503))[1]


def test_svc001_is_silent_where_refusals_are_mapped_or_no_success(advice: Advised) -> None:
    assert not advice("SVC001")
    assert not advice("SVC001", serving({400: 429}))
    assert not advice("SVC001", serving({200: 200, "default": 500}))
    assert not advice("SVC001", serving({200: 200, "default": "none"}))


def streaming(rate: str, **kinesis: Any) -> dict[str, Any]:
    return {
        "backends.table": {"kinesis": kinesis},
        f"{ORDERS}.integration": {"service": "table"},
        "clients.web.calls": [{"call": "POST /orders"}],
        "clients.web.arrivals": {"process": "even", "rate": rate},
    }


def test_svc001_fires_for_streams_and_tables_too(one: One) -> None:
    """Their refusal is a 400."""
    over = streaming("10/s", shards=1)
    assert one("SVC001", over)[2] == "map it: responses: {400: 429}"
    over["backends.table"] = {"dynamodb": {"table": "t", "action": "PutItem"}}
    assert one("SVC001", {"tables.t": {}, **over})[2] == "map it: responses: {400: 429}"


def test_svc002_fires_where_a_shard_has_more_than_its_thousand(one: One) -> None:
    path, text, fix = one("SVC002", streaming("2400/s", shards=2))
    assert path == "backends.table.kinesis.shards"
    assert text == (
        "table gets up to 2,400 records a second, and shard 0 of 2 has 50.0% of them: 1,200, and it takes 1,000"
    )
    assert fix == "write 3 shards at least"
    _, text, fix = one("SVC002", streaming("2400/s", shards=4, partition_keys={"count": 1}))
    assert "shard 3 of 4 has 100.0% of them: 2,400" in text  # MD5 of 0 begins with cf
    assert fix.startswith("draw from more partition keys")


def test_svc002_is_silent_where_each_shard_has_enough(advice: Advised) -> None:
    assert not advice("SVC002")
    assert not advice("SVC002", streaming("2000/s", shards=2))
    assert not advice("SVC002", streaming("1000/s", shards=4, partition_keys={"count": 1}))


def delivering(rate: str, body: str = "200 B", **firehose: Any) -> dict[str, Any]:
    over = streaming(rate, shards=2, firehose=firehose)
    return over | {"clients.web.calls": [{"call": "POST /orders", "body": body}]}


def test_svc004_fires_where_the_interval_delivers_less_than_the_smallest_buffer(one: One) -> None:
    """10/s of 200 B are 2,000 B/s: 586 KB in 300 s, of which a day has 288."""
    path, text, fix = one("SVC004", delivering("10/s"))
    assert path == "backends.table.kinesis.firehose.buffer_interval"
    assert text == (
        "table gets up to 10/s, 200 bytes each, and Firehose has buffered 586 KB of them after 5 min: no object is larger, and a "
        "day has up to 288"
    )
    assert fix == "write 15 min, or merge the objects before they are queried"
    assert one("SVC004", delivering("2/s", buffer_interval="900 s"))[2].startswith("merge the objects")
    own = delivering("20/s") | {"assumptions.firehose_buffers": "shard"}
    assert "586 KB of them after 5 min: no object is larger, and a day has up to 576" in one("SVC004", own)[1]


def test_svc004_is_silent_where_enough_comes_and_where_nothing_is_read(advice: Advised) -> None:
    assert not advice("SVC004", streaming("10/s", shards=2))
    assert not advice("SVC004", delivering("18/s"))
    assert not advice("SVC004", delivering("10/s", "2 KB", buffer_size="1 MB"))
    assert not advice("SVC004", delivering("10/s", "0 B"))


def running(duration: Any) -> dict[str, Any]:
    machine = {"type": "EXPRESS", "action": "StartSyncExecution", "duration": duration}
    return {
        "backends.table": {"step_functions": machine},
        f"{ORDERS}.integration": {"service": "table", "timeout": "20 s"},
    }


def test_svc003_fires_where_one_in_a_thousand_takes_longer_than_the_gateway_waits(one: One) -> None:
    path, text, _ = one("SVC003", running("21 s"))
    assert path == "backends.table.step_functions.action"
    assert text == (
        "one execution of table in a thousand takes 21 s or longer, and the gateway waits 20 s: the caller has a 504, and "
        "the execution goes on"
    )


def test_svc003_is_silent_where_all_have_the_time(advice: Advised) -> None:
    assert not advice("SVC003", running("20 s"))
    assert not advice("SVC003", {**running("1 s"), "backends.table": {"step_functions": {}}})


def queueing(**over: Any) -> dict[str, Any]:
    """A queue that is worked off by a function with a timeout of 5 s; `over` is put over its settings, by path."""
    made = {
        "functions.worker.timeout": "5 s",
        "backends.table": {"sqs": {"max_receive_count": 5, "consumer": {"function": "worker"}}},
        f"{ORDERS}.integration": {"service": "table"},
    }
    return made | {f"backends.table.sqs.{path}": value for path, value in over.items()}


def test_sqs001_fires_below_six_times_the_functions_timeout(one: One) -> None:
    path, text, fix = one("SQS001", queueing(visibility_timeout="29 s"))
    assert path == "backends.table.sqs.visibility_timeout"
    assert text.startswith(
        "messages of table are hidden for 29 s, and worker may take 5 s: of a batch that Lambda refuses"
    )
    assert fix == "write 30 s at least, 6 times the function's timeout"


def test_sqs001_fires_where_the_batching_window_is_left_out(one: One) -> None:
    """AWS's own advice: six times the timeout, and the window."""
    over = queueing(visibility_timeout="30 s") | {"backends.table.sqs.consumer.batching_window": "10 s"}
    assert (
        one("SQS001", over)[2]
        == "write 40 s at least, 6 times the function's timeout and the batching window"
    )


def test_sqs001_is_silent_from_six_times_on_and_without_a_consumer(advice: Advised) -> None:
    assert not advice("SQS001")
    assert not advice("SQS001", queueing(visibility_timeout="30 s"))
    assert not advice("SQS001", {**queueing(), "backends.table": {"sqs": {"visibility_timeout": "1 s"}}})


def test_sqs002_fires_where_a_mapping_reads_more_than_is_reserved(one: One) -> None:
    path, text, fix = one("SQS002", {**queueing(), "functions.worker.reserved_concurrency": 8})
    assert path == "backends.table.sqs.consumer.maximum_concurrency"
    assert "reads up to 1,000 batches at once, and worker has 8 reserved" in text
    assert fix == "write 8 at most"


def test_sqs002_is_silent_up_to_the_reservation_and_without_one(advice: Advised) -> None:
    assert not advice("SQS002", queueing())
    over = {"functions.worker.reserved_concurrency": 8, "backends.table.sqs.consumer.maximum_concurrency": 8}
    assert not advice("SQS002", {**queueing(), **over})


def test_sqs003_fires_where_what_fails_has_nowhere_to_go(one: One) -> None:
    over = {
        **queueing(),
        "functions.worker.crash": "2 %",
        "backends.table": {"sqs": {"consumer": {"function": "worker"}}},
    }
    path, text, fix = one("SQS003", over)
    assert path == "backends.table.sqs.max_receive_count"
    assert "fails with 2 % of its batches" in text
    assert text.endswith("is received every 30 s for 4 d")
    assert fix == "write max_receive_count: 5"


def test_sqs003_is_silent_with_a_dead_letter_queue_or_without_failures(advice: Advised) -> None:
    assert not advice("SQS003", {**queueing(), "functions.worker.crash": "2 %"})
    assert not advice(
        "SQS003", {**queueing(), "backends.table": {"sqs": {"consumer": {"function": "worker"}}}}
    )


def test_err002_and_err003_look_at_services_too(one: One, advice: Advised) -> None:
    assert not advice("ERR002", serving())
    assert "table answers 404 too" in one("ERR002", serving(status={200: "90 %", 404: "rest"}))[1]
    assert "maps no 400 of table" in one("ERR003", serving({200: 200, "default": "none"}))[1]
    assert not advice("ERR003", serving({200: 200, 400: 429, "default": "none"}))


def growing(boot_time: str) -> dict[str, Any]:
    scaling = {"target": "70 %", "minimum": 5, "maximum": 40, "boot_time": boot_time}
    return {"backends.h": {"http": {"latency": "1 s", "concurrency": 10, "auto_scaling": scaling}}}


def test_scale001_fires_where_the_first_step_would_come_after_the_run(one: One) -> None:
    """Three minutes of data, a minute late, and six to boot: ten, as long as the run."""
    path, text, fix = one("SCALE001", growing("6 min"))
    assert path == "backends.h.http.auto_scaling"
    assert text == (
        "h cannot scale before 10 min: its alarm needs 3 minutes, sees them 1 min late, and new places boot for 6 min; the "
        "run lasts 10 min"
    )
    assert fix == "let the run last longer, or start with the places that it needs"


def test_scale001_is_silent_where_it_comes_in_time(advice: Advised) -> None:
    assert not advice("SCALE001", growing("359 s"))
