"""Whole scenarios by chance: any combination of what a scenario can say, of small numbers, so that limits bind.

Times are mostly multiples of 10 ms, so that much happens at one instant. What is drawn is a valid scenario by
construction: where a later part depends on an earlier one (paths of the timeline, reservations, keys), it is drawn from it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import yaml
from engine.chances import Draw, aside, chance, drawn, few, often, one_of, some
from engine.generated_aliases import (
    FORMATS,
    callees,
    contexts,
    formats,
    moved_alias,
    provided,
    provisioned,
    snapped,
    versions,
)
from engine.generated_browsers import browsed
from engine.generated_deployments import resettled
from engine.generated_http import typed
from engine.generated_parts import (
    EACH,
    account_of,
    assumptions,
    backend,
    breaker_of,
    caching,
    calls_of,
    custom,
    function,
    gateway_responses,
    ms,
    network,
    rate_of,
    retry_of,
    throttle,
    time_of,
    traced,
)
from engine.generated_regions import named, spread
from engine.generated_security import secured
from engine.generated_services import queried, retried, served
from engine.generated_waf import screened
from engine.generated_websockets import socketed

ROUTES = ("GET /items/{id}", "POST /orders", "GET /stock/{id}", "ANY /{proxy+}", "GET /", "PUT /items/{id}")
VARIABLE = "${stageVariables.fn}"
CLUSTERS = ("0.5 GB", "1.6 GB")


def generated(number: int) -> dict[str, Any]:
    """The scenario of a number, the same one always."""
    said = scenarios()(random.Random(number))
    said = secured(said)(random.Random(f"security {number}"))
    said = served(said)(random.Random(f"services {number}"))
    said = retried(said)(random.Random(f"events {number}"))
    said = queried(said)(random.Random(f"databases {number}"))
    said = snapped(said)(random.Random(f"snapshots {number}"))
    said = resettled(said)(random.Random(f"settings {number}"))
    said = typed(said)(random.Random(f"http {number}"))
    said = screened(said)(random.Random(f"waf {number}"))
    said = browsed(said)(random.Random(f"browsers {number}"))
    said = socketed(said)(random.Random(f"websocket {number}"))
    said = spread(said)(random.Random(f"regions {number}"))
    return named(said)(random.Random(f"records {number}"))


def as_yaml(said: Any) -> str:
    """A scenario as a file that can be run."""
    return yaml.safe_dump(said, sort_keys=False, width=110)


@dataclass
class State:
    """What a timeline needs to know of the scenario so far, entry after entry."""

    duration: int
    """In units of 10 ms, as are all times here."""
    throttles: dict[str, bool] = field(default_factory=dict)
    """By path: whether there is one to change in part; rates of plans' own methods cannot be taken away."""
    busy: dict[tuple[str, str], int] = field(default_factory=dict)
    """By target and kind of fault: when the last one ends."""
    aliases: dict[str, Any] = field(default_factory=dict)
    """By name: what each sends where, as far as it has changed; None while it is shifted."""
    reserved: dict[str, int | None] = field(default_factory=dict)
    """By function; and by version, what is provisioned out of no reservation."""
    provisioned: dict[str, dict[str, int]] = field(default_factory=dict)
    """By function and version."""
    canaries: set[str] = field(default_factory=set)
    """Stages that have one."""
    deployments: dict[str, int] = field(default_factory=dict)
    """Of each API, beyond the first."""
    removed: set[tuple[str, str]] = field(default_factory=set)
    """Routes of APIs that changes have taken out."""
    moved: set[str] = field(default_factory=set)
    """Stages that have pointed to another deployment before."""
    limit: int = 1000
    elsewhere: int = 0

    def room(self, without: str = "") -> int:
        """How much of the account's concurrency may be reserved by a function, beside the others."""
        floor = 10 if self.limit <= 10 else 100
        others = sum(amount or 0 for name, amount in self.reserved.items() if name != without)
        return self.limit - others - max(floor, self.elsewhere)


