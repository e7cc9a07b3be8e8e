"""Cross references of `set`: what it may reach, and its values, read by the parts they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from apigw_sim import units
from apigw_sim.scenario.api import EVERY_METHOD, read_route
from apigw_sim.scenario.base import Bad, Part, dump, suggest
from apigw_sim.scenario.check_functions import check_weights
from apigw_sim.scenario.check_http import check_reach
from apigw_sim.scenario.check_provisioned import check_claims
from apigw_sim.scenario.checks import Report, check_reservations, check_used
from apigw_sim.scenario.deployments import SETTINGS
from apigw_sim.scenario.model import Scenario
from apigw_sim.scenario.paths import show_path, split_path
from apigw_sim.scenario.schema import spot
from apigw_sim.scenario.timeline import Change, Entry
from apigw_sim.scenario.tree import Keys
from apigw_sim.scenario.validate import items

_THROTTLE = r"throttle(\.rate|\.burst)?"
_CACHING = r"caching(\.ttl|\.require_authorization|\.unauthorized)?"
_SETTABLE = re.compile(
    "|".join(
        (
            rf"account\.{_THROTTLE}",
            r"account\.websocket_connections(\.rate|\.burst)?",
            r"account\.used_elsewhere(\.rate|\.lambda_concurrency)?",
            r"account\.lambda_concurrency",
            rf"apis\.\*\.stages\.\*\.method_settings\.\*\.({_THROTTLE}|{_CACHING})",
            r"apis\.\*\.stages\.\*\.cache_cluster",
            r"apis\.\*\.stages\.\*\.(canary\.)?variables(\.\*)?",
            r"apis\.\*\.stages\.\*\.canary\.traffic",
            rf"usage_plans\.\*\.{_THROTTLE}",
            r"usage_plans\.\*\.quota\.limit",
            r"usage_plans\.\*\.stages\.\*\.\*(\.rate|\.burst)?",
            r"functions\.\*\.(reserved_concurrency|timeout|aliases\.\*|provisioned_concurrency\.\*)",
        )
    )
)
_REACH = (
    "set reaches the account's limits, method_settings, cache_cluster, variables and canary of stages, usage plans, "
    "and reserved_concurrency, provisioned_concurrency, timeout and aliases of functions"
)
_KEPT = ("variables", "canary", "aliases")
"""What other entries move too, so that nobody can say what giving it back would mean."""
_NAMED = (
    "apis", "stages", "variables", "method_settings", "usage_plans", "functions", "versions", "aliases", "backends",
    "clients", "api_keys", "authorizers", "provisioned_concurrency",
)  # fmt: skip


def shape(keys: Keys) -> str:
    """A path with its names as stars."""
    made: list[str] = []
    names = 0
    for key in keys:
        if names:
            made.append("*")
            names -= 1
            continue
        made.append(str(key))
        names = 2 if key == "stages" and keys[0] == "usage_plans" else 1 if key in _NAMED else 0
    return ".".join(made)


class _Held(NamedTuple):
    """A setting that is given back: what it was, and when."""

    number: int
    path: str
    keys: Keys
    until: int
    before: Any


class Sets:
    """`set` entries in the order in which they act, upon what the ones before left of the scenario as plain data."""

    def __init__(self, report: Report, state: dict[str, Any]) -> None:
        self.report = report
        self.state = state
        self.held: list[_Held] = []

    def check(self, number: int, entry: Entry) -> Entry:
        """An entry that acts; it comes back with its values read."""
        read: list[Change] = []
        touched: dict[str, Keys] = {}
        for change in entry.set or ():
            here: Keys = ("timeline", number, "set", change.path)
            known = self._is_free(here, change, entry)
            done = _read_change(self.report, here, change, self.state)
            read.append(done or change)
            if done:
                touched[change.path] = here
                if entry.for_ is not None and known is not None:
                    until = entry.at + entry.for_
                    self.held.append(_Held(number, change.path, done.keys, until, known.value))
        _check_limits(self.report, touched, self.state)
        return entry.model_copy(update={"set": tuple(read)})

    def give_back(self, number: int) -> None:
        """An entry whose time is over."""
        mine = [held for held in self.held if held.number == number]
        self.held = [held for held in self.held if held.number != number]
        for held in reversed(mine):
            _put(self.state, held.keys, held.before)
        _check_limits(self.report, {held.path: ("timeline", number, "for") for held in mine}, self.state)

    def _is_free(self, here: Keys, change: Change, entry: Entry) -> _Before | None:
        """What a path holds before the change, if nobody holds it for a while; whether it can be given back is looked at too."""
        try:
            keys = split_path(change.path)
        except Bad:
            return None
        for held in self.held:
            n = min(len(keys), len(held.keys))
            if keys[:n] == held.keys[:n]:
                what = f"timeline[{held.number}] still holds {held.path} then"
                fix = f"set it at {units.show_duration(held.until)} or later"
                self.report.say(here, what, fix, ("timeline", held.number))
                return None
        if entry.for_ is not None and _SETTABLE.fullmatch(shape(keys)) and not set(keys).isdisjoint(_KEPT):
            what = f"{next(key for key in keys if key in _KEPT)} are not given back by themselves"
            self.report.say(here, what, "leave `for` out, and set it again in an entry of its own")
            return None
        return _Before(_look(self.state, keys))


class _Before(NamedTuple):
    """What a path holds; None: nothing."""

    value: Any


def _look(state: dict[str, Any], keys: Keys) -> Any:
    """What stands at a path; of a method that is not named what every_method gives it."""
    node: Any = state
    for depth, key in enumerate(keys):
        if not isinstance(node, dict):
            return None
        found = node.get(str(key))
        if found is None and depth == 5 and keys[4] == "method_settings":
            found = node.get(EVERY_METHOD)
        node = found
    return deepcopy(node)


def _read_change(report: Report, here: Keys, change: Change, state: dict[str, Any]) -> Change | None:
    try:
        keys = split_path(change.path)
    except Bad as error:
        report.say(here, error.items[0][1], error.items[0][2])
        return None
    if not _is_settable(report, here, keys) or not exists(report, here, keys, state):
        return None
    check_reach(report, here, keys)
    try:
        value = _reader(keys).validate_python(change.written)
    except ValidationError as error:
        for line in error.errors(include_url=False):
            for item in items(line, keys):
                report.say((*here, *item.keys[len(keys) :]), item.what, item.fix)
        return None
    if "aliases" in keys:
        name = str(keys[1])
        check_weights(report, here, name, report.scenario.functions[name], value)
    _put(state, keys, dump(value) if isinstance(value, Part) else change.written)
    return Change(change.path, keys, change.written, value)


def _is_settable(report: Report, here: Keys, keys: Keys) -> bool:
    if _SETTABLE.fullmatch(shape(keys)):
        return True
    if not spot(keys).known:
        depth = next(number for number in range(len(keys)) if not spot(keys[: number + 1]).known)
        near = suggest(keys[depth], spot(keys[:depth]).keys)
        path = show_path((*keys[:depth], near)) if near else ""
        report.say(
            here, "unknown path", f"did you mean '{path}'?" if near else "check --paths lists all paths"
        )
        return False
    head = str(keys[0])
    if head == "authorizers":
        what, fix = (
            "AWS changes this by a deployment only",
            "write a second authorizer, change: {api: API, methods: {METHOD /path: {authorizer: ITS NAME}}}, and deploy",
        )
    elif head == "apis" and set(keys[2:3]) & {"methods", *SETTINGS}:
        what, fix = (
            "AWS changes this by a deployment only",
            f"write change: {{api: {keys[1]}, {keys[2]}: ...}}, and deploy: {keys[1]}/STAGE after it",
        )
    elif head == "functions" and keys[-1] == "memory":
        what, fix = (
            "what memory does to the duration is published nowhere, so it cannot change in mid-run",
            "run two scenarios, each with its memory and its duration",
        )
    elif "versions" in keys:
        what, fix = "a published version never changes", "set an alias to another version"
    elif "aliases" in keys and len(keys) > 4:
        what, fix = (
            "the shares of an alias change together",
            f"set {show_path(keys[:4])}: {{VERSION: SHARE, ...}}",
        )
    elif head in ("functions", "backends"):
        what, fix = "set changes limits, not how work behaves", "use a fault: slow, errors or outage"
    elif head == "clients":
        what, fix = (
            "set changes AWS's settings, not clients",
            "write the rate as steps: [{from: 0 s, rate: 50/s}]",
        )
    elif head == "api_keys":
        what, fix = "API keys do not change in mid-run", "set the throttle or quota of their usage plan"
    else:
        what, fix = "this cannot change in mid-run", _REACH
    report.say(here, what, fix)
    return False


def exists(report: Report, here: Keys, keys: Keys, state: dict[str, Any], *, whole: bool = False) -> bool:
    """Whether what a path changes is there; a method that is not named gets its copy of every_method.

    `whole` says that the thing must be there as a whole, and cannot be set.
    """
    node: Any = state
    for depth, key in enumerate(keys[:-1]):
        inner = node.get(str(key)) if isinstance(node, dict) else None
        if inner is None and depth == 5 and keys[4] == "method_settings":
            inner = _copy(report, here, keys, node)
            if inner is None:
                return False
        if not isinstance(inner, dict):
            _missing(report, here, keys[: depth + 1], node, whole=whole)
            return False
        node = inner
    if keys[-1] in node or spot(keys[:-1]).keys or keys[-2] == "variables":
        return True
    _missing(report, here, keys, node, whole=whole)
    return False


def _copy(report: Report, here: Keys, keys: Keys, table: dict[str, Any]) -> Any:
    name = str(keys[5])
    if name == EVERY_METHOD:
        return table.setdefault(name, {})
    try:
        route = read_route(name)
    except Bad as error:
        report.say(here, error.items[0][1], error.items[0][2])
        return None
    if not report.route(here, str(keys[1]), route):
        return None
    made = deepcopy(table.get(EVERY_METHOD, {}))
    if route.method != "GET":
        made.pop("caching", None)
    return table.setdefault(name, made)


_WHOLE = {"throttle": "{rate: 400/s, burst: 100}", "caching": "{ttl: 300 s}"}


def _missing(report: Report, here: Keys, keys: Keys, node: Any, *, whole: bool) -> None:
    last = str(keys[-1])
    if last in _WHOLE and whole:
        report.say(here, f"there is no {last} here", "leave it out, or give it one")
    elif last in _WHOLE:
        report.say(
            here, f"there is no {last} yet to change in part", f"set {show_path(keys)}: {_WHOLE[last]}"
        )
    elif last == "canary":
        report.say(
            here, "the stage has no canary then", "give it one: {deploy: api/stage, canary: {traffic: 5 %}}"
        )
    elif last == "quota":
        report.say(
            here, "the usage plan has no quota", "give it one from the start; its limit can be set in mid-run"
        )
    else:
        options: Iterable[str] = node if isinstance(node, dict) else ()
        report.refer(here, last, keys[:-1], options, f"entry under {show_path(keys[:-1])}")


def _put(state: dict[str, Any], keys: Keys, value: Any) -> None:
    node = state
    for key in keys[:-1]:
        node = node[str(key)]
    node[str(keys[-1])] = deepcopy(value)


def _reader(keys: Keys) -> TypeAdapter[Any]:
    """What reads the value at a path: the type of the field it belongs to."""
    kind: Any = Scenario
    for key in keys:
        kind = _step(kind, key)
    return TypeAdapter(kind)


def _step(kind: Any, key: str | int) -> Any:
    if get_origin(kind) is Annotated:
        return _step(get_args(kind)[0], key)
    if isinstance(kind, type) and issubclass(kind, Part):
        field = next(field for name, field in kind.model_fields.items() if (field.alias or name) == key)
        annotation: Any = field.annotation
        return Annotated[(annotation, *field.metadata)] if field.metadata else annotation
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    return _step(next(form for form in get_args(kind) if _holds(form)), key)


def _holds(kind: Any) -> bool:
    """Whether a type, or one of its alternatives, has keys."""
    if get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, Part)):
        return True
    return any(_holds(form) for form in get_args(kind))


def _check_limits(report: Report, touched: dict[str, Keys], state: dict[str, Any]) -> None:
    account, scenario = state["account"], report.scenario
    used, home = account["used_elsewhere"], scenario.account.region
    for path, here in touched.items():
        keys = split_path(path)
        of = scenario.functions.get(str(keys[1])) if keys[0] == "functions" else None
        region = (of.region if of else None) or home
        functions = {name: state["functions"][name] for name in scenario.functions_in(region)}
        limit, elsewhere = int(account["lambda_concurrency"]), int(used["lambda_concurrency"])
        if region != home:
            limit, elsewhere = scenario.lambda_limit_in(region), 0
        if path.startswith("account"):
            rates = units.rate(used["rate"]), units.rate(account["throttle"]["rate"])
            check_used(report, (here, here), rates, (elsewhere, limit))
        if path.endswith("concurrency"):
            reserved = {name: body.get("reserved_concurrency") for name, body in functions.items()}
            check_reservations(report, reserved, limit, elsewhere, here)
        if path.endswith("concurrency") or ".provisioned_concurrency." in path:
            check_claims(report, functions, limit, elsewhere, here)
