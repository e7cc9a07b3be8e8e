"""The compiled engine as a program: when it is chosen, what compiling it depends on, and its own ways of failing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from engine.running import SECOND, at, client, difference, planned, run_on, story

import apigw_sim
from apigw_sim import choice, jit
from apigw_sim.choice import WORTH_COMPILING, WORTH_LOADING, choose
from apigw_sim.engine.compiled import build, engine
from apigw_sim.errors import SlowerEngineWarning
from apigw_sim.plan.tables import Plan

ROOT = Path(__file__).resolve().parents[2]


def offered(calls: int) -> Plan:
    """A plan of so many calls."""
    return planned(story({"process": "even", "rate": f"{calls // 10}/s"}))


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing is compiled yet; what is compiled is listed."""
    done: list[str] = []
    monkeypatch.setattr(jit, "is_warm", lambda: False)
    monkeypatch.setattr(choice, "warm", lambda: done.append("compiled"))
    return done


@pytest.mark.parametrize(
    ("calls", "ran", "compiled"),
    [
        (WORTH_LOADING - 10, "simpy", []),
        (WORTH_LOADING, "simpy", []),
        (WORTH_COMPILING - 10, "simpy", []),
        (WORTH_COMPILING, "compiled", ["compiled"]),
    ],
)
def test_a_cold_cache_is_worth_compiling_only_for_a_large_run(
    cold: list[str], calls: int, ran: str, compiled: list[str]
) -> None:
    chosen = choose(offered(calls), "auto")
    assert (chosen.engine, cold) == (ran, compiled)
    assert f"about {calls:,} calls" in chosen.reason
    if WORTH_LOADING <= calls < WORTH_COMPILING:
        assert chosen.reason.endswith("not compiled yet: apigw-sim compile")


@pytest.mark.parametrize(("calls", "ran"), [(WORTH_LOADING - 10, "simpy"), (WORTH_LOADING, "compiled")])
def test_a_warm_cache_is_worth_loading_for_a_middling_run(
    monkeypatch: pytest.MonkeyPatch, calls: int, ran: str
) -> None:
    monkeypatch.setattr(jit, "is_warm", lambda: True)
    assert choose(offered(calls), "auto").engine == ran


def test_what_the_compiled_engine_cannot_do_stands_in_one_list(cold: list[str]) -> None:
    """To follow an attempt and to run a user's own code is all there is; asked for or not, the simpy engine does it."""
    for asked in ("auto", "compiled"):
        chosen = choose(offered(WORTH_COMPILING), asked, watched=True)
        assert chosen == ("simpy", choice.ONLY_SIMPY["explain"])
    assert (list(choice.ONLY_SIMPY), cold) == (["explain", "python"], [])


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="engine 'warp': one of auto, simpy, compiled"):
        choose(offered(10), "warp")


def test_without_numba_the_simpy_engine_runs_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "unusable", lambda: "numba is not installed; pip install numba")
    assert choose(offered(WORTH_COMPILING), "auto") == ("simpy", "numba is not installed; pip install numba")
    with pytest.warns(SlowerEngineWarning, match="runs instead of the compiled one: numba is not"):
        assert choose(offered(10), "compiled").engine == "simpy"


