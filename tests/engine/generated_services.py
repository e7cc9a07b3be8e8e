"""AWS services by chance, put over a scenario made by chance: they draw from a source of their own, so the rest stays."""

from __future__ import annotations

from typing import Any

from engine.chances import Draw, chance, drawn, few, one_of
from engine.generated_parts import custom, ms, throttle, time_of

SERVED = 30
"""Percent of the scenarios in which some methods lead to an AWS service."""


@drawn
def service(draw: Draw) -> dict[str, Any]:
    made = {**draw(throttle()), "latency": draw(time_of(0, 9, zero=True))}
    if draw(chance(40)):
        made["unit"] = draw(one_of("1 KB", "4 KB", "1 MB"))
    if draw(chance(40)):
        made["throttle_status"] = draw(one_of(400, 429, 503))
    if draw(chance(40)):
        made["status"] = draw(one_of(201, {200: "70 %", 404: "10 %", 500: "rest"}))
    return {"service": made}


@drawn
def stream(draw: Draw) -> dict[str, Any]:
    made = {"shards": draw(few(1, 3)), "latency": draw(time_of(0, 9, zero=True))}
    if draw(chance(60)):
        made["partition_keys"] = {"count": draw(few(1, 4))}
        if draw(chance(60)):
            made["partition_keys"]["zipf"] = {"s": draw(one_of(1, 1.5))}
    if draw(chance(60)):
        made["firehose"] = {
            "buffer_size": "1 MB",
            "buffer_interval": draw(one_of("900 s", "1 s", "1 s", "1 s")),
        }
    return {"kinesis": made}


@drawn
def action(draw: Draw) -> dict[str, Any]:
    made = {
        "table": "t",
        "action": draw(one_of("GetItem", "PutItem")),
        "latency": draw(time_of(0, 9, zero=True)),
    }
    if draw(chance(40)):
        made["item_size"] = draw(one_of("1 B", "5 KB"))
    if made["action"] == "GetItem" and draw(chance(50)):
        made["consistent_read"] = True
    return {"dynamodb": made}


@drawn
def machine(draw: Draw) -> dict[str, Any]:
    if draw(chance(50)):
        return {
            "step_functions": {
                "latency": draw(time_of(0, 9, zero=True)),
                "type": draw(one_of("STANDARD", "EXPRESS")),
            }
        }
    made = {"type": "EXPRESS", "action": "StartSyncExecution", "duration": draw(time_of(0, 20, zero=True))}
    return {"step_functions": made}


@drawn
def queue(draw: Draw, function: str) -> dict[str, Any]:
    consumer: dict[str, Any] = {"function": function, "batch_size": draw(one_of(1, 2, 4, 10))}
    if draw(chance(50)):
        consumer["maximum_concurrency"] = draw(one_of(2, 3, 5))
    if draw(chance(30)):
        consumer["per_message"] = ms(draw(few(1, 5)))
    if draw(chance(40)):
        consumer |= {"batch_size": draw(one_of(2, 10, 30)), "batching_window": draw(one_of("1 s", "1500 ms"))}
    made = {
        "latency": draw(time_of(0, 9, zero=True)),
        "visibility_timeout": draw(one_of("3 s", "4 s", "30 s")),
    }
    if draw(chance(40)):
        made["fifo"] = {
            "message_groups": {"count": draw(few(1, 4))},
            "rate": draw(one_of("9/s", "90/s", "300/s")),
        }
        consumer = {name: said for name, said in consumer.items() if name != "batching_window"}
        consumer["batch_size"] = min(consumer["batch_size"], 10)
    return {"sqs": made | {"consumer": consumer, "max_receive_count": draw(few(1, 3)), "retention": "1 min"}}


