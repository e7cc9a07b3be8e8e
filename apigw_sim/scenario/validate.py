"""A tree against the parts: every problem of form, and a scenario of what remains, for the cross references."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from apigw_sim import units
from apigw_sim.errors import Problem
from apigw_sim.scenario.base import Bad, suggest
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.override import WHERE, write_flow
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.schema import Spot, spot
from apigw_sim.scenario.tree import Keys, Node, child, from_python

MOST_ROUNDS = 200
_KINDS = {"dict_type": "a mapping", "model_type": "a mapping", "list_type": "a list", "tuple_type": "a list"}


class Item(NamedTuple):
    """One problem of form: its path, what is wrong, what to do, and what of it is shown.

    `at` is `value`, `key` (the key itself is wrong) or `parent` (it is missing); `meant` is the key that was meant.
    """

    keys: Keys
    what: str
    fix: str
    at: str = "value"
    meant: str | None = None


@dataclass
class Validated:
    """What validation found: the tree as written, the scenario of what is right, and the paths of what is not."""

    written: Node
    scenario: Scenario | None = None
    problems: list[Problem] = field(default_factory=list)
    tainted: set[Keys] = field(default_factory=set)
    inherited: Collection[Keys] = ()

    def unsure(self, keys: Keys) -> bool:
        """Whether something wrong was found at, above or below a path, so that more would be noise."""
        return any(keys[: len(bad)] == bad or bad[: len(keys)] == keys for bad in self.tainted)

    def lost(self, keys: Keys) -> bool:
        """Whether a mapping's names are not all known, since it or one of its entries was wrong as a whole."""
        return any(
            keys[: len(bad)] == bad or (bad[: len(keys)] == keys and len(bad) == len(keys) + 1)
            for bad in self.tainted
        )

    def problem(self, keys: Keys, what: str, fix: str, at: str = "value") -> Problem:
        """A problem at a path, with the place of what is written there, or of what holds it."""
        node, depth = self.written, 0
        for key in keys[:-1] if at == "parent" else keys:
            found = child(node, key)
            if found is None:
                break
            node, depth = found, depth + 1
        if node.overridden:
            return Problem(WHERE, None, None, show_path(keys), what, fix)
        place = node.key_place if at == "key" else node.at
        if place is None:
            return Problem(None, None, None, show_path(keys), what, fix)
        return Problem(place.file, place.line if depth else 1, place.column, show_path(keys), what, fix)


def validate(written: Node, broken: Iterable[Keys], inherited: Collection[Keys] = ()) -> Validated:
    """Validate a tree; what is wrong is reported once, taken out, and the rest validated again.

    What was copied from every_method is reported there, and not where it was copied to.
    """
    out = Validated(written, inherited=inherited)
    tree = written.copy()
    for keys in broken:
        _prune(tree, keys, out)
    for keys, node in list(tree.walk()):
        if node.value is None and keys and not out.unsure(keys):
            _report(out, [_nothing(keys)])
            _prune(tree, keys, out)
    for _ in range(MOST_ROUNDS):
        try:
            out.scenario = Scenario.model_validate(tree.plain())
            break
        except ValidationError as error:
            found = [item for line in error.errors(include_url=False) for item in items(line)]
        _report(out, found)
        for item in sorted(found, key=lambda item: len(item.keys), reverse=True):
            if not _prune(tree, item.keys, out):
                return out
    return out


def _report(out: Validated, found: list[Item]) -> None:
    known = [item for item in found if not out.unsure(item.keys)]
    meant = {(*item.keys[:-1], item.meant) for item in known if item.meant}
    for item in known:
        copied = item.keys in out.inherited or item.keys[:-1] in out.inherited
        if not copied and (item.at != "parent" or item.keys not in meant):
            out.problems.append(out.problem(*item[:4]))
    out.tainted |= {item.keys for item in known} | meant