@drawn
def canary(draw: Draw, functions: list[str]) -> dict[str, Any]:
    """A share of a stage's requests, with another function perhaps."""
    made: dict[str, Any] = {"traffic": draw(one_of("0 %", "20 %", "50 %", "100 %"))}
    if functions and draw(chance(60)):
        made["variables"] = {"fn": draw(one_of(*functions, "nobody"))}
    if draw(chance(40)):
        made["use_stage_cache"] = True
    return made


@drawn
def apis(draw: Draw, functions: list[str], backends: list[str]) -> dict[str, Any]:
    """One to three APIs, each with one to three methods and one or two stages."""
    made: dict[str, Any] = {}
    for name in "ab"[: draw(few(1, 2))]:
        methods: dict[str, Any] = {}
        for route in draw(some(ROUTES, 1, 3)):
            named = [{"lambda_proxy": VARIABLE}] if functions else []
            targets = [*named, *({"lambda_proxy": n} for n in functions)] * 5 + [
                {"http_proxy": n} for n in backends
            ] * 3
            targets += [draw(custom("lambda", n)) for n in functions] * 2 + [
                draw(custom("http", n)) for n in backends
            ]
            mock = {"mock": draw(one_of({}, {"status": 404}, {"status": 503, "size": "3 KB"}))}
            integration = {**draw(one_of(*targets, mock))}
            if "mock" not in integration and draw(chance(70)):
                integration["timeout"] = ms(draw(few(5, 40)))
            method: dict[str, Any] = {"integration": integration}
            if draw(chance(25)):
                method["api_key_required"] = True
            if draw(chance(EACH)):
                method["validator"] = draw(one_of("body", "parameters", "both"))
            keys = ["path.id"] if "{id}" in route else ["path.proxy"] if "proxy" in route else []
            if draw(chance(70)):
                method["cache_key"] = draw(
                    one_of(keys, keys, [*keys, "query.page"], [*keys, "header.Accept"])
                )
            methods[route] = method
        stages = {}
        for stage in "st"[: draw(few(1, 2))]:
            settings: dict[str, Any] = {}
            for method in draw(some(["every_method", *methods], 0, 3)):
                settings[method] = {
                    **({"throttle": draw(often(75, throttle(), one_of(False)))} if draw(chance(45)) else {}),
                    **({"caching": draw(often(75, caching(), one_of(False)))} if draw(chance(70)) else {}),
                }
            held: dict[str, Any] = {"method_settings": settings}
            if draw(chance(65)):
                held["cache_cluster"] = draw(one_of(*CLUSTERS))
            if any(VARIABLE in (body["integration"].get("lambda_proxy") or "") for body in methods.values()):
                held["variables"] = {"fn": draw(one_of(*functions, *functions, "nobody"))}
            if draw(chance(25)):
                held["canary"] = draw(canary(functions))
            stages[stage] = held
        made[name] = {"type": "REST", "endpoint": "REGIONAL", "methods": methods, "stages": stages}
        if draw(chance(40)):
            made[name]["gateway_responses"] = draw(gateway_responses())
        if draw(chance(EACH)):
            made[name]["binary_media_types"] = draw(one_of(["*/*"], ["image/png"]))
    return made


def stages_of(said: dict[str, Any]) -> list[str]:
    return [f"{api}/{stage}" for api, body in said["apis"].items() for stage in body["stages"]]


