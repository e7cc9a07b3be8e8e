"""What the rules read: a scenario and its plan, with what several rules ask of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from apigw_sim.advice.finding import Keys
from apigw_sim.plan.offered import calls_per_arrival
from apigw_sim.plan.tables import NULL, CallRow, Method, Plan
from apigw_sim.plan.tables import Client as ClientRow
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.api import EVERY_METHOD
from apigw_sim.scenario.api import Method as SaidMethod
from apigw_sim.scenario.clients import Call, Client
from apigw_sim.scenario.model import EffectiveSettings
from apigw_sim.scenario.paths import split_path
from apigw_sim.scenario.routes import Route
from apigw_sim.scenario.settings import Throttle

_WORDS = 1 << 63


class Limit(NamedTuple):
    """A throttle that is written (or defaulted) once, with what it holds for."""

    label: str
    """`shop/prod every_method`, `usage plan gold`"""
    keys: Keys
    throttle: Throttle
    methods: tuple[str, ...] = ()
    """The methods of a stage that have a bucket of these settings; empty for other throttles."""

    @property
    def is_template(self) -> bool:
        """Whether it is the throttle of every_method."""
        return len(self.keys) > 5 and self.keys[5] == EVERY_METHOD


class Place(NamedTuple):
    """A method of a stage."""

    row: int
    """Row of plan.methods."""
    stage: str
    """api/stage"""
    route: Route
    said: SaidMethod
    settings: EffectiveSettings

    @property
    def name(self) -> str:
        """`shop/prod GET /items/{id}`"""
        return f"{self.stage} {self.route}"

    @property
    def keys(self) -> Keys:
        """The path of the method."""
        return ("apis", self.stage.partition("/")[0], "methods", str(self.route))


class Made(NamedTuple):
    """A call of a client that is made at all."""

    row: CallRow
    share: Fraction
    """Of the client's calls."""
    said: Call | None
    """None for the calls of a trace."""