def _prune(tree: Node, keys: Keys, out: Validated) -> bool:
    """Take out what is wrong, or put an example in its place where something must stand; False if nothing is left."""
    out.tainted.add(keys)
    if not keys:
        return False
    parent, key = tree.find(keys[:-1]), keys[-1]
    if parent is None or not isinstance(parent.value, dict | list):
        return _prune(tree, keys[:-1], out)
    here = child(parent, key)
    if isinstance(parent.value, list):
        example = _stand_in(spot(keys))
        if here is None or example is None or here.plain() == example:
            return _prune(tree, keys[:-1], out)
        parent.value[int(key)] = from_python(example, ".")
        return True
    if str(key) not in spot(keys[:-1]).required:
        if here is None:
            return _prune(tree, keys[:-1], out)
        del parent.value[str(key)]
        return True
    examples = spot(keys).examples
    if not examples or (here is not None and here.plain() == examples[0]):
        return _prune(tree, keys[:-1], out)
    parent.value[str(key)] = from_python(examples[0], ".")
    return True


def _stand_in(about: Spot) -> Any:
    """The least that can stand for an item of a list: an example, or its required keys by theirs."""
    if about.examples:
        return about.examples[0]
    form = about.forms[0] if about.forms else {}
    if form.get("type") == "integer":
        return form.get("minimum", 0)
    if form.get("type") == "string":
        return "X"
    made = {
        key: (about.keys[key].get("examples") or [None])[0] for key in about.required if key in about.keys
    }
    return made if made and None not in made.values() else None


def items(line: Any, base: Keys = ()) -> list[Item]:
    """One error of pydantic, as problems by path; `base` is where in a scenario the value that was read belongs."""
    keys = (*base, *(key for key in line["loc"] if key != "[key]"))
    error = line.get("ctx", {}).get("error")
    if isinstance(error, Bad):
        found = [Item((*keys, *at), what, fix) for at, what, fix in error.items]
        return [item._replace(at="key") if "[key]" in line["loc"] else item for item in found]
    kind = line["type"]
    if kind == "missing":
        return [_missing(keys)]
    if kind == "extra_forbidden":
        return [_unknown(keys)]
    if kind in _KINDS:
        what = f"{units.show(line['input'])} where {_KINDS[kind]} belongs"
        return [Item(keys, what, _form(keys, _KINDS[kind]))]
    return [Item(keys, line["msg"].lower(), "")]


def _form(keys: Keys, kind: str) -> str:
    about = spot(keys)
    if kind == "a list":
        return "write a list such as [...], or items that begin with -"
    if about.keys:
        return f"write its keys: {', '.join(list(about.keys)[:6])}"
    return f"write NAME: VALUE ({about.description})" if about.description else "write KEY: VALUE"


def _missing(keys: Keys) -> Item:
    about = spot(keys)
    example = about.examples[0] if about.examples else None
    simple = example is not None and example not in ({}, [])
    shown = f"write {keys[-1]}: {write_flow(example)}" if simple else f"write {keys[-1]}:"
    return Item(keys, "missing", f"{shown} ({about.description})" if about.description else shown, "parent")


def _unknown(keys: Keys) -> Item:
    about, key = spot(keys[:-1]), str(keys[-1])
    if key in about.later:
        what, _, fix = about.later[key].partition("; ")
        return Item(keys, f"this key {what}", fix, "key")
    near = suggest(key, about.keys)
    fix = f"did you mean '{near}'?" if near else f"known are {', '.join(about.keys)}"
    return Item(keys, "unknown key", fix, "key", near)


def _nothing(keys: Keys) -> Item:
    about, key = spot(keys), str(keys[-1])
    name, colon, value = (part.strip() for part in key.partition(":"))
    if colon and name in spot(keys[:-1]).keys:
        fix = f"put a space after the colon: {name}: {value}"
        return Item(keys, f"'{key}' is a key without a value", fix, "key", name)
    if about.required:
        fix = f"write its keys ({', '.join(sorted(about.required))}), or leave the key out"
        return Item(keys, "no value", fix)
    empty = "{}" if about.named or about.keys else "[]" if about.listed else "one"
    return Item(keys, "no value", f"write {empty}, or leave the key out")
