"""A small scenario that no rule has anything to say about, and advice on what is made of it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.advice import Advice, advise
from apigw_sim.plan import plan
from apigw_sim.scenario import load

BASE: dict[str, Any] = {
    "run": {"duration": "10 min", "start": "2026-11-27T09:00:00Z"},
    "functions": {"worker": {"duration": "100 ms"}},
    "apis": {
        "shop": {
            "type": "REST",
            "endpoint": "REGIONAL",
            "methods": {
                "GET /items/{id}": {"integration": {"lambda_proxy": "worker"}},
                "GET /list": {"integration": {"mock": {}}},
                "POST /orders": {"integration": {"mock": {}}},
            },
            "stages": {"prod": {}},
        }
    },
    "clients": {
        "web": {
            "target": "shop/prod",
            "arrivals": {"process": "even", "rate": "10/s"},
            "calls": [{"call": "GET /items/{id}", "path": {"id": {"uniform": {"n": 500}}}}],
        }
    },
}


@pytest.fixture
def advice() -> Callable[..., list[Advice]]:
    """The advice of one rule on the base, parts of it replaced and settings overridden by path."""

    def given(rule: str, over: dict[str, Any] | None = None, **parts: Any) -> list[Advice]:
        scenario = load({**deepcopy(BASE), **parts}, overrides=over or {})
        return [each for each in advise(scenario, plan(scenario)) if each.rule == rule]

    return given


@pytest.fixture
def one(advice: Callable[..., list[Advice]]) -> Callable[..., tuple[str, str, str]]:
    """The path, text and fix of the one piece of advice that a rule gives."""

    def given(*args: Any, **parts: Any) -> tuple[str, str, str]:
        (found,) = advice(*args, **parts)
        return found.path, found.text, found.fix

    return given


@pytest.fixture
def trace(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Arrivals from a CloudWatch count of ten requests in each of two periods of so many seconds."""

    def made(seconds: float = 1, **more: Any) -> dict[str, Any]:
        file = tmp_path / "counts.csv"
        stamps = [
            datetime(2026, 11, 27, tzinfo=UTC) + timedelta(seconds=seconds * period) for period in range(2)
        ]
        rows = [f"{stamp.isoformat(timespec='milliseconds')},10" for stamp in stamps]
        file.write_text("\n".join(["timestamp,value", *rows, ""]), encoding="utf-8")
        return {"trace": {"cloudwatch": str(file), **more}}

    return made