@drawn
def queried(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with a database behind some of its functions and servers, more often than not with none."""
    servers = [backend["http"] for backend in said["backends"].values() if "http" in backend]
    if not (said["functions"] or servers) or not draw(chance(SERVED)):
        return said
    said["databases"] = {"d": {"connections": draw(few(2, 5)), "slowdown": draw(one_of(1, 3, 0.5))}}
    for body in said["functions"].values():
        if draw(chance(80)):
            query = draw(time_of(0, 20, zero=True))
            body["database"] = {
                "name": "d",
                "query": query,
                "connection": draw(one_of("kept", "kept", "each")),
            }
    for server in servers:
        if draw(chance(40)):
            server["database"] = {"name": "d", "query": draw(time_of(0, 20, zero=True))}
    return said


@drawn
def retried(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with words for Lambda's own queue at some of its functions."""
    queues = [name for name, body in said["backends"].items() if "sqs" in body and "fifo" not in body["sqs"]]
    for body in said["functions"].values():
        if draw(chance(60)):
            body["event_invoke"] = {"maximum_event_age": draw(one_of("60 s", "2 min", "200 s"))}
            if draw(chance(50)):
                body["event_invoke"]["maximum_retry_attempts"] = draw(one_of(0, 0, 1, 2))
            if draw(chance(30)):
                body["crash"] = "60 %"
            if queues and draw(chance(50)):
                body["event_invoke"]["on_failure"] = queues[0]
    return said


@drawn
def served(draw: Draw, said: dict[str, Any]) -> dict[str, Any]:
    """The scenario with an AWS service behind some of its methods, more often than not with none."""
    if not draw(chance(SERVED)):
        return said
    said["backends"]["s"] = draw(service())
    if said["functions"] and draw(chance(50)):
        worker = draw(one_of(*said["functions"]))
        said["backends"]["s"] = draw(queue(worker))
        if draw(chance(60)):  # nothing goes well until it is too old
            said["functions"][worker]["crash"] = "100 %"
            said["backends"]["s"]["sqs"] |= {"visibility_timeout": "31 s", "max_receive_count": 5}
        said["assumptions"]["event_source_backoff"] = draw(one_of("1 s", "300 ms"))
    if "sqs" not in said["backends"]["s"] and draw(chance(75)):
        said["backends"]["s"] = draw(stream() if draw(chance(60)) else draw(one_of(action, machine))())
        bucket = {"rate": "5/s", "burst": draw(few(1, 4))}
        said["account"] |= {"start_execution": bucket, "start_express_execution": bucket}
        said["tables"] = {"t": {"read_capacity": draw(few(1, 2)), "write_capacity": draw(few(1, 2))}}
        said["assumptions"]["service_burst"] = draw(one_of("1 ms", "2 ms", "2 ms", "1 s"))
        body, share = "3 KB", 30
        if "firehose" in said["backends"]["s"].get("kinesis", {}):  # large records, and shards that take them
            said["assumptions"] |= {
                "firehose_buffers": draw(one_of("stream", "shard")),
                "service_burst": "1 s",
            }
            body, share = "400 KB", 70
        for client in said["clients"].values():
            for call in client["calls"] if isinstance(client["calls"], list) else ():
                if draw(chance(share)):
                    call["body"] = body
        if draw(chance(40)):
            said["tables"]["t"] |= {"billing_mode": "PROVISIONED", "burst": draw(one_of("0 s", "2 s"))}
    for api in said["apis"].values():
        for method in api["methods"].values():
            if draw(chance(50)):
                method["integration"] = draw(custom("service", "s"))
                if draw(chance(30)):
                    method["integration"]["timeout"] = ms(draw(few(5, 20)))
    first = next(iter(next(iter(said["apis"].values()))["methods"].values()))
    first["integration"] = {"service": "s"}
    if draw(chance(40)):
        duration = int(said["run"]["duration"].split()[0]) // 10
        what = draw(one_of({"outage": True}, {"slow": 5}, {"errors": "40 %"}))
        said["timeline"].append(
            {
                "at": ms(draw(few(0, duration - 1))),
                "fault": {"backend": "s", **what, "for": ms(draw(few(1, 100)))},
            }
        )
    return said