@dataclass(frozen=True)
class Case:
    """A scenario as it starts, and its plan."""

    scenario: Scenario
    plan: Plan

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """All methods of all stages as the run starts, in the order of plan.methods."""
        made: list[Place] = []
        plan = self.plan
        rows = {(plan.stages[row.stage].name, row.route): number for number, row in enumerate(plan.methods)}
        for name in self.scenario.stages:
            api, _, stage = name.partition("/")
            for route, said in self.scenario.apis[api].served.items():
                settings = self.scenario.settings(api, stage, route)
                made.append(Place(rows[name, str(route)], name, route, said, settings))
        return tuple(made)

    @cached_property
    def cached(self) -> tuple[Place, ...]:
        """The methods whose answers are cached, on stages that have a cache."""
        return tuple(
            place
            for place in self.places
            if place.settings.caching and self.scenario.stage(place.stage)[1].cache_cluster
        )

    @cached_property
    def method_limits(self) -> tuple[Limit, ...]:
        """The throttles of methods that act on one at least; copies of every_method are one."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            if place.settings.throttle and place.settings.throttle_path:
                found.setdefault(place.settings.throttle_path, []).append(place)
        made: list[Limit] = []
        for path, places in found.items():
            first = places[0]
            throttle, written = first.settings.throttle, first.settings.throttle_from
            assert throttle is not None
            routes = tuple(str(place.route) for place in places)
            made.append(Limit(f"{first.stage} {written}", split_path(path), throttle, routes))
        return tuple(made)

    @cached_property
    def plan_limits(self) -> tuple[Limit, ...]:
        """The throttles of usage plans, and theirs of methods."""
        made: list[Limit] = []
        for name, plan in self.scenario.usage_plans.items():
            base: Keys = ("usage_plans", name)
            if plan.throttle:
                made.append(Limit(f"usage plan {name}", (*base, "throttle"), plan.throttle))
            for stage, throttles in plan.stages.items():
                made += [
                    Limit(
                        f"usage plan {name} {stage} {route}", (*base, "stages", stage, str(route)), throttle
                    )
                    for route, throttle in throttles.items()
                ]
        return tuple(made)

    @property
    def account_limit(self) -> Limit:
        """The account's throttle, what is used elsewhere included."""
        return Limit("the account", ("account", "throttle"), self.scenario.account.throttle)

    @property
    def account_rate(self) -> Fraction:
        """What the rest of the account leaves of its rate."""
        account = self.scenario.account
        return account.throttle.rate - account.used_elsewhere.rate

    def rate_in(self, region: int) -> Fraction:
        """The same in a row of plan.regions."""
        if region == 0:
            return self.account_rate
        return self.scenario.throttle_in(self.plan.regions[region].name).rate

    def region_of(self, keys: Keys) -> int:
        """The row of plan.regions that a limit of an API's stage, or of a usage plan's stages, stands in."""
        plans = self.scenario.usage_plans
        api = str(keys[1]) if keys[0] == "apis" else next(iter(plans[str(keys[1])].stages)).partition("/")[0]
        return self.scenario.region_number(self.scenario.apis[api].region)

    def clients(self) -> Iterator[tuple[str, Client, ClientRow]]:
        """The clients, as they are said and as they are planned; nobody says what checkers of health are."""
        for row in self.plan.clients:
            if row.checks == NULL:
                yield row.name, self.scenario.clients[row.name], row

    def calls(self, row: ClientRow) -> tuple[Made, ...]:
        """The calls that a client makes."""
        return self._made[row.name]

    def methods(self, row: ClientRow) -> list[Method]:
        """The methods that a client's calls reach, each once."""
        rows = dict.fromkeys(call.row.method for call in self.calls(row) if call.row.method != NULL)
        return [self.plan.methods[number] for number in rows]

    @cached_property
    def calls_of(self) -> dict[int, list[tuple[int, Made]]]:
        """Row of plan.methods -> the calls that reach it, each with the row of its client."""
        found: dict[int, list[tuple[int, Made]]] = {}
        for client, row in enumerate(self.plan.clients):
            places = {id(call): place for place, call in enumerate(row.calls)}
            for target, weight in self._targets(row):
                for call in self.calls(row):
                    at = target.calls[places[id(call.row)]]
                    if at.method != NULL and weight:
                        mine = call._replace(row=at, share=call.share * weight)
                        found.setdefault(at.method, []).append((client, mine))
        return found

    def _targets(self, row: ClientRow) -> Iterator[tuple[ClientRow, Fraction]]:
        """A client at each target of its record, with the share of its calls as the run starts."""
        if row.names is None:
            yield row, Fraction(1)
            return
        edges = (0, *row.names.first)
        for at, low, high in zip((row, *row.names.twins), edges, row.names.first, strict=False):
            yield at, Fraction(high - low, _WORDS)

    @cached_property
    def _made(self) -> dict[str, tuple[Made, ...]]:
        return {row.name: self._calls(row) for row in self.plan.clients}

    def _calls(self, row: ClientRow) -> tuple[Made, ...]:
        said = () if row.checks != NULL else self.scenario.clients[row.name].calls
        if isinstance(said, str) or row.checks != NULL:
            edges = (0, *row.weights)
            shares = [Fraction(high - low, _WORDS) for low, high in zip(edges, row.weights, strict=False)]
            listed: tuple[Call | None, ...] = (None,) * len(row.calls)
        else:
            whole = sum((call.weight for call in said), Fraction(0))
            shares = [call.weight / whole for call in said]
            listed = said
            if row.connections is not None:  # behind them stand those that a connection makes once each
                each = Fraction(1) / Fraction(calls_per_arrival(row, self.plan.duration))
                own = len(row.calls) - len(said)
                shares = [share * (1 - own * each) for share in shares] + [each] * own
                listed = (*said, *[None] * own)
        drawn = row.calls[: len(listed)]  # behind them stand preflights
        return tuple(Made(*call) for call in zip(drawn, shares, listed, strict=True) if call[1])
