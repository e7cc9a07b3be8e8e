"""Stories of HTTP APIs: those of `running`, with another type."""

from __future__ import annotations

from typing import Any

from engine.running import FUNCTION, story


def http_story(*args: Any, api: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """A story whose API is an HTTP API that takes no time itself; `api` has more of its settings.

    Its integration is the function f of 100 ms, unless the story says otherwise.
    """
    parts.setdefault("functions", {"f": {"duration": "100 ms"}})
    if len(args) < 2:
        parts.setdefault("integration", FUNCTION)
    parts["assumptions"] = {"http_overhead": "0 ms", **parts.get("assumptions", {})}
    said = story(*args, **parts)
    said["apis"]["a"] |= {"type": "HTTP", **(api or {})}
    return said
