"""every_method: each named method starts from a copy of it, field by field to any depth, made once at load."""

from __future__ import annotations

from apigw_sim.scenario.api import EVERY_METHOD
from apigw_sim.scenario.merge import merge
from apigw_sim.scenario.tree import Keys, Node


def copy_every_method(root: Node) -> set[Keys]:
    """Copy every_method into the methods that are named; the paths of what was copied and not written.

    Caching by every_method reaches GET only, as in AWS, so other methods do not inherit it.
    """
    inherited: set[Keys] = set()
    for api, stage, table in _tables(root):
        template = table.value.get(EVERY_METHOD)
        if template is None or not isinstance(template.value, dict):
            continue
        for route, named in list(table.value.items()):
            if route == EVERY_METHOD or not isinstance(named.value, dict):
                continue
            base: Keys = ("apis", api, "stages", stage, "method_settings", route)
            source = template.copy()
            if not route.startswith("GET ") and "caching" not in named.value:
                source.value.pop("caching", None)
            merged = merge(source, named, base)
            table.value[route] = Node(merged.value, named.place, named.key_place, named.overridden)
            written = {keys for keys, _ in named.walk()}
            inherited |= {(*base, *keys) for keys, _ in merged.walk() if keys not in written}
    return inherited


def _tables(root: Node) -> list[tuple[str, str, Node]]:
    apis = root.value.get("apis") if isinstance(root.value, dict) else None
    found: list[tuple[str, str, Node]] = []
    for api, body in apis.value.items() if apis is not None and isinstance(apis.value, dict) else ():
        stages = body.value.get("stages") if isinstance(body.value, dict) else None
        for stage, inner in (
            stages.value.items() if stages is not None and isinstance(stages.value, dict) else ()
        ):
            table = inner.value.get("method_settings") if isinstance(inner.value, dict) else None
            if table is not None and isinstance(table.value, dict):
                found.append((api, stage, table))
    return found
