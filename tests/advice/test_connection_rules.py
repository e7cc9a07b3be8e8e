"""WS rules: connections that fall silent, and clients that come back all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apigw_sim.advice import Advice

Advised = Callable[..., list[Advice]]
One = Callable[..., tuple[str, str, str]]
PATH = "clients.web.connections"
JITTER = {"attempts": 3, "statuses": [429], "backoff": {"base": "1 s", "cap": "8 s", "jitter": "full"}}


def chat(every: str = "30 s", reconnect: Any = None, *, lost: bool = True, **more: Any) -> dict[str, Any]:
    """A WebSocket API whose connections are lost once, perhaps."""
    connections = {"every": every, **({} if reconnect is None else {"reconnect": reconnect})}
    return {
        "apis": {
            "chat": {
                "type": "WEBSOCKET", "endpoint": "REGIONAL", "methods": {"send": {"integration": {"mock": {}}}},
                "stages": {"prod": {}},
            }
        },
        "clients": {
            "web": {
                "target": "chat/prod", "arrivals": {"process": "even", "rate": "1/s"}, "connections": connections,
                "calls": [{"call": "send"}], **more,
            }
        },
        "timeline": [{"at": "10 s", "disconnect": "chat/prod"}] if lost else [],
    }  # fmt: skip


def test_ws001_fires_where_messages_are_rarer_than_ten_minutes(one: One) -> None:
    path, text, fix = one("WS001", **chat("11 min"))
    assert path == f"{PATH}.every"
    assert text == (
        "connections of web send a message every 11 min on the average, and AWS closes one that was silent for 10 min"
    )
    assert fix.startswith("let clients send something every few minutes")


def test_ws001_is_silent_at_ten_minutes(advice: Advised) -> None:
    assert not advice("WS001", **chat("10 min"))


def test_ws002_fires_where_all_come_back_at_one_instant(one: One) -> None:
    path, text, _ = one("WS002", **chat(reconnect="2 s"))
    assert path == f"{PATH}.reconnect"
    assert text == (
        "all connections of web that are lost at 10 s are opened again at one instant, and those that are refused come "
        "again together"
    )
    undrawn = {**JITTER, "backoff": {"base": "1 s", "cap": "8 s", "jitter": "none"}}
    one("WS002", **chat(reconnect="2 s", retry=undrawn))


@pytest.mark.parametrize(
    "said",
    [
        chat(reconnect={"uniform": {"min": "0 s", "max": "9 s"}}), chat(reconnect="2 s", retry=JITTER),
        chat(reconnect="2 s", lost=False), chat(),
    ],
)  # fmt: skip
def test_ws002_is_silent_where_waits_are_drawn_or_nothing_is_lost(
    advice: Advised, said: dict[str, Any]
) -> None:
    assert not advice("WS002", **said)
