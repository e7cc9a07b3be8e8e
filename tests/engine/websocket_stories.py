"""Stories of WebSocket APIs: those of `running`, with another type, and a client whose arrivals are connections."""

from __future__ import annotations

from typing import Any

from engine.running import MOCK, MS, Ran, at, client, story

ROUTES = {"$disconnect": {"integration": MOCK}, "send": {"integration": MOCK}}


def connections(arrivals: Any = None, every: Any = "10 s", call: Any = "send", **more: Any) -> dict[str, Any]:
    """A client of a/s that connects and sends; `lifetime` and `reconnect` are the connections', the rest the client's."""
    own = {key: more.pop(key) for key in ("lifetime", "reconnect") if key in more}
    return client(at(0) if arrivals is None else arrivals, call, connections={"every": every, **own}, **more)


def websocket_story(said: dict[str, Any] | None = None, *timeline: Any, **parts: Any) -> dict[str, Any]:
    """A story whose API is a WebSocket API, with a client that connects at 0 and sends every 10 s."""
    parts.setdefault("methods", ROUTES)
    parts.setdefault("clients", {"c": connections() if said is None else said})
    parts["run"] = {"duration": "1 min", **parts.get("run", {})}
    made = story(timeline=list(timeline), **parts)
    made["apis"]["a"]["type"] = "WEBSOCKET"
    return made


def sent(ran: Ran, name: str = "c") -> list[tuple[int, int, str | None, int, int]]:
    """Connection, call, route, arrival in ms and status of a client's attempts, in the order of arrivals."""
    rows = [(row.user, row.call, row.method, row.arrived_ns // MS, row.status) for row in ran.of(name)]
    return sorted(rows, key=lambda row: (row[3], row[0], row[1]))