@drawn
def plans(draw: Draw, said: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Up to two usage plans that do not cover one stage both, and keys of both, of one and of none."""
    stages = draw(some(stages_of(said), 9, 9))
    cut = draw(few(1, len(stages)))
    made, keys = {}, {}
    for name, covered in (("p", stages[:cut]), ("q", stages[cut:])):
        if not covered:
            continue
        body: dict[str, Any] = {"stages": {}}
        if draw(chance(70)):
            body["throttle"] = draw(throttle())
        if draw(chance(60)):
            limit = draw(few(1, 40))
            body["quota"] = {
                "limit": limit, "period": draw(one_of("DAY", "WEEK", "MONTH")), "offset": draw(few(0, min(limit, 5))),
            }  # fmt: skip
        for stage in covered:
            routes = list(said["apis"][stage[0]]["methods"])
            body["stages"][stage] = {route: draw(throttle()) for route in draw(some(routes, 0, 2))}
        made[name] = body
    for name, of in (("k", list(made)), ("e", list(made)[-1:]), ("n", [])):
        if draw(chance(95 if name == "k" else 20)):
            keys[name] = {"plans": of, "count": draw(one_of(1, 1, 2, 5))}
    return made, keys


@drawn
def client(draw: Draw, said: dict[str, Any], duration: int, rate: int) -> dict[str, Any]:
    """A client of a stage: what it calls, when, with which key, how patient and how stubborn."""
    stage = draw(one_of(*stages_of(said)))
    routes = list(said["apis"][stage[0]]["methods"])
    made: dict[str, Any] = {"target": stage}
    kind = draw(one_of("rate", "rate", "rate", "rate", "counts", "log", "calls of a log"))
    made["arrivals"] = draw(rate_of(duration, rate)) if kind == "rate" else draw(traced(kind))
    made["calls"] = "from_trace" if kind == "calls of a log" else draw(calls_of(routes))
    if kind != "calls of a log" and formats(said["functions"]) and draw(chance(70)):
        for call in made["calls"]:
            call["format"] = draw(one_of(*FORMATS))
    if said["api_keys"] and draw(chance(85)):
        name = draw(one_of(*said["api_keys"]))
        choice = {"from": name, **draw(one_of({"uniform": True}, {"zipf": {"s": 1.3}}))}
        made["api_key"] = choice if said["api_keys"][name]["count"] > 1 else name
    if draw(chance(50)):
        made["network"] = draw(network())
    if draw(chance(75)):
        made["timeout"] = ms(draw(few(3, 60)))
    if draw(chance(70)):
        made["retry"] = draw(retry_of("timeout" in made))
    if draw(chance(20)):
        _before(draw, said, made, stage)
    return draw(aside(_closed(draw(aside(_keeping(made))), duration)))


@drawn
def _closed(draw: Draw, made: dict[str, Any], duration: int) -> dict[str, Any]:
    """Some are users who think instead, and some have workers who may fall behind."""
    if made["calls"] == "from_trace" or not draw(chance(20)):
        if draw(chance(25)):
            made["workers"] = draw(few(1, 3))
        return made
    del made["arrivals"]
    made["users"] = {
        "count": draw(few(1, 7)), "think_time": draw(time_of(1, 60)), "ramp_up": ms(draw(few(0, duration - 1))),
    }  # fmt: skip
    if draw(chance(50)):
        made["users"]["sessions"] = draw(one_of({}, {"pause": ms(draw(few(1, 90)))}))
        for call in made["calls"]:
            call["weight"] = 1
        for call in made["calls"][:-1]:
            call["leave"] = draw(one_of("0 %", "30 %", "100 %"))
    return made


@drawn
def _keeping(draw: Draw, made: dict[str, Any]) -> dict[str, Any]:
    """Some with a circuit breaker, and some of several processes."""
    if draw(chance(15)):
        made["circuit_breaker"] = draw(breaker_of())
    retry = made.get("retry", {})
    keeps = "budget" in retry or retry.get("mode", "legacy") != "legacy" or "circuit_breaker" in made
    if keeps and draw(chance(40)):
        made["processes"] = draw(few(2, 5))
    return made


def _before(draw: Draw, said: dict[str, Any], made: dict[str, Any], stage: str) -> None:
    """Let a client reach its stage by a domain or a distribution."""
    name = stage.replace("/", "")
    if draw(chance(50)):
        key = draw(one_of([], [], ["query.page"]))
        said["distributions"].setdefault(
            name,
            {"origin": stage, "ttl": draw(one_of("1 s", "90 ms")), "error_ttl": "60 ms", "cache_key": key},
        )
        made["target"] = name
        return
    certificate = said["account"].get("region", "us-east-1")
    kind = draw(
        one_of(
            {"endpoint": "EDGE", "certificate": "us-east-1"},
            {"endpoint": "REGIONAL", "certificate": certificate, "mutual_tls": True},
        )
    )
    said["domains"].setdefault(f"{name}.example.com", {**kind, "mappings": {"v1": stage}})
    made["target"] = f"{name}.example.com/{draw(one_of('v1', 'v1', 'v1', 'v2'))}"
    made["client_certificate"] = draw(one_of("100 %", "60 %"))


@drawn
def entry(draw: Draw, said: dict[str, Any], state: State, at: int) -> dict[str, Any] | None:
    """One entry of the timeline that is valid after those before it; None where chance has found nothing to change."""
    verb = draw(
        one_of(
            "fault",
            "fault",
            "flush",
            "throttle",
            "throttle",
            "caching",
            "cluster",
            "plan",
            "lambda",
            "lambda",
            "change",
            "deploy",
            "deploy",
            "canary",
            "variable",
            "alias",
            "alias",
        )
    )
    made: dict[str, Any] = {"at": ms(at)}
    if verb == "fault":
        targets = [("function", name) for name in said["functions"]] + [
            ("backend", name) for name in said["backends"]
        ]
        patient = [("client", name) for name, body in said["clients"].items() if "timeout" in body]
        kind, name = draw(one_of(*targets, *patient, ("stage", draw(one_of(*stages_of(said))))))
        what = draw(
            one_of(
                {"slow": 3},
                {"slow": 0.1},
                {"errors": "40 %"},
                {"errors": "100 %"},
                {"outage": True},
                {"outage": True},
            )
        )
        places = said["backends"].get(name, {}).get("http", {}).get("concurrency", "none")
        if kind == "stage":
            what = {"gateway_unavailable": draw(one_of("30 %", "100 %"))}
        elif kind == "client":
            what = {draw(one_of("lost_requests", "lost_answers")): draw(one_of("30 %", "100 %"))}
        elif kind == "backend" and places != "none" and draw(chance(30)):
            what = {"concurrency": draw(few(0, places - 1))}
        if state.busy.get((name, next(iter(what))), 0) > at:
            return None
        last = draw(few(1, 150))
        state.busy[name, next(iter(what))] = at + last
        if "outage" not in what and draw(chance(30)):
            what |= draw(
                one_of({"ramp": ms(last)}, {"back": ms(last)}, {"ramp": ms(last // 2), "back": ms(last // 3)})
            )
        return made | {"fault": {kind: name, **what, "for": ms(last)}}
    if verb == "flush":
        return made | {"flush_cache": draw(one_of(*stages_of(said)))}
    if verb in {"change", "deploy", "canary", "variable"}:
        moved = draw(_moved(said, state, verb))
        return made | moved if moved else None
    if verb == "alias":
        moved = draw(aside(provided(state))) if at % 3 == 0 else None
        moved = moved or draw(moved_alias(said, state.aliases))
        return made | moved if moved else None
    change = draw(_change(said, state, verb))
    return made | {"set": change} if change else None


@drawn
def _moved(draw: Draw, said: dict[str, Any], state: State, verb: str) -> dict[str, Any] | None:
    stage = draw(one_of(*stages_of(said)))
    base = f"apis.{stage[0]}.stages.{stage[2]}"
    functions = callees(said["functions"])
    if verb == "variable":
        return {"set": {f"{base}.variables.fn": draw(one_of(*functions, "nobody"))}}
    if verb == "change":
        routes = list(said["apis"][stage[0]]["methods"])
        to = [
            {"mock": {"status": 404}},
            {"timeout": "90 ms"},
            *({"lambda_proxy": name} for name in functions),
        ]
        change: dict[str, Any] = {
            "methods": {draw(one_of(*routes, "GET /new")): {"integration": draw(one_of(*to))}}
        }
        if draw(chance(20)):
            change = {"remove": [draw(one_of(*routes))]}
        for route, body in change.get("methods", {}).items():
            if (route == "GET /new" or (stage[0], route) in state.removed) and "timeout" in body[
                "integration"
            ]:
                body["integration"] = {"mock": {}}
            state.removed.discard((stage[0], route))
        for route in change.get("remove", ()):
            if (stage[0], route) in state.removed:
                return None
            state.removed.add((stage[0], route))
        return {"change": {"api": stage[0], **change}}
    if verb == "deploy":
        made: dict[str, Any] = {"deploy": stage}
        state.deployments[stage[0]] = state.deployments.get(stage[0], 0) + 1
        if stage not in state.canaries:
            if draw(chance(25)):
                made["canary"] = draw(canary(functions))
                state.canaries.add(stage)
            else:
                state.moved.add(stage)
        return made
    if stage not in state.canaries:
        return {"roll_back": stage} if stage in state.moved else None
    what = draw(one_of("traffic", "traffic", "promote_canary", "remove_canary"))
    if what == "traffic":
        return {"set": {f"{base}.canary.traffic": draw(one_of("0 %", "30 %", "100 %"))}}
    if what == "remove_canary":
        state.canaries.discard(stage)
    else:
        state.moved.add(stage)
    return {what: stage}


@drawn
def _change(draw: Draw, said: dict[str, Any], state: State, verb: str) -> dict[str, Any] | None:
    stage = draw(one_of(*stages_of(said)))
    base = f"apis.{stage[0]}.stages.{stage[2]}"
    method = draw(one_of("every_method", *(f'["{route}"]' for route in said["apis"][stage[0]]["methods"])))
    settings = f"{base}.method_settings{'.' * (method == 'every_method')}{method}"
    if verb == "cluster":
        return {f"{base}.cache_cluster": draw(one_of(*CLUSTERS))}
    if verb == "caching":
        return {f"{settings}.caching": draw(often(75, caching(), one_of(False)))}
    if verb == "throttle":
        paths = [f"{settings}.throttle", "account.throttle", *(path for path in state.throttles)]
        path = draw(one_of(*paths))
        if state.throttles.get(path) and draw(chance(40)):
            return {f"{path}.burst": draw(few(0, 9))}
        may_go = "method_settings" in path
        value = draw(often(75, throttle(), one_of(False)) if may_go else throttle(low=20))
        state.throttles[path] = bool(value)
        return {path: value}
    if verb == "plan":
        paths = [
            f"usage_plans.{name}.{part}"
            for name, body in said["usage_plans"].items()
            for part in ("throttle", "quota")
            if part in body
        ]
        if not paths:
            return None
        path = draw(one_of(*paths))
        return {path: draw(throttle())} if path.endswith("throttle") else {f"{path}.limit": draw(few(5, 60))}
    name = draw(one_of(*said["functions"] or [""]))
    what = draw(one_of("reserved", "reserved", "timeout", "limit", "elsewhere"))
    if what == "reserved" and name in state.provisioned:
        return None
    if what == "reserved" and name and state.room(name) >= 0:
        state.reserved[name] = draw(few(0, min(state.room(name), 6)))
        return {f"functions.{name}.reserved_concurrency": state.reserved[name]}
    if what == "timeout" and name:
        return {f"functions.{name}.timeout": f"{draw(few(1, 3))} s"}
    total = sum(amount or 0 for amount in state.reserved.values())
    if what == "limit" and (state.limit > 10 or not total):
        low = total + max(100, state.elsewhere + 1) if state.limit > 10 else state.elsewhere + 1
        state.limit = draw(few(low, low + 8 if state.limit > 10 else 10))
        return {"account.lambda_concurrency": state.limit}
    if what == "elsewhere":
        state.elsewhere = max(min(state.limit - total, state.limit - 1) - draw(few(0, 8)), 0)
        return {"account.used_elsewhere.lambda_concurrency": state.elsewhere}
    return None


@drawn
def scenarios(draw: Draw) -> dict[str, Any]:
    """A whole scenario of one to a few hundred calls, as data."""
    duration = draw(few(100, 600))
    said: dict[str, Any] = {
        "run": {
            "duration": ms(duration),
            "warm_up": ms(draw(one_of(0, 0, duration // 2, duration - 1))),
            "period": draw(one_of("1 s", "1 s", "370 ms", "1 min", "100 ms")),
            "seed": draw(few(0, 9)),
            "start": draw(
                one_of("2026-03-01T00:00:00Z", "2026-05-31T23:59:59Z", "2026-03-01T08:59:58.5+09:00")
            ),
        }
    }
    state = State(duration)
    said["account"] = draw(account_of(state))
    said["functions"] = {}
    for name in "fg"[: draw(one_of(0, 1, 1, 2, 2, 2))]:
        said["functions"][name] = body = draw(function())
        if draw(chance(50)):
            body |= draw(versions(draw(function())))
        if draw(chance(25)):
            body["contexts"] = draw(contexts(draw(function()), ["f", "g", "nobody"]))
        if state.room() >= 0 and draw(chance(50)):
            body["reserved_concurrency"] = state.reserved[name] = min(
                state.room(), draw(one_of(0, 1, 2, 3, 5, 6))
            )
    draw(aside(provisioned(said, state)))
    few_or_none = one_of(*([0, 1, 1, 2] if said["functions"] else [1, 1, 2]))
    said["backends"] = {name: draw(backend()) for name in "hi"[: draw(few_or_none)]}
    said["apis"] = draw(apis(callees(said["functions"]), list(said["backends"])))
    said["usage_plans"], said["api_keys"] = draw(plans(said))
    said["domains"], said["distributions"] = {}, {}
    names = [f"c{number}" for number in range(draw(few(1, 4)))]
    said["clients"] = {name: draw(client(said, duration, 200 // len(names))) for name in names}
    said["assumptions"] = draw(assumptions())
    for api, body in said["apis"].items():
        for stage, held in body["stages"].items():
            for method, settings in held["method_settings"].items():
                if settings.get("throttle"):
                    name = f".{method}" if method == "every_method" else f'["{method}"]'
                    state.throttles[f"apis.{api}.stages.{stage}.method_settings{name}.throttle"] = True
            if "canary" in held:
                state.canaries.add(f"{api}/{stage}")
    said["initial"] = draw(_initial(said, state))
    entries = [draw(entry(said, state, at)) for at in sorted(draw(some(range(duration), 0, 5)))]
    said["timeline"] = [made for made in entries if made]
    return said


@drawn
def _initial(draw: Draw, said: dict[str, Any], state: State) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if said["functions"] and draw(chance(EACH)):
        names = [
            *said["functions"],
            *(f"{name}:2" for name, body in said["functions"].items() if "versions" in body),
        ]
        made["environments"] = {name: draw(few(0, 5)) for name in names}
    if state.throttles and draw(chance(EACH)):
        made["tokens"] = dict.fromkeys(draw(some(sorted(state.throttles), 0, 2)), 0)
    if draw(chance(EACH)):
        limits = {
            key: [
                said["usage_plans"][plan]["quota"]["limit"]
                for plan in body["plans"]
                if "quota" in said["usage_plans"][plan]
            ]
            for key, body in said["api_keys"].items()
        }
        made["quota_used"] = {key: draw(few(0, max(of))) for key, of in limits.items() if of}
    return made
