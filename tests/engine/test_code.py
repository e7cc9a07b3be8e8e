"""A user's own backend: what it does, how it is allowed, and what becomes of its errors."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from engine.running import MS, SECOND, SERVER, story

import apigw_sim as sim
from apigw_sim.engine.model.code import CodeError
from apigw_sim.errors import SlowerEngineWarning

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
MS = 1_000_000
class Mine:
    def __init__(self, env):
        self.env = env
"""
Own = Callable[..., Path]
numbers = iter(range(1_000))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    """A scenario of GET / behind a class of `body`: a call each second from 0 s on; each module has a name of its own."""
    made: list[str] = []

    def write(body: str, head: str = HEAD, code: str | None = None, **parts: Any) -> Path:
        module = f"mine_{next(numbers)}"
        made.append(module)
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        (tmp_path / f"{module}.py").write_text(head + lines, encoding="utf-8")
        integration = {**SERVER, **parts.pop("integration", {})}
        said = story(
            {"process": "even", "rate": "1/s"}, integration,
            backends={"h": {"python": code or f"{module}:Mine"}}, **{"run": {"duration": "3 s"}, **parts},
        )  # fmt: skip
        file = tmp_path / f"{module}.yaml"
        file.write_text(yaml.safe_dump(said), encoding="utf-8")
        return file

    yield write
    for module in made:
        sys.modules.pop(module, None)


def ran(file: Path, **more: Any) -> sim.Result:
    return sim.run(file, requests=True, allow_code=True, **more)


def failed(file: Path) -> str:
    with pytest.raises(CodeError) as caught:
        ran(file)
    return str(caught.value)


def test_a_generator_says_how_long_it_takes_and_what_it_answers(own: Own) -> None:
    done = ran(own("def serve(self, request):\n    yield self.env.timeout(70 * MS)\n    return 404, 123"))
    rows = done.requests
    assert rows["status"].tolist() == [404] * 3
    assert rows["response_bytes"].tolist() == [123] * 3
    assert rows["integration_ns"].tolist() == [70 * MS] * 3
    assert done.invocations["duration_ns"].tolist() == [70 * MS] * 3


def test_requests_share_what_the_class_has(own: Own) -> None:
    """One place, and 1.5 s for each: the second waits for 0.5 s, the third for 1 s."""
    body = """
def serve(self, request):
    self.place = getattr(self, "place", None) or simpy.Resource(self.env, 1)
    with self.place.request() as mine:
        yield mine
        yield self.env.timeout(1500 * MS)
    return 200
"""
    done = ran(own(body, head=f"import simpy\n{HEAD}"))
    assert (done.requests["integration_ns"] / MS).tolist() == [1500, 2000, 2500]


def test_it_is_told_of_the_request(own: Own) -> None:
    body = """
def serve(self, request):
    yield self.env.timeout(1)
    told = (request.client, request.call, request.attempt, request.route, request.body_bytes, request.arrived_ns)
    return 200 if told == ("c", request.call, 1, "GET /", 0, request.call * 1_000_000_000) else 500
"""
    assert ran(own(body)).requests["status"].tolist() == [200] * 3


def test_random_numbers_are_those_of_the_attempt(own: Own) -> None:
    """The call at 2 s takes what it takes, however much the calls before it have drawn."""
    body = """
def serve(self, request):
    for _ in range({draws} if request.call < 2 else 1):
        took = request.random.randrange(1, 900) * MS
    yield self.env.timeout(took)
    return 200
"""
    few, many = (ran(own(body.format(draws=draws))).requests["integration_ns"].tolist() for draws in (1, 5))
    assert few[2] == many[2]
    assert few[:2] != many[:2]
    assert len(set(few)) == 3


def test_the_gateway_gives_up_and_the_generator_goes_on(own: Own) -> None:
    file = own(
        "def serve(self, request):\n    yield self.env.timeout(600 * MS)\n    return 200",
        integration={"timeout": "100 ms"},
    )
    done = ran(file)
    assert done.requests["reason"].tolist() == ["INTEGRATION_TIMEOUT"] * 3
    assert done.requests["latency_ns"].tolist() == [100 * MS] * 3
    # the run ends at 3 s, when all are answered, and the last began at 2 s
    assert done.invocations["abandoned"].tolist() == [1] * 3


def test_a_run_ends_though_the_class_has_a_process_that_never_does(own: Own) -> None:
    body = """
def serve(self, request):
    self.env.process(self.ticks())
    yield self.env.timeout(1300 * MS)
    return 200
def ticks(self):
    while True:
        yield self.env.timeout(MS)
"""
    done = ran(own(body))
    assert done.requests["latency_ns"].tolist() == [1300 * MS] * 3


