"""YAML text to a tree with places, where every value reads the same under YAML 1.1 and 1.2."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import yaml

from apigw_sim.errors import Problem
from apigw_sim.scenario.base import Text
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.tree import MOST_DEPTH, MOST_NODES, Keys, Node, Place

ROUTE_IN_BRACES = "put the route in quotes or on a line of its own"
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_NULL = re.compile(r"null|Null|NULL|~|")
_OLD_TRUE = re.compile(r"yes|Yes|YES|on|On|ON|y|Y")
_OLD_FALSE = re.compile(r"no|No|NO|off|Off|OFF|n|N")
_DIGITS = re.compile(r"[-+]?[\d.][\d_.:]*([eE][-+]?\d+)?")
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+)")
_LEADING_ZERO = re.compile(r"[-+]?0\d[\d_]*")
_BASED = re.compile(r"[-+]?0o[0-7]+|[-+]?0x[0-9a-fA-F_]+|[-+]?0b[01_]+")
_EXPONENT = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.[\d_]+)[eE][-+]?\d+")
_SEPARATED = re.compile(r"[-+]?\d[\d_]*_[\d_]*(\.[\d_]*)?")
_SEXAGESIMAL = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_ODD = re.compile("[\x85\u2028\u2029\ud800-\udfff]")
_BREAKS = {"\x85": "U+0085", "\u2028": "U+2028", "\u2029": "U+2029"}


@dataclass
class Parsed:
    """What a text holds: its tree (None where there is none), its problems, and the paths they stand at."""

    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    broken: list[Keys] = field(default_factory=list)


@dataclass
class _Open:
    node: Node
    keys: Keys
    anchor: str | None
    key: str | None = None
    key_place: Place | None = None
    size: int = 1
    height: int = 1
    index: int = 0


class _Stopped(Exception):  # noqa: N818 - a way out, never seen
    """The rest of the text cannot be read."""


def parse(text: str, file: str, folder: str) -> Parsed:
    """Read a YAML text as a tree of its own; nothing is evaluated, and depth and size are bounded."""
    found = _parsed(text, file, folder)
    return Parsed(found.root.copy() if found.root else None, [*found.problems], [*found.broken])


@lru_cache(maxsize=8)
def _parsed(text: str, file: str, folder: str) -> Parsed:
    """The last few are kept: a sweep reads one text for each of its points."""
    return _Reader(file, folder).read(text)


class _Reader:
    def __init__(self, file: str, folder: str) -> None:
        self.file, self.folder = file, folder
        self.out = Parsed()
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int, int] | None] = {}
        self.nodes = 0

    def read(self, text: str) -> Parsed:
        found = _ODD.search(text)
        if found:
            odd, before = found[0], text[: found.start()]
            place = Place(self.file, before.count("\n") + 1, len(before) - before.rfind("\n"))
            what = (
                f"an invisible line separator ({_BREAKS[odd]})"
                if odd in _BREAKS
                else "a text that is no Unicode"
            )
            self._say(place, (), what, "remove it" if odd in _BREAKS else "write it in UTF-8")
            return self.out
        try:
            self._events(text)
        except yaml.YAMLError as error:
            self._syntax(error, text)
            self.out.root = None
        except _Stopped:
            self.out.root = None
        return self.out

    # -- events ---------------------------------------------------------------------------------------------------

    def _events(self, text: str) -> None:
        documents = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "a second document", "keep one document in the file")
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._start(event)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self._end()

    def _place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _count(self, event: Any, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            self._stop(event, f"more than {MOST_NODES:,} values, aliases expanded", "make the file smaller")

    def _start(self, event: Any) -> None:
        self._tag(event)
        place = self._place(event)
        if len(self.stack) >= MOST_DEPTH:
            self._stop(event, f"nested deeper than {MOST_DEPTH}", "make it flatter")
        if self._wants_key():
            self._stop(
                event,
                "a key that is a mapping or list",
                "write a word or a quoted text as key; " + ROUTE_IN_BRACES,
            )
        self._count(event, 1)
        node = Node({} if isinstance(event, yaml.MappingStartEvent) else [], place)
        keys = self._next_keys()
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(node, keys, event.anchor))

    def _end(self) -> None:
        done = self.stack.pop()
        if done.anchor:
            self.anchors[done.anchor] = (done.node, done.size, done.height)
        self._attach(done.node, done.size, done.height)

    def _alias(self, event: Any) -> None:
        if self._wants_key():
            self._stop(event, "an alias as key", "write the key out")
        if event.anchor not in self.anchors:
            self._stop(
                event,
                f"the alias '*{event.anchor}' has no anchor",
                f"write &{event.anchor} before it, or quotes",
            )
        found = self.anchors[event.anchor]
        if found is None:
            self._stop(
                event, f"the alias '*{event.anchor}' stands within its own anchor", "write the value out"
            )
            return
        node, size, height = found
        self._count(event, size)
        if len(self.stack) + height > MOST_DEPTH:
            self._stop(event, f"nested deeper than {MOST_DEPTH}", "make it flatter")
        copy = node.copy()
        copy.place = self._place(event)
        self._attach(copy, size, height)

    def _scalar(self, event: Any) -> None:
        self._tag(event)
        self._count(event, 1)
        place = self._place(event)
        plain = event.style is None
        if self._wants_key():
            self._key(event.value, plain, place)
            return
        keys = self._next_keys()
        value: Any = Text(event.value, self.folder)
        if plain:
            value = self._plain(event.value, place, keys)
        node = Node(value, place)
        if event.anchor:
            self.anchors[event.anchor] = (node, 1, 1)
        self._attach(node, 1, 1)

    # -- the tree -------------------------------------------------------------------------------------------------

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].node.value, dict) and self.stack[-1].key is None

    def _next_keys(self) -> Keys:
        if not self.stack:
            return ()
        top = self.stack[-1]
        return (*top.keys, top.index if isinstance(top.node.value, list) else str(top.key))

    def _key(self, text: str, plain: bool, place: Place) -> None:
        top = self.stack[-1]
        keys = (*top.keys, text)
        if plain and (_OLD_TRUE.fullmatch(text) or _OLD_FALSE.fullmatch(text)) and len(text) > 1:
            self._say(
                place,
                keys,
                f"the key {text} is a boolean in YAML 1.1",
                f"put it in quotes: '{text}'",
                broken=True,
            )
        elif plain and (_TRUE.fullmatch(text) or _FALSE.fullmatch(text) or _NULL.fullmatch(text)):
            self._say(
                place,
                keys,
                f"the key {text} is no text" if text else "an empty key",
                "put it in quotes",
                broken=True,
            )
        elif plain and text == "<<":
            self._say(
                place,
                keys,
                "merge keys are YAML 1.1 only",
                "write the keys out, or use extends:",
                broken=True,
            )
        elif text in top.node.value:
            first = top.node.value[text].key_place
            self._say(
                place,
                keys,
                f"a duplicate key, first on line {first.line if first else '?'}",
                "keep one of them",
            )
        top.key, top.key_place = text, place

    def _attach(self, node: Node, size: int, height: int) -> None:
        if not self.stack:
            self.out.root = node
            return
        top = self.stack[-1]
        top.size += size
        top.height = max(top.height, height + 1)
        if isinstance(top.node.value, list):
            top.node.value.append(node)
            top.index += 1
            return
        node.key_place = top.key_place
        if top.key not in top.node.value:
            top.node.value[top.key] = node
        top.key = None

    # -- scalars --------------------------------------------------------------------------------------------------

    def _plain(self, text: str, place: Place, keys: Keys) -> Any:
        if _NULL.fullmatch(text):
            return None
        if _TRUE.fullmatch(text):
            return True
        if _FALSE.fullmatch(text):
            return False
        if (_INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text)) and len(text) <= 40:
            return int(text) if _INTEGER.fullmatch(text) else Decimal(text)
        trouble = self._trouble(text)
        if trouble:
            self._say(place, keys, *trouble, broken=True)
        return Text(text, self.folder)

    @staticmethod
    def _trouble(text: str) -> tuple[str, str] | None:
        for pattern, word in ((_OLD_TRUE, "true"), (_OLD_FALSE, "false")):
            if pattern.fullmatch(text):
                return (
                    f"{text} is {word} in YAML 1.1 and a text in YAML 1.2",
                    f"write {word}, or '{text}' in quotes",
                )
        if len(text) > 40:
            return (
                ("a number of more than 40 characters", "write a shorter one")
                if _DIGITS.fullmatch(text)
                else None
            )
        if _LEADING_ZERO.fullmatch(text):
            plain = text.replace("_", "").lstrip("+-0") or "0"
            return (
                f"{_brief(text)} is octal in YAML 1.1 and not in 1.2",
                f"write {_brief(plain)}, or quotes around it",
            )
        if _BASED.fullmatch(text):
            return f"{_brief(text)} is not in decimals", "write it in decimals, or quotes around it"
        if _EXPONENT.fullmatch(text):
            return (
                f"{_brief(text)} has an exponent, which YAML 1.1 and 1.2 read differently",
                "write the number out",
            )
        if _SEPARATED.fullmatch(text):
            return (
                f"{_brief(text)} is a number in YAML 1.1 and a text in YAML 1.2",
                f"write {text.replace('_', '')[:40]}",
            )
        if _SEXAGESIMAL.fullmatch(text):
            return (
                f"{_brief(text)} is a number to base 60 in YAML 1.1",
                "write a duration with its unit, such as 90 s",
            )
        if text == "=":
            return "= has a meaning of its own in YAML 1.1", "put it in quotes"
        if _SPECIAL.fullmatch(text):
            return f"{text} is no finite number", "write a number"
        return None

    def _tag(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            self._say(self._place(event), self._next_keys(), f"the tag {_brief(event.tag)}", "leave tags out")
        elif event.tag == "!":
            self._say(self._place(event), self._next_keys(), "the tag !", "leave tags out")

    # -- problems -------------------------------------------------------------------------------------------------

    def _say(self, place: Place, keys: Keys, what: str, fix: str, *, broken: bool = False) -> None:
        self.out.problems.append(Problem(*place, show_path(keys), what, fix))
        if broken:
            self.out.broken.append(keys)

    def _stop(self, event: Any, what: str, fix: str) -> None:
        keys = self.stack[-1].keys if self.stack else ()
        shown = keys if len(keys) <= 8 else keys[:8]
        self.out.problems.append(Problem(*self._place(event), show_path(shown), what, fix))
        raise _Stopped

    def _syntax(self, error: yaml.YAMLError, text: str) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        if "quoted scalar" in str(getattr(error, "context", None)):
            mark = getattr(error, "context_mark", None) or mark
        if isinstance(error, yaml.reader.ReaderError):
            before = text[: error.position] if isinstance(error.position, int) else ""
            place = Place(self.file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
            self._say(place, (), "a character that YAML does not allow (a control character?)", "remove it")
            return
        place = Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 1, 1)
        what, fix = _explain(str(getattr(error, "problem", None) or error), text, mark)
        keys = (
            self._next_keys()
            if self.stack and not self._wants_key()
            else self.stack[-1].keys
            if self.stack
            else ()
        )
        self._say(place, keys, what, fix)


def _brief(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _explain(problem: str, text: str, mark: Any) -> tuple[str, str]:
    index = mark.index if mark else 0
    after = text[index : index + 1]
    if after == "\t" or "'\\t'" in problem:
        return "a tab", "indent and separate with spaces"
    in_flow = "expected ',' or" in problem
    if in_flow and ("'{'" in problem or re.search(r"/\S*\{[\w+-]*\}?$", text[max(0, index - 80) : index])):
        return "a { within braces", ROUTE_IN_BRACES
    if in_flow:
        return (
            f"a comma or a closing bracket is missing before {_found(problem)}",
            "close the bracket, or add a comma",
        )
    if "mapping values are not allowed" in problem:
        return "a colon where none can stand", "put the text in quotes, or correct the indentation"
    if "could not find expected ':'" in problem:
        return (
            "a line that is neither a key nor part of a value",
            "write KEY: VALUE, or correct the indentation",
        )
    if "expected <block end>" in problem or "did not find expected" in problem:
        return "a line that does not fit the indentation before it", "align it with its siblings"
    if "cannot start any token" in problem:
        return f"a value cannot start with {after!r}", "put it in quotes"
    if "quoted scalar" in problem or "unexpected end of stream" in problem or "document separator" in problem:
        return "a quote that is not closed", "close the quote"
    if "undefined" in problem and "alias" in problem:
        return problem, "put a text that begins with * in quotes"
    if "expected '<document start>'" in problem:
        return "text after the end of the document", "correct the indentation, or remove it"
    if "expected the node content" in problem:
        return f"a value is missing before {_found(problem)}", "write one, or put the text in quotes"
    if "chomping or indentation" in problem or "comment or a line break" in problem:
        return "a | or > begins a text on the lines below it", "put the text in quotes"
    return problem, "correct the YAML"


def _found(problem: str) -> str:
    found = re.search(r"but (?:got|found) (.+)$", problem)
    names = {
        "'<stream end>'": "the end of the file",
        "'<document end>'": "the end",
        "'<scalar>'": "a text",
        "'-'": "a list item",
        "'<block end>'": "the end of the block",
    }
    return names.get(found[1], found[1]) if found else "this"