def test_a_failure_to_compile_is_a_warning_and_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        raise TypeError("cannot be compiled")

    said = story(at(1, 2, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        right = apigw_sim.run(said_of(said), engine="compiled").summary
    monkeypatch.setattr(jit, "is_warm", lambda: False)
    monkeypatch.setattr(choice, "warm", broken)
    with pytest.warns(SlowerEngineWarning, match="compiling failed: TypeError: cannot be compiled"):
        other = apigw_sim.run(said_of(said), engine="compiled").summary
    assert (right["engine"], other["engine"]) == ("compiled", "simpy")
    assert {**right, "engine": "", "engine_reason": ""} == {**other, "engine": "", "engine_reason": ""}


def said_of(said: dict) -> dict:
    """A story with arrivals that a scenario can say."""
    return {
        **said,
        "clients": {"c": {**said["clients"]["c"], "arrivals": {"process": "even", "rate": "5/s"}}},
    }


# rows, blocks and growing


def test_rows_nodes_and_environments_are_made_room_for_in_mid_run() -> None:
    """Ten thousand calls at one instant, each with an environment of its own: everything has to grow several times."""
    said = story(
        at(*[SECOND] * 10_000),
        {"lambda_proxy": "f"},
        functions={"f": {"duration": "1 s", "cold_start": {"provisioning": "1 ms", "init": "1 ms"}}},
        account={
            "lambda_concurrency": 20_000, "lambda_scaling": "none", "lambda_requests_per_concurrency": "none",
            "throttle": {"rate": "10000/s", "burst": 10_000},
        },
        timeout="500 ms",
        retry={"attempts": 2, "client_timeout": True, "backoff": {"base": "1 s", "jitter": "none"}},
    )  # fmt: skip
    one, two = (run_on(name, said) for name in ("simpy", "compiled"))
    assert difference(one, two) is None
    assert len(two.tables["attempts"]) == 20_000
    assert len(two.tables["environments"]) >= 10_000


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_blocks_of_any_size_hold_the_same_rows(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.mixed import MIXED

    plan = planned(MIXED)
    whole = run_on("compiled", plan)
    monkeypatch.setattr(engine.Compiled.__init__, "__defaults__", (1, rows))
    assert difference(whole, run_on("compiled", plan)) is None


@pytest.mark.parametrize("calls", [1, 3, 100])
def test_calls_told_in_blocks_of_any_size_are_the_same(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.mixed import MIXED

    plan = planned(MIXED)
    whole = run_on("compiled", plan)
    monkeypatch.setattr(engine, "FIRST_BLOCK", calls)
    monkeypatch.setattr(engine, "LARGEST_BLOCK", calls)
    assert difference(whole, run_on("compiled", plan)) is None


# the cache's order of use


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("ttl", "kb"), [("20 s", 100), ("1 s", 100), ("1 s", 800), ("1 s", 1150)])
def test_who_is_pushed_out_is_the_same_whatever_the_order_of_use_is_kept_in(
    seed: int, ttl: str, kb: int
) -> None:
    """40 keys of 1 to 30 KB, thousands of uses; entries that end soon are stored over and over.

    In 1,150 KB they nearly always fit, so the queue of uses grows, and is tidied up, without anybody being pushed out.
    """
    said = story(
        integration={"http_proxy": "h"},
        route="GET /{id}",
        method={"cache_key": ["path.id"]},
        backends={
            "h": {"http": {"latency": "0.001 ms", "size": {"uniform": {"min": "1 KB", "max": "30 KB"}}}}
        },
        stage={"cache_cluster": "0.5 GB"},
        settings={"caching": {"ttl": ttl}},
        clients={
            "c": client(
                {"process": "poisson", "rate": "300/s"},
                [{"call": "GET /{id}", "path": {"id": {"zipf": {"n": 40, "s": 0.8}}}}],
            )
        },
        timeline=[{"at": "6 s", "flush_cache": "a/s"}],
    )  # fmt: skip
    plan = planned(said)
    plan = replace(plan, stages=(replace(plan.stages[0], cache_bytes=kb * 1024),))
    one, two = (run_on(name, plan, seed=seed) for name in ("simpy", "compiled"))
    assert difference(one, two) is None
    hits = sum(row.cache == "HIT" for row in one.attempts)
    assert 200 < hits < len(one.attempts) - 200


# what was compiled is what stands in the sources


def statuses(package: Path, cache: Path) -> str:
    """How many are refused by a bucket of two, on the compiled engine of a copy of the package."""
    program = (
        "import apigw_sim as sim\n"
        "print(sim.__file__)\n"
        "print(sim.run('two.yaml', engine='compiled').summary['requests']['by_status'])\n"
    )
    env = os.environ | {"PYTHONPATH": str(package.parent), "APIGW_SIM_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env=env, cwd=package.parent, capture_output=True, text=True, check=True
    )  # fmt: skip
    file, found = done.stdout.splitlines()
    assert Path(file).parent == package
    return found


@pytest.mark.slow
def test_what_is_said_to_be_called_often_is_there_and_is_said_once() -> None:
    there = [function.__name__ for module in build.SOURCES for function in build.functions(module)]
    assert set(there) >= build.INLINED | build.OFTEN
    assert not build.INLINED & build.OFTEN
    assert len(build.OFTEN) == len(build.MANY.split())


def test_an_edited_rule_is_seen_by_the_next_run(tmp_path: Path) -> None:
    """The bucket's rule in another file than the loop: numba's own cache would have kept the old one."""
    package = tmp_path / "apigw_sim"
    shutil.copytree(ROOT / "apigw_sim", package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "two.yaml").write_text(
        "name: two\n"
        "run: {duration: 1 s}\n"
        "account: {throttle: {rate: 0/s, burst: 2}}\n"
        "apis: {a: {type: REST, endpoint: REGIONAL, methods: {'GET /': {integration: {mock: {}}}}, stages: {s: {}}}}\n"
        "clients: {c: {target: a/s, arrivals: {process: even, rate: 6/s}, calls: [{call: 'GET /'}]}}\n"
    )
    cache = tmp_path / "cache"
    assert statuses(package, cache) == "{'200': 2, '429': 4}"
    rule = package / "rules" / "bucket.py"
    text = rule.read_text(encoding="utf-8")
    assert text.count("    return level + gained\n") == 1
    rule.write_text(text.replace("    return level + gained\n", "    return level + gained + TOKEN // 2\n"))
    assert statuses(package, cache) != "{'200': 2, '429': 4}"


@pytest.mark.slow
def test_no_index_is_out_of_bounds() -> None:
    """The comparisons once more with bounds checks compiled in."""
    env = os.environ | {"NUMBA_BOUNDSCHECK": "1"}
    tests = ["tests/metrics/test_taken.py", "tests/metrics/test_fast.py"] + [
        f"tests/engine/test_{name}.py"
        for name in ("engines_agree", "compiled", "run", "lambda", "http", "cache")
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *tests]
    done = subprocess.run(
        [*command, "-k", "not un_jitted"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
