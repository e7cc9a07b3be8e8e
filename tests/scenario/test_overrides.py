"""Overrides, `extends` and paths."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from apigw_sim.errors import ScenarioError
from apigw_sim.scenario import Scenario, load, parse_override, paths
from apigw_sim.scenario.base import Bad
from apigw_sim.scenario.paths import show_path, split_path
from apigw_sim.units import MINUTE, SECOND

Given = Callable[..., Scenario]
Problems = Callable[..., list[str]]


def test_an_override_is_text_or_data(given: Given) -> None:
    for value in (500, "500"):
        assert given({"account.lambda_concurrency": value}).account.lambda_concurrency == 500
    assert given([("run.duration", "5 min")]).run.duration == 5 * MINUTE
    assert given(["run.duration=5 min", "run.seed=9"]).run.seed == 9
    assert given("run.seed=9").run.seed == 9
    assert given({"functions.f.response.status": "{200: 90 %, 500: rest}"}).functions["f"].response.status[
        500
    ] == (Fraction(1, 10))


def test_overrides_are_logged(given: Given) -> None:
    made = given(
        {"functions.f.duration": "50 ms", "functions.f.timeout": "5 s", "run": {"duration": "5 min"}}
    )
    assert made.overrides == [
        "functions.f.duration: 40 ms -> 50 ms",
        "functions.f.timeout: (not written) -> 5 s",
        "run: {duration: 10 min} -> {duration: 5 min}",
    ]


def test_what_was_overridden_says_so(flash_sale: Path) -> None:
    made = load(flash_sale, overrides={"functions.checkout.duration": "{p50: 1 ms, p99: 2 ms}"})
    assert made.where("functions.checkout.duration.p99") == "override"
    assert made.where("functions.checkout.timeout").startswith(str(flash_sale))


def test_null_removes(given: Given) -> None:
    assert given({"functions.f.timeout": "5 s"}).functions["f"].timeout == 5 * SECOND
    made = given([("functions.f.timeout", "5 s"), ("functions.f.timeout", None)])
    assert made.functions["f"].timeout == 3 * SECOND
    assert given("clients.web.retry=null").overrides == []


def test_a_new_name_may_be_given_as_a_whole(given: Given) -> None:
    made = given({"functions.g": {"duration": "1 ms"}})
    assert list(made.functions) == ["f", "g"]


def test_a_part_that_is_not_written_is_made(given: Given) -> None:
    made = given({"account.used_elsewhere.rate": "5/s", "clients.web.retry.attempts": 2})
    assert made.account.used_elsewhere.rate == 5
    assert made.clients["web"].retry is not None


def test_what_cannot_stand_together_is_replaced(given: Given) -> None:
    made = given(
        {
            'apis.shop.methods["POST /orders"].integration.mock.status': 204,
            "functions.f.duration.p50": "1 ms",
            "functions.f.duration.p99": "2 ms",
        }
    )
    assert made.overrides[0].endswith("(not written) -> 204")
    lognormal = given(
        [
            ("functions.f.duration", "{p50: 1 ms, p99: 2 ms}"),
            ("functions.f.duration.lognormal", "{mean: 5 ms, cv: 1}"),
        ]
    )
    assert set(lognormal.resolved()["functions"]["f"]["duration"]) == {"lognormal"}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("functions.g.timeout=5 s", "override functions.g: unknown path; here stand f"),
        ("function.f.timeout=5 s", "override function: unknown path; did you mean 'functions'?"),
        (
            "functions.f.timout=5 s",
            "override functions.f.timout: unknown path; did you mean 'functions.f.timeout'?",
        ),
        (
            "functions.f.timeout=5",
            "override functions.f.timeout: 5 has no unit; write 5 ms, 5 s, 5 min, 5 h or 5 d",
        ),
        ("clients.web.calls[1].weight=2", "override clients.web.calls[1]: there is no item 1; write [0]"),
        (
            "clients.web.calls.weight=2",
            "override clients.web.calls.weight: there is no item weight; write [0]",
        ),
        (
            "functions.f.architecture=arm64",
            "override functions.f.architecture: this key belongs to a later version; leave it out",
        ),
        (
            "extends=x.yaml",
            "override extends: extends is read before anything is overridden; write it in the file",
        ),
        (
            "run.seed",
            "override: 'run.seed' is no override; write PATH=VALUE, such as account.lambda_concurrency=500",
        ),
        (
            "run..seed=5",
            """override: 'run..seed=5' is no path: '.seed=5' is no word; keys that are no words stand in ["..."]""",
        ),
        (
            "run.seed=[1",
            (
                "override run.seed: a comma or a closing bracket is missing before the end of the file; "
                "close the bracket, or add a comma"
            ),
        ),
        (
            "run.seed=on",
            "override run.seed: on is true in YAML 1.1 and a text in YAML 1.2; write true, or 'on' in quotes",
        ),
        ("run.seed.x=5", "override run.seed.x: run.seed holds no keys; set it as a whole"),
        (
            "clients.web.target=shop/prd",
            "override clients.web.target: there is no stage 'shop/prd'; did you mean 'shop/prod'?",
        ),
    ],
)
def test_a_wrong_override_says_so(problems: Problems, override: str, said: str) -> None:
    assert problems(override) == [said]


def test_a_mistake_of_the_file_and_of_an_override_are_told_together(
    problems: Problems, small: dict[str, Any]
) -> None:
    small["run"]["sed"] = 5
    said = problems("functions.f.timeout=5", small)
    assert [text.partition(":")[0] for text in said] == ["override functions.f.timeout", "run.sed"] or len(
        said
    ) == 2


def test_a_bad_value_can_be_overridden(small: dict[str, Any]) -> None:
    small["run"]["duration"] = 600
    assert load(small, overrides="run.duration=10 min").run.duration == 10 * MINUTE


def test_split() -> None:
    assert parse_override('apis.shop.methods["GET /a=b"].x = 5 s') == (
        'apis.shop.methods["GET /a=b"].x',
        "5 s",
    )
    with pytest.raises(ScenarioError, match="is no override"):
        parse_override("run.seed")


def test_every_path_can_be_set_to_what_it_is(flash_sale: Path) -> None:
    scenario = load(flash_sale)
    listed = paths(scenario)
    assert ("account.lambda_concurrency", "1000") in listed
    assert ("clients.web.api_key", "(not set)") in listed
    assert ('apis.shop.stages.prod.method_settings["POST /orders"].throttle.rate', "200/s") in listed
    again = load(flash_sale, overrides=[(path, value) for path, value in listed if value != "(not set)"])
    assert again.sha256() == scenario.sha256()


# -- paths --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("account.throttle.rate", ("account", "throttle", "rate")),
        ('a["POST /orders"].b', ("a", "POST /orders", "b")),
        ("a['POST /orders'][0].b[12]", ("a", "POST /orders", 0, "b", 12)),
        ("status.404", ("status", "404")),
        ("flash-sale.x_y", ("flash-sale", "x_y")),
        (r'a["say \"hi\""]', ("a", 'say "hi"')),
    ],
)
def test_paths_are_read(text: str, keys: tuple[str | int, ...]) -> None:
    assert split_path(text) == keys


@pytest.mark.parametrize(
    "text", ["", "a.", ".a", "a..b", "a[", "a[x]", 'a["x', "a b", "a.[0]", "a=b", "[1.5]"]
)
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(Bad):
        split_path(text)


@property_of(st.lists(st.text(min_size=1) | st.integers(0, 99), min_size=1, max_size=5))
def test_a_path_survives_writing(keys: list[str | int]) -> None:
    assert split_path(show_path(tuple(keys))) == tuple(keys)


# -- extends ------------------------------------------------------------------------------------------------------


def test_a_file_changes_another(flash_sale: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "partner_requests.csv").write_text("timestamp,value\n2026-11-27T09:00:00Z,5\n")
    (tmp_path / "data" / "base.yaml").write_text(flash_sale.read_text(encoding="utf-8"), encoding="utf-8")
    child = tmp_path / "child.yaml"
    child.write_text(
        "extends: data/base.yaml\n"
        "name: child\n"
        "functions:\n"
        "  checkout:\n"
        "    duration: {p50: 90 ms, p99: 400 ms}\n"
        "    reserved_concurrency: null\n"
        "clients:\n"
        "  hobby: null\n"
        "  web:\n"
        "    arrivals: {rate: 50/s}\n"
        "timeline: []\n"
    )
    made = load(child)
    assert made.name == "child"
    assert made.timeline == ()
    assert list(made.clients) == ["web", "acme"]
    checkout = made.functions["checkout"]
    assert (checkout.reserved_concurrency, checkout.timeout) == (None, 10 * SECOND)
    assert set(made.resolved()["functions"]["checkout"]["duration"]) == {"p50", "p99"}
    rate = made.clients["web"].arrivals.rate
    assert rate is not None
    assert [step.rate for step in rate] == [50]
    assert made.where("functions.checkout.duration.p50") == f"{child}:5:21"
    assert made.where("functions.checkout.timeout").startswith(f"{tmp_path / 'data' / 'base.yaml'}:")
    assert made.sources == (str(child), str(tmp_path / "data" / "base.yaml"))
    trace = made.clients["acme"].arrivals.trace
    assert trace is not None
    assert trace.file.path == tmp_path / "data" / "partner_requests.csv"


def test_a_long_chain_and_a_circle(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.yaml").write_text(f"extends: {number + 1}.yaml\nname: x\n")
    with pytest.raises(ScenarioError, match="more than 8 files extend each other; merge some of them"):
        load(tmp_path / "0.yaml")
    (tmp_path / "2.yaml").write_text("extends: 0.yaml\nname: x\n")
    with pytest.raises(ScenarioError, match=r"0\.yaml extends this file in turn; break the circle"):
        load(tmp_path / "0.yaml")


@pytest.mark.parametrize("value", ["[a.yaml]", "5", "{a: b}", "''", "."])
def test_what_cannot_be_extended(tmp_path: Path, value: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"extends: {value}\nname: x\n")
    with pytest.raises(ScenarioError, match=r"x\.yaml:1:10 extends: "):
        load(file)


def test_names_are_no_keywords(small: dict[str, Any], tmp_path: Path) -> None:
    """What two keys of the language exclude, two names of the user do not."""
    import json

    small["functions"] = {"trace": {"duration": "1 ms"}, "f": {"duration": "1 ms"}}
    (tmp_path / "base.yaml").write_text(json.dumps(small))
    child = tmp_path / "child.yaml"
    child.write_text("extends: base.yaml\nfunctions:\n  rate: {duration: 5 ms}\n  mock: {duration: 5 ms}\n")
    assert set(load(child).functions) == {"trace", "f", "rate", "mock"}
