"""The scenario: what the user says, resolved and frozen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, PrivateAttr

from apigw_sim.scenario.alarms import Alarms, AlarmTable
from apigw_sim.scenario.api import EVERY_METHOD, Api, Caching, Stage
from apigw_sim.scenario.base import Part, dump
from apigw_sim.scenario.clients import Client
from apigw_sim.scenario.databases import Database
from apigw_sim.scenario.expect import ExpectationText
from apigw_sim.scenario.fronts import NO_PATH, Distribution, Domain, DomainName
from apigw_sim.scenario.functions import Function
from apigw_sim.scenario.paths import show_path, split_path
from apigw_sim.scenario.plans import ApiKey, UsagePlan
from apigw_sim.scenario.quantities import DataFile, Name, Region, Words
from apigw_sim.scenario.records import Record
from apigw_sim.scenario.regions import Elsewhere
from apigw_sim.scenario.routes import CALLBACK, Route, RouteTable
from apigw_sim.scenario.security import Authorizer
from apigw_sim.scenario.services import Backend
from apigw_sim.scenario.settings import (
    Account,
    Advice,
    Assumptions,
    Initial,
    Run,
    Throttle,
    region_throttle,
)
from apigw_sim.scenario.tables import Table
from apigw_sim.scenario.timeline import Entry
from apigw_sim.scenario.tree import Keys, Place
from apigw_sim.scenario.waf import WebAcl

_LATER = "belongs to a later version; leave it out"


@dataclass(frozen=True)
class Origin:
    """Where a scenario came from."""

    places: Mapping[tuple[str | int, ...], Place] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    inherited: frozenset[tuple[str | int, ...]] = frozenset()
    overridden: frozenset[tuple[str | int, ...]] = frozenset()


class EffectiveSettings(NamedTuple):
    """What holds for one method of a stage, with where it was written."""

    throttle: Throttle | None
    caching: Caching | None
    named: bool
    throttle_from: str | None
    caching_from: str | None
    throttle_path: str | None
    caching_path: str | None
    metrics: bool = False
    """Detailed metrics."""


class Reached(NamedTuple):
    """What a client's target leads to."""

    stage: str | None
    """api/stage; None: a base path without a mapping."""
    domain: str | None
    distribution: str | None
    endpoint: Literal["EDGE", "REGIONAL", "PRIVATE"]
    """Of the domain, or of the API's own endpoint."""


