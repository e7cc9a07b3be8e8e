"""The JSON Schema: it describes the YAML as it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apigw_sim.scenario import json_schema, load
from apigw_sim.scenario.schema import spot
from apigw_sim.scenario.yaml_layer import parse

jsonschema = pytest.importorskip("jsonschema", reason="the extra `test` brings jsonschema")
BAD = Path(__file__).parent / "bad"


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | bool) else float(value)


def written(path: Path) -> Any:
    root = parse(path.read_text(encoding="utf-8"), str(path), ".").root
    assert root is not None
    return plain(root.plain())


@pytest.fixture(scope="module")
def validator() -> Any:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


def said(validator: Any, data: Any) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(data)]


def test_the_shipped_scenario_fits(validator: Any, flash_sale: Path) -> None:
    assert said(validator, written(flash_sale)) == []


def test_a_resolved_scenario_fits(validator: Any, flash_sale: Path, small: dict[str, Any]) -> None:
    assert said(validator, json.loads(json.dumps(load(flash_sale).resolved()))) == []
    assert said(validator, small) == []


@pytest.mark.parametrize(
    "name", ["no_unit", "misspelt", "negative", "later", "missing", "wrong_kind", "cold_start"]
)
def test_what_an_editor_can_see_is_refused(validator: Any, name: str) -> None:
    assert said(validator, written(BAD / f"{name}.yaml"))


def test_a_file_that_extends_another_may_leave_things_out(validator: Any) -> None:
    assert said(validator, {"extends": "other.yaml", "account": {"throttle": {"rate": "5/s"}}}) == []
    assert said(validator, {"account": {}})


def parts(schema: Any) -> Any:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


def test_every_key_is_described_and_no_default_is_a_parsed_number() -> None:
    for part in parts(json_schema()):
        if "lognormal" in part.get("properties", {}) or "uniform" in part.get("properties", {}):
            continue
        for name, about in (
            part.get("properties", {}).items() if isinstance(part.get("properties"), dict) else ()
        ):
            if part.get("title") or part.get("x-later"):
                assert about.get("description") or "$ref" in about, name
            default = about.get("default")
            assert not isinstance(default, int) or isinstance(default, bool) or default < 10**6, (
                name,
                default,
            )


def test_a_default_is_what_one_could_write() -> None:
    schema = json_schema()
    function = schema["$defs"]["Function"]["properties"]
    assert function["memory"]["default"] == "128 MB"
    assert function["idle_lifetime"]["default"] == {"uniform": {"min": "5 min", "max": "7 min"}}
    assert schema["$defs"]["Assumptions"]["properties"]["rest_overhead"]["default"] == {
        "p50": "8 ms",
        "p99": "30 ms",
    }


def test_the_schema_knows_every_path(flash_sale: Path) -> None:
    for keys in [
        ("functions", "x", "duration", "p99"),
        ("clients", "c", "calls", 0, "path", "id", "zipf", "s"),
        ("clients", "c", "arrivals", "rate", 1, "from"),
        ("apis", "a", "stages", "s", "method_settings", "GET /", "throttle", "burst"),
        ("usage_plans", "p", "stages", "a/s", "GET /", "rate"),
        ("functions", "x", "response", "status", "404"),
    ]:
        assert spot(keys).known, keys
    assert not spot(("functions", "x", "nothing")).known
