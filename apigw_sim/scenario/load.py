"""From a file to a scenario: read, extend, override, copy, validate, check, and say all that is wrong at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from apigw_sim.errors import Problem, ScenarioError
from apigw_sim.scenario.base import Bad
from apigw_sim.scenario.crossref import check
from apigw_sim.scenario.model import Origin, Scenario
from apigw_sim.scenario.override import apply, read_overrides
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.read import Source, read
from apigw_sim.scenario.resolve import copy_every_method
from apigw_sim.scenario.tree import Node, from_python
from apigw_sim.scenario.validate import validate

_INSTEAD = "load the file, with overrides"
Overrides = Mapping[str, Any] | Iterable[tuple[str, Any] | str]


def load(path: str | os.PathLike[str] | Mapping[str, Any], *, overrides: Overrides = ()) -> Scenario:
    """Read a scenario file, or plain data, as a checked scenario.

    `overrides` are pairs of a path and a value, YAML text or Python data; null removes. Raises ScenarioError.
    """
    source = _from_data(path) if isinstance(path, Mapping) else read(os.fspath(path))
    problems = list(source.problems)
    if source.root is None:
        raise ScenarioError(problems)
    root, broken = source.root, list(source.broken)
    made, bad = read_overrides(overrides, source.folder)
    problems += bad
    log: list[str] = []
    for override in made:
        problems += apply(root, override, log, broken)
    if isinstance(root.value, dict) and "name" not in root.value:
        root.value["name"] = Node(source.name)
    inherited = copy_every_method(root)
    places = {keys: place for keys, node in root.walk() if (place := node.at) is not None}
    validated = validate(root, broken, inherited)
    problems += validated.problems
    scenario = validated.scenario
    if scenario is not None:
        overridden = frozenset(keys for keys, node in root.walk() if node.overridden)
        origin = Origin(places, tuple(source.files), tuple(log), frozenset(inherited), overridden)
        scenario = scenario.with_origin(origin)
        scenario, found = check(scenario, validated)
        problems += found
    if problems or scenario is None:
        raise ScenarioError(problems)
    return scenario


def _from_data(data: Mapping[str, Any]) -> Source:
    try:
        root = from_python(data, str(Path.cwd()))
    except Bad as error:
        raise ScenarioError(
            Problem(None, None, None, show_path(at), what, fix) for at, what, fix in error.items
        ) from None
    if "extends" in root.value:
        raise ScenarioError(
            [Problem(None, None, None, "extends", "plain data cannot extend a file", _INSTEAD)]
        )
    return Source(root, str(Path.cwd()), "scenario")