class Scenario(Part):
    """A scenario: one account, in one Region or several, for a span of time."""

    name: Words = Field("scenario", description="the scenario's name; default: the file's")
    run: Run = Field(description="what span of time is simulated", examples=[{"duration": "10 min"}])
    account: Account = Field(default_factory=Account, description="the account's limits in its Region")
    regions: dict[Region, Elsewhere] = Field(
        {}, description="further Regions in which the account has APIs and functions, by their codes"
    )
    functions: dict[Name, Function] = Field({}, description="Lambda functions by name")
    backends: dict[Name, Backend] = Field({}, description="other backends by name")
    databases: dict[Name, Database] = Field({}, description="databases by name, for functions to name")
    tables: dict[Name, Table] = Field({}, description="DynamoDB tables by name, for backends to name")
    authorizers: dict[Name, Authorizer] = Field({}, description="authorizers by name, for methods to name")
    apis: dict[Name, Api] = Field(description="APIs by name", examples=[{}])
    domains: dict[DomainName, Domain] = Field({}, description="custom domain names")
    records: dict[DomainName, Record] = Field(
        {}, description="names that DNS leads to stages in several Regions, by failover, weight or latency"
    )
    distributions: dict[Name, Distribution] = Field(
        {}, description="CloudFront distributions before APIs, by name"
    )
    web_acls: dict[Name, WebAcl] = Field({}, description="web ACLs of AWS WAF by name, for stages to name")
    usage_plans: dict[Name, UsagePlan] = Field({}, description="usage plans by name")
    api_keys: dict[Name, ApiKey] = Field({}, description="API keys, or groups of keys, by name")
    clients: dict[Name, Client] = Field(description="clients by name", examples=[{}])
    timeline: tuple[Entry, ...] = Field((), description="what happens in mid-run")
    alarms: AlarmTable = Field(Alarms(), description="CloudWatch alarms by name; recommended: AWS's own")
    expect: tuple[ExpectationText, ...] = Field((), description="what must hold for exit status 0")
    assumptions: Assumptions = Field(Assumptions(), description="what AWS leaves open")
    advice: Advice = Field(Advice(), description="how check advises")
    initial: Initial = Field(Initial(), description="how the run starts")

    later: ClassVar[Mapping[str, str]] = {
        "waf": "belongs to a stage; write web_acls: {NAME: {rules: ...}} here, and waf: NAME there",
        "users": "belongs to a client; write it there, in the place of its arrivals:",
        "identities": "belongs to a client; write it beside its calls:",
        "services": "is no part of a scenario; write AWS services under backends:",
        "sweep": _LATER,
        "metrics": "is no part of a scenario; write assumptions: {metrics_stamp: answer}, run: {period: 1 min}",
    }

    _origin: Origin = PrivateAttr(default_factory=Origin)

    # -- the resolved view ----------------------------------------------------------------------------------------

    @property
    def every_region(self) -> tuple[str, ...]:
        """The account's Region, then the further ones."""
        return (self.account.region, *self.regions)

    def region_number(self, name: str | None) -> int:
        """The number of a Region among them; None: the account's own."""
        return 0 if name is None else self.every_region.index(name)

    def region_of(self, stage: str) -> str:
        """The Region of a stage, api/stage."""
        return self.apis[stage.partition("/")[0]].region or self.account.region

    def throttle_in(self, region: str) -> Throttle:
        """The account's throttle in a Region."""
        if region == self.account.region:
            return self.account.throttle
        return self.regions[region].throttle or region_throttle(region)

    def lambda_limit_in(self, region: str) -> int:
        """The account's limit of concurrent executions in a Region."""
        return (self.regions.get(region) or self.account).lambda_concurrency

    def concurrency_in(self, region: str) -> int:
        """What the rest of the account leaves of its concurrent executions in a Region."""
        return max(self.lambda_limit_in(region) - self.elsewhere_in(region), 0)

    def elsewhere_in(self, region: str) -> int:
        """The concurrent executions that the rest of the account takes in a Region."""
        return 0 if region in self.regions else self.account.used_elsewhere.lambda_concurrency

    def limit_path(self, region: str) -> Keys:
        """Where the limit of concurrent executions in a Region is written."""
        base: Keys = ("regions", region) if region in self.regions else ("account",)
        return (*base, "lambda_concurrency")

    def functions_in(self, region: str) -> dict[str, Function]:
        """The functions of a Region, by name."""
        return {
            name: body
            for name, body in self.functions.items()
            if (body.region or self.account.region) == region
        }

    def stage(self, name: str) -> tuple[Api, Stage]:
        """The API and stage that `api/stage` names."""
        api, _, stage = name.partition("/")
        return self.apis[api], self.apis[api].stages[stage]

    def reached(self, target: str) -> Reached:
        """What a client's target leads to."""
        if target in self.distributions:
            body = self.distributions[target]
            return Reached(body.origin, None, target, self.apis[body.origin.partition("/")[0]].endpoint)
        if (
            target in self.records
        ):  # as it is at its first target; a custom domain of its Region has no base path
            first = self.records[target].targets[0].stage
            return Reached(first, None, None, self.apis[first.partition("/")[0]].endpoint)
        name, _, path = target.partition("/")
        domain = self.domains.get(name)
        if domain is None:
            return Reached(target, None, None, self.apis[name].endpoint)
        return Reached(domain.mappings.get(path or NO_PATH), name, None, domain.endpoint)

    def stages_of(self, target: str) -> tuple[str | None, ...]:
        """All stages that a client's target may lead to."""
        if target in self.records:
            return tuple(each.stage for each in self.records[target].targets)
        known = target in self.distributions or target.partition("/")[0] in {*self.domains, *self.apis}
        return (self.reached(target).stage,) if known else ()

    @property
    def stages(self) -> tuple[str, ...]:
        """All stages as `api/stage`, in the order they are written."""
        return tuple(f"{api}/{stage}" for api, body in self.apis.items() for stage in body.stages)

    def settings(self, api: str, stage: str, route: Route) -> EffectiveSettings:
        """What holds for a method: its own settings, already copied from every_method, or its copy of every_method."""
        table = self.apis[api].stages[stage].method_settings
        named = str(route) in table
        written = str(route) if named else EVERY_METHOD
        found = table.get(written)
        if found is None or route.path == CALLBACK:  # callbacks are no route, and have no settings
            return EffectiveSettings(None, None, named, None, None, None, None)
        base = ("apis", api, "stages", stage, "method_settings")
        where: dict[str, str | None] = {}
        paths: dict[str, str | None] = {}
        for key in ("throttle", "caching"):
            value = getattr(found, key)
            own = named and (*base, written, key) not in self._origin.inherited
            where[key] = None if value is None else (str(route) if own else EVERY_METHOD)
            paths[key] = None if value is None else show_path((*base, written if own else EVERY_METHOD, key))
        caching = found.caching or None
        if caching and where["caching"] == EVERY_METHOD and route.method != "GET":
            caching = None
        if caching and caching.ttl == 0:
            caching = None
        return EffectiveSettings(
            found.throttle or None,
            caching,
            named,
            where["throttle"],
            where["caching"],
            paths["throttle"],
            paths["caching"],
            bool(found.metrics),
        )

    def routes(self, api: str) -> RouteTable:
        """The routes of an API, those that a change brings among them, as they are matched."""
        return self._tables[api]

    @cached_property
    def _tables(self) -> dict[str, RouteTable]:
        changes = [entry.change for entry in self.timeline if entry.change]
        return {
            name: RouteTable(
                dict.fromkeys(
                    [
                        *api.methods,
                        *(route for change in changes if change.api == name for route in change.methods),
                    ]
                )
            )
            for name, api in self.apis.items()
        }

    def with_origin(self, origin: Origin) -> Scenario:
        """The same scenario, knowing where it came from."""
        made = self.model_copy()
        made._origin = origin
        return made

    # -- where it came from ---------------------------------------------------------------------------------------

    def where(self, path: str | tuple[str | int, ...]) -> str:
        """`file:line:column` of a path or of what holds it, or `override`; the path itself where there is no file."""
        keys = split_path(path) if isinstance(path, str) else path
        if any(keys[: depth + 1] in self._origin.overridden for depth in range(len(keys))):
            return "override"
        place = self.place(keys)
        return str(place) if place else show_path(keys)

    def place(self, keys: tuple[str | int, ...]) -> Place | None:
        """The place of a path, or of the nearest thing that holds it."""
        places = self._origin.places
        named = (
            len(keys) > 5 and keys[0] == "apis" and keys[4] == "method_settings" and keys[:6] not in places
        )
        if named:
            keys = (*keys[:5], EVERY_METHOD, *keys[6:])
        while keys and keys not in places:
            keys = keys[:-1]
        return places.get(keys)

    @property
    def sources(self) -> tuple[str, ...]:
        """The files it was read from: its own first, then what it extends."""
        return self._origin.sources

    @property
    def overrides(self) -> list[str]:
        """What was overridden, each as `path: old -> new`."""
        return list(self._origin.overrides)

    def resolved(self) -> dict[str, Any]:
        """The whole scenario with its defaults, as plain data that can be loaded again."""
        made = _plain(dump(self))
        assert isinstance(made, dict)
        return made

    def data_files(self) -> dict[str, DataFile]:
        """The files of data that it names, by path."""
        return {show_path(keys): file for keys, file in _files((), self)}

    def sha256(self) -> str:
        """The hash of the resolved scenario and of the contents of its files of data."""
        contents = {path: _digest(file) for path, file in self.data_files().items()}
        text = json.dumps(
            [self.resolved(), contents], sort_keys=True, ensure_ascii=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()


def _files(keys: Keys, value: Any) -> Iterator[tuple[Keys, DataFile]]:
    if isinstance(value, DataFile):
        yield keys, value
    elif isinstance(value, Part):
        for name, field_ in type(value).model_fields.items():
            yield from _files((*keys, field_.alias or name), getattr(value, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _files((*keys, str(name)), item)
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _files((*keys, number), item)


def _digest(file: DataFile) -> str:
    try:
        with file.path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
