"""What CloudWatch shows of a WebSocket API (facts 3.1), and what the summary says of connections."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from engine.running import FUNCTION, MOCK, SECOND, at, client, planned
from engine.websocket_stories import connections, websocket_story

from apigw_sim.compose import simulate
from apigw_sim.metrics.cloudwatch import csv_lines
from apigw_sim.metrics.connections import OF_EXECUTION, OF_INTEGRATION, error_of
from apigw_sim.metrics.connections import summary as of_connections
from apigw_sim.metrics.fold import Metrics
from apigw_sim.records import Block
from apigw_sim.rules.reason import REASONS


def said() -> dict[str, Any]:
    """Three connects, of which one is refused; two connections send at 10, 20, 30 and 40 s, of which half fail; one callback.

    The function of `ask` crashes; at 45 s the client closes.
    """
    calls = [{"call": "send"}]
    return websocket_story(
        clients={
            "well": connections(at(0, SECOND), "10 s", calls, lifetime="44 s"),
            "ill": connections(at(2 * SECOND), "10 s", [{"call": "ask"}], lifetime="29 s"),
            "backend": client(at(5 * SECOND), "@connections"),
        },
        methods={
            "$connect": {"integration": FUNCTION}, "$disconnect": {"integration": MOCK}, "send": {"integration": FUNCTION},
            "ask": {"integration": {"lambda_proxy": "g"}},
        },
        functions={"f": {"duration": "100 ms"}, "g": {"duration": "50 ms", "crash": "100 %"}},
        account={"websocket_connections": {"rate": "0.5/s", "burst": 1}}, settings={"metrics": True},
    )  # fmt: skip


def folded(fast: bool) -> Metrics:
    """The metrics of the story."""
    plan, blocks = planned(said()), list[Block]()
    simulate(plan, engine="simpy", sink=lambda b: blocks.append(Block(b.table, b.rows.copy())), fold=False)
    metrics = Metrics(plan, fast=fast)
    for block in blocks:
        metrics.fold(block)
    metrics.finish()
    return metrics


@pytest.mark.parametrize("fast", [False, True])
def test_connects_messages_and_errors(fast: bool) -> None:
    """Connects at 0 and 2 s have a token, the one at 1 s has half of one; of 4 + 2 messages and a callback 2 fail."""
    found = {
        (row["stage"], row["resource"], row["metric"]): (row["SampleCount"], row["Sum"])
        for row in csv.DictReader(csv_lines(folded(fast)))
        if row["namespace"] == "AWS/ApiGateway"
    }
    for stage in ("", "s"):
        of_stage = {
            metric: figures
            for (at, resource, metric), figures in found.items()
            if (at, resource) == (stage, "")
        }
        integration = of_stage.pop("IntegrationLatency")
        assert of_stage == {
            "ConnectCount": ("2", "2"), "MessageCount": ("7", "7"), "ClientError": ("1", "1"), "IntegrationError": ("2", "2"),
        }  # fmt: skip
        assert (integration[0], float(integration[1])) == ("8", 6 * 100 + 2 * 50)
    by_route = {
        (resource, metric): figures[1] for (_, resource, metric), figures in found.items() if resource
    }
    assert by_route == {
        ("$connect", "ConnectCount"): "2", ("$connect", "ClientError"): "1", ("$connect", "IntegrationLatency"): "200.000",
        ("send", "MessageCount"): "4", ("send", "IntegrationLatency"): "400.000", ("ask", "MessageCount"): "2",
        ("ask", "IntegrationError"): "2", ("ask", "IntegrationLatency"): "100.000",
    }  # fmt: skip


def test_every_reason_is_one_error_or_none() -> None:
    """By what AWS says of the three: before the integration, from it, in calling it."""
    names = {why.name for why in REASONS}
    assert set(OF_INTEGRATION) | set(OF_EXECUTION) <= names
    found = {why.name: error_of(why) for why in REASONS}
    assert [
        found[name] for name in ("OK", "THROTTLED", "ACCESS_DENIED", "BACKEND_4XX", "FUNCTION_ERROR")
    ] == [0, 1, 1, 2, 2]
    assert [found[name] for name in ("LAMBDA_THROTTLED", "INTEGRATION_TIMEOUT", "AUTHORIZER_FAILURE")] == [
        3,
        3,
        3,
    ]


def test_what_became_of_connections() -> None:
    """Opened at 0.1 and 2.1 s, closed 44 and 29 s later: 73 s of a run of 60."""
    metrics = folded(fast=False)
    assert of_connections(metrics.plan, metrics.gauges) == {
        "connections": {
            "a/s": {
                "opened": 2,
                "closed": {"by_client": 2, "idle": 0, "after_two_hours": 0, "lost": 0, "message_too_large": 0},
                "open_at_end": 0, "max_open": 2, "mean_open": round(73 / 60, 6), "connection_minutes": round(73 / 60, 3),
            }
        }
    }  # fmt: skip
