"""Routes, `METHOD /path`, and how API Gateway matches a request to one: pure functions over strings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
ANY = "ANY"
DEFAULT = "$default"
"""The route of an HTTP or a WebSocket API that catches what no other route serves."""
CONNECT, DISCONNECT = "$connect", "$disconnect"
CALLBACK = "@connections"
"""What is asked to send something to a client of a WebSocket API; it is no route of the API's own."""

_PARAMETER = re.compile(r"\{([A-Za-z0-9._-]+)(\+?)\}")
_IN_BRACES = re.compile(r"\{[^}]*\}")
_LITERAL = re.compile(r"[A-Za-z0-9._:~@$!*,=%&'()+-]+")
KEY = r"[$@]?[A-Za-z0-9_.-]+"
"""A route of a WebSocket API: the value of `action` in its messages, or one of AWS's own."""
_KEY = re.compile(KEY)


class RouteError(ValueError):
    """A text that is no route: what is wrong, and what to write."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}; {fix}")
        self.what, self.fix = what, fix


class Route(NamedTuple):
    """A method and a path; `str()` gives `METHOD /path`, or `$default`, or the key of a WebSocket API's route."""

    method: str
    path: str

    @property
    def is_key(self) -> bool:
        """Whether it is a route of a WebSocket API; `$default` is one of an HTTP API too."""
        return is_key(self.path)

    def __str__(self) -> str:
        return spelled(self.method, self.path)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters, in order; a greedy one without its plus."""
        return tuple(found[1] for part in segments(self.path) if (found := _PARAMETER.fullmatch(part)))

    @property
    def example(self) -> str:
        """A path that it serves."""
        return "/x" if self.path == DEFAULT else _IN_BRACES.sub("x", self.path)

    @property
    def is_concrete(self) -> bool:
        """Whether the path has no parameters."""
        return not self.parameters


def spelled(method: str, path: str) -> str:
    """A method and a path as a scenario has them."""
    return path if is_key(path) else f"{method} {path}"


def is_key(path: str) -> bool:
    """Whether what stands for a path is the key of a route instead."""
    return not path.startswith("/")


CATCH_ALL = Route(ANY, DEFAULT)


class Match(NamedTuple):
    """A route that serves a request, with the values of its path parameters."""

    route: Route
    values: dict[str, str]


def segments(path: str) -> list[str]:
    """The parts of a path between slashes, without its query; one slash at the end does not count."""
    bare = path.partition("?")[0].partition("#")[0]
    parts = bare.removeprefix("/").split("/")
    return parts[:-1] if parts[-1] == "" else parts


def parse(text: str) -> Route:
    """Read `METHOD /path`, with literal parts, `{name}` and a last `{name+}`; or a key, such as `$default`."""
    if _KEY.fullmatch(text) and text.upper() not in (*METHODS, ANY):
        return Route(ANY, text)
    method, _, path = text.partition(" ")
    if method not in METHODS and method != ANY:
        if method.upper() in (*METHODS, ANY):
            raise RouteError(
                f"'{text}' has its method in lower case", f"write {method.upper()} {path}".rstrip()
            )
        if text.startswith("/"):
            raise RouteError(f"'{text}' has no method", f"write GET {text}")
        raise RouteError(f"'{text}' is no route", "write METHOD /path, such as GET /items/{id}")
    if method and path.startswith((" ", "\t")):
        raise RouteError(f"'{text}' has too many blanks", f"write {method} {path.strip()}")
    if not path.startswith("/"):
        raise RouteError(f"'{text}' has no path", f"write {method} /{path}")
    if path != "/" and path.endswith("/"):
        raise RouteError(f"'{text}' ends in a slash", f"write {method} {path.rstrip('/') or '/'}")
    if "?" in path or "#" in path:
        raise RouteError(f"'{text}' has a query", "write the path alone; query values live under query:")
    parts, names = segments(path), set[str]()
    if len(parts) > 50:
        raise RouteError(f"'{text[:40]}...' has {len(parts)} parts", "write 50 at most")
    for number, part in enumerate(parts):
        found = _PARAMETER.fullmatch(part)
        if not found and not _LITERAL.fullmatch(part):
            raise RouteError(
                f"'{text}' has a bad part '{part}'", "write literal parts, {name}, or {name+} at the end"
            )
        if found and found[2] and number < len(parts) - 1:
            raise RouteError(f"'{text}' goes on after {part}", "a greedy parameter stands at the end")
        if found and found[1] in names:
            raise RouteError(f"'{text}' names {{{found[1]}}} twice", "give each parameter its own name")
        if found:
            names.add(found[1])
    return Route(method, path)


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameters: dict[str, _Node] = field(default_factory=dict)
    greedy: dict[str, dict[str, Route]] = field(default_factory=dict)
    methods: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """The routes of an API, matched as API Gateway does: literal, parameter, `{proxy+}`; the method itself, then ANY;
    `$default` where none of them serves a request.

    Of paths that differ earlier the first difference decides; a path without the method does not hide another.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)

    def match(self, method: str, path: str) -> Match | None:
        """The route that serves a request for a concrete path, or None (API Gateway answers 403, or 404)."""
        found = self._walk(self._root, method.upper(), segments(path), 0, {})
        return Match(CATCH_ALL, {}) if found is None and CATCH_ALL in self._known else found

    def named(self, route: Route) -> Match | None:
        """The route a call means: one of that name, `ANY` of the same path, or the one that serves its path."""
        if route in self._known:
            return Match(route, {})
        if route.is_key and CATCH_ALL in self._known:
            return Match(CATCH_ALL, {})
        other = Route(ANY, route.path)
        if other in self._known:
            return Match(other, {})
        if route.parameters or route.method == ANY:
            return None
        return self.match(route.method, route.path)

    @cached_property
    def _known(self) -> frozenset[Route]:
        return frozenset(self.routes)

    @cached_property
    def _root(self) -> _Node:
        root = _Node()
        for route in self.routes:
            if route.is_key:
                continue
            node = root
            for part in segments(route.path):
                found = _PARAMETER.fullmatch(part)
                if found and found[2]:
                    node.greedy.setdefault(found[1], {})[route.method] = route
                    break
                nexts, key = (node.parameters, found[1]) if found else (node.literals, part)
                node = nexts.setdefault(key, _Node())
            else:
                node.methods[route.method] = route
        return root

    def _walk(
        self, node: _Node, method: str, parts: list[str], at: int, values: dict[str, str]
    ) -> Match | None:
        if at == len(parts):
            route = node.methods.get(method) or node.methods.get(ANY)
            return Match(route, values) if route else None
        part = parts[at]
        if part in node.literals and (got := self._walk(node.literals[part], method, parts, at + 1, values)):
            return got
        if part:
            for name, child in node.parameters.items():
                if got := self._walk(child, method, parts, at + 1, {**values, name: part}):
                    return got
        for name, methods in node.greedy.items():
            if route := methods.get(method) or methods.get(ANY):
                return Match(route, {**values, name: "/".join(parts[at:])})
        return None