def test_faults_act_on_it(own: Own) -> None:
    timeline = [
        {"at": "1 s", "fault": {"backend": "h", "errors": "100 %", "for": "500 ms"}},
        {"at": "2 s", "fault": {"backend": "h", "outage": True, "for": "500 ms"}},
    ]
    done = ran(
        own("def serve(self, request):\n    yield self.env.timeout(MS)\n    return 200", timeline=timeline)
    )
    assert done.requests["status"].tolist() == [200, 503, 504]


# what is allowed


def test_code_is_not_run_unasked(own: Own, tmp_path: Path) -> None:
    """Not by run, and not by a study; check loads none."""
    trace = tmp_path / "it_ran"
    file = own("def serve(self, request):\n    yield", head=f"open({str(trace)!r}, 'w')\n{HEAD}")
    for call in (sim.run, lambda file: sim.replicate(file, runs=2, workers=1)):
        with pytest.raises(sim.ApigwSimError) as caught:
            call(file)
        line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "python:" in text)
        said = str(caught.value)
        assert said.startswith(f"{file}:{line}:")
        assert f"backends.h.python: {file.stem}:Mine is Python code, and code is not run unasked" in said
        assert said.endswith("read it, then allow it: --allow-code of run and explain, or allow_code=True")
    sim.load(file)
    assert not trace.exists()


def test_it_runs_on_the_simpy_engine_whatever_is_asked_for(own: Own) -> None:
    file = own("def serve(self, request):\n    yield self.env.timeout(MS)\n    return 200")
    assert ran(file).summary["engine"] == "simpy"
    with pytest.warns(SlowerEngineWarning, match="a backend of one's own is a SimPy generator"):
        assert ran(file, engine="compiled").summary["engine"] == "simpy"


# errors


SERVE = "def serve(self, request):\n    yield self.env.timeout(MS)\n    "
BROKEN = {
    f"{SERVE}return 1 // 0": r"ZeroDivisionError: .* \(line 8 of .*mine_\d+\.py\)$",
    f"{SERVE}yield self.env.timeout(0.5)": r"TypeError: instants are integer nanoseconds, not 0\.5 \(line",
    f"{SERVE}return 'well'": r"serve\(\) returned 'well'; return a status from 200 to 599, or \(status, bytes\)$",
    "def serve(self, request):\n    return 200": r"serve\(\) is no generator: let it yield events, such as self\.env",
    "def work(self, request):\n    yield": r"it has no method serve\(self, request\)$",
    f"""
{SERVE}self.env.process(self.fails())
    yield self.env.timeout(MS * 1_000)
def fails(self):
    yield self.env.timeout(MS)
    raise KeyError("x")
""": r"KeyError: 'x' \(line 13 of .*mine_\d+\.py\)$",
}
"""What a class may do wrong, and how its error ends."""


@pytest.mark.parametrize("body", BROKEN)
def test_an_error_of_the_class_is_told_by_its_last_line(own: Own, body: str) -> None:
    file = own(body)
    said = failed(file)
    assert re.search(BROKEN[body], said), said
    assert said.startswith(f"{file}:")
    assert "\n" not in said


def test_a_module_or_class_that_is_not_there(own: Own) -> None:
    body = "def serve(self, request):\n    yield"
    said = failed(own(body, code="not_there_at_all:Mine"))
    assert said.endswith("not_there_at_all:Mine: ModuleNotFoundError: No module named 'not_there_at_all'"), (
        said
    )
    file = own(body)
    said = failed(own(body, code=f"{file.stem}:Yours"))
    assert said.endswith(f"AttributeError: module '{file.stem}' has no attribute 'Yours'"), said


def test_the_example_of_the_documentation_runs(tmp_path: Path) -> None:
    """Two clerks and 20/s of 30 ms and, one in twenty, 400 ms: both kinds are there, and nothing is shorter."""
    page = (ROOT / "docs" / "own-backends.md").read_text(encoding="utf-8")
    for language, name in (("yaml", "own.yaml"), ("python", "desk.py")):
        (block,) = re.findall(rf"^```{language}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
        (tmp_path / name).write_text(block, encoding="utf-8")
    done = ran(tmp_path / "own.yaml")
    assert set(done.requests["status"]) == {201}
    took = done.requests["integration_ns"]
    assert took.min() == 30 * MS
    assert 430 * MS < took.max() < 20 * SECOND
