"""The JSON Schema of a scenario as it is written in YAML, and what it says of a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.tree import Keys

JsonSchema = dict[str, Any]


@cache
def _made() -> JsonSchema:
    schema = Scenario.model_json_schema(by_alias=True)
    parts = schema["$defs"]
    parts["PartialThrottle"] = {
        **{key: value for key, value in parts["Throttle"].items() if key != "required"},
        "description": parts["Throttle"]["description"] + " What is left out is copied or defaulted.",
    }
    _redirect(parts["Account"]["properties"]["throttle"], "Throttle", "PartialThrottle")
    for form in parts["MethodSettings"]["properties"]["throttle"]["anyOf"]:
        form.pop("required", None)
    schema["properties"] = {
        "extends": {
            "type": "string",
            "description": "another scenario file, relative to this one, that this one changes",
        },
        **schema["properties"],
    }
    _tidy(schema)
    required = schema.pop("required")
    schema["if"], schema["then"], schema["else"] = {"required": ["extends"]}, {}, {"required": required}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "apigw-sim scenario",
        "description": "A scenario of apigw-sim, as it is written in YAML.",
        **{key: value for key, value in schema.items() if key not in ("title", "description")},
    }


def _tidy(schema: Any) -> None:
    """Leave out what is true of the parts but not of the YAML: nulls, and titles made from names."""
    if isinstance(schema, list):
        for item in schema:
            _tidy(item)
    if not isinstance(schema, dict):
        return
    for name, item in schema.get("properties", {}).items():
        if (
            isinstance(item.get("title"), str)
            and item["title"].casefold().replace(" ", "_") == name.casefold()
        ):
            del item["title"]
    if isinstance(schema.get("anyOf"), list):
        forms = [form for form in schema["anyOf"] if form != {"type": "null"}]
        schema["anyOf"] = forms
        if len(forms) == 1:
            del schema["anyOf"]
            schema.update({**forms[0], **schema})
    for item in list(schema.values()):
        _tidy(item)


def json_schema() -> JsonSchema:
    """The JSON Schema of a scenario as it is written, for editors to complete and check."""
    return deepcopy(_made())


def _redirect(schema: Any, old: str, new: str) -> None:
    if isinstance(schema, dict):
        if schema.get("$ref") == f"#/$defs/{old}":
            schema["$ref"] = f"#/$defs/{new}"
        for value in schema.values():
            _redirect(value, old, new)
    elif isinstance(schema, list):
        for value in schema:
            _redirect(value, old, new)


@dataclass
class Spot:
    """What the schema allows at a path: its alternatives, the keys it names, and whether names are free."""

    forms: list[JsonSchema]
    keys: dict[str, JsonSchema] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    named: bool = False
    listed: bool = False

    @property
    def known(self) -> bool:
        """Whether the schema knows the path at all."""
        return bool(self.forms)

    @property
    def description(self) -> str:
        """What is said of it."""
        return next((str(form["description"]) for form in self.forms if form.get("description")), "")

    @property
    def examples(self) -> list[Any]:
        """Examples of what may stand there."""
        return next((list(form["examples"]) for form in self.forms if form.get("examples")), [])


def spot(keys: Keys) -> Spot:
    """What the schema allows at a path."""
    forms = list(_expand(_made()))
    for key in keys:
        forms = [deep for form in forms for deep in _step(form, key)]
    made = Spot(forms)
    for form in forms:
        made.keys.update(form.get("properties", {}))
        made.later.update(form.get("x-later", {}))
        made.named = (
            made.named
            or bool(form.get("patternProperties"))
            or isinstance(form.get("additionalProperties"), dict)
        )
        made.listed = made.listed or form.get("type") == "array"
    objects = [form for form in forms if form.get("type") == "object"]
    if objects:
        made.required = frozenset.intersection(*(_required(form) for form in objects))
    return made


def _required(form: JsonSchema) -> frozenset[str]:
    return frozenset(form.get("required", form.get("else", {}).get("required", ())))


def _expand(schema: JsonSchema) -> Iterator[JsonSchema]:
    if "$ref" in schema:
        named = {**_made()["$defs"][schema["$ref"].rpartition("/")[2]]}
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        yield from _expand({**named, **rest})
    elif "anyOf" in schema:
        rest = {key: value for key, value in schema.items() if key in ("description", "examples", "default")}
        for form in schema["anyOf"]:
            if form != {"type": "null"}:
                yield from _expand({**form, **rest})
    else:
        yield schema


def _step(form: JsonSchema, key: str | int) -> Iterator[JsonSchema]:
    if isinstance(key, int):
        if form.get("type") == "array" and isinstance(form.get("items"), dict):
            yield from _expand(form["items"])
        elif isinstance(form.get("prefixItems"), list) and key < len(form["prefixItems"]):
            yield from _expand(form["prefixItems"][key])
        elif form.get("type") != "array":
            yield from _step(form, str(key))
        return
    if key in form.get("properties", {}):
        yield from _expand(form["properties"][key])
        return
    for pattern, inner in form.get("patternProperties", {}).items():
        if re.search(pattern, key):
            yield from _expand(inner)
            return
    for inner in list(form.get("patternProperties", {}).values())[:1]:
        yield from _expand(inner)
    if isinstance(form.get("additionalProperties"), dict):
        yield from _expand(form["additionalProperties"])
