"""A trace file and the client it drives, read in one step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.errors import ScenarioError
from apigw_sim.plan.traces import Reading, read_trace
from apigw_sim.scenario import load

SCENARIO = """\
run: {{duration: {duration}}}
apis:
  shop:
    type: REST
    endpoint: REGIONAL
    methods:
      GET /: {{integration: {{mock: {{}}}}}}
    stages: {{prod: {{}}}}
clients:
  web:
    target: shop/prod
    arrivals:
      trace: {trace}
    calls: {calls}
"""
LIST = "[{call: GET /}]"


def read(scenario: Path, duration: int | None = None) -> Reading:
    """The reading of the client `web`."""
    loaded = load(scenario)
    spec = loaded.clients["web"].arrivals.trace
    assert spec is not None
    return read_trace(spec, loaded, "web", duration)


@pytest.fixture
def trace(tmp_path: Path) -> Callable[..., Reading]:
    """Writes a file and reads it as the trace of a client: `trace("a.csv", text, "{cloudwatch: a.csv}")`."""

    def reading(
        name: str, content: str | bytes, spec: str, *, seconds: float | None = None, calls: str = LIST
    ) -> Reading:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        scenario = tmp_path / "story.yaml"
        scenario.write_text(SCENARIO.format(duration="trace", trace=spec, calls=calls), encoding="utf-8")
        return read(scenario, None if seconds is None else round(seconds * 1e9))

    return reading


@pytest.fixture
def refusal(trace: Callable[..., Reading]) -> Callable[..., str]:
    """What reading a bad trace says, the folder left out."""

    def said(*args: Any, **more: Any) -> str:
        with pytest.raises(ScenarioError) as error:
            trace(*args, **more)
        return "\n".join(
            str(problem).rpartition("/story.yaml:")[2] or str(problem) for problem in error.value.problems
        )

    return said
