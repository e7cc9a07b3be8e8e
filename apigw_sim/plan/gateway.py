"""Stages and methods, what each deployment makes of them, and the numbering of everything that a cache can hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from apigw_sim.plan import laws, responses
from apigw_sim.plan.aliases import Callees
from apigw_sim.plan.history import History
from apigw_sim.plan.numbering import MOST_ENTRIES, VERB, Numbering
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.tables import NULL, Method, Pointer, Stage, Unauthorized, Undeployed, Works
from apigw_sim.rules import reason
from apigw_sim.scenario.api import Api, Caching, Integration, Mock
from apigw_sim.scenario.api import Method as SaidMethod
from apigw_sim.scenario.api import Stage as SaidStage
from apigw_sim.scenario.deployments import SETTINGS, resolved
from apigw_sim.scenario.deployments import Pointer as SaidPointer
from apigw_sim.scenario.model import EffectiveSettings
from apigw_sim.scenario.routes import CONNECT, Route, RouteTable

if TYPE_CHECKING:
    from apigw_sim.plan.authorizers import Guards
    from apigw_sim.plan.contexts import Contexts, Which


@dataclass
class Rows:
    """The rows of methods made so far: one for each method of a stage, then those of its other deployments."""

    backends: dict[str, int]
    """The row of each path: functions.NAME, backends.NAME, and versions of functions."""
    callees: Callees
    """What names of functions invoke."""
    buckets: list[int]
    guards: Guards
    contexts: Contexts
    methods: list[Method] = field(default_factory=list)
    works: list[Works] = field(default_factory=list)
    """Of mocks and of functions in contexts, behind those of the backends."""
    offsets: dict[Which, int] = field(default_factory=dict)
    """By contexts: what is added to a backend's row to have its works."""
    entries: int = 0
    known: dict[tuple[object, ...], int] = field(default_factory=dict)
    """By method, how it is written, where it leads, its cache and, if it is cached, its deployment."""
    of_place: dict[int, list[int]] = field(default_factory=dict)

    def offset(self, which: Which) -> int:
        """What is added to a backend's row to have its works in these contexts."""
        if which == self.contexts.none:
            return 0
        if which not in self.offsets:
            self.offsets[which] = len(self.backends) + len(self.works)
            self.works += self.contexts.works(which)
        return self.offsets[which]


class Gateway:
    """The APIs of a scenario: stages and methods in the order in which they are written, each with its row."""

    def __init__(self, reading: Reading, history: History) -> None:
        self.reading = reading
        self.history = history
        self.scenario = reading.scenario
        self.stages = list(self.scenario.stages)
        """Row of plan.stages -> api/stage."""
        self.content_types = responses.content_types(reading)
        """By name: the number of each content type that is sent."""
        self.answered = responses.Answered(self.scenario)
        said_acls = [self.scenario.stage(name)[1].waf for name in self.stages]
        self.web_acls = [name for name in self.scenario.web_acls if name in said_acls]
        """Those that stages name: row of plan.waf.acls -> name."""
        said = {name: self._deployed(name) for name in self.stages}
        self.routes: list[tuple[str, Route]] = [(name, route) for name in self.stages for route in said[name]]
        """Row of plan.methods -> its stage and route; those that a later deployment adds behind the stage's first."""
        self._said = [said[name][route] for name, route in self.routes]
        """Each in all versions that are ever deployed to its stage, with their APIs."""
        self._rows = {place: number for number, place in enumerate(self.routes)}
        self._tables = {name: RouteTable(said[name]) for name in self.stages}
        self.numberings = {
            number: self._numbering(number) for number in sorted({*self._cached, *self.edged, *self._browsed})
        }
        """Row of plan.methods -> how its cache entries are numbered, of methods that are cached at some time."""

    def _deployed(self, name: str) -> dict[Route, list[tuple[Api, SaidMethod]]]:
        """All methods that are ever deployed to a stage, in all their versions, the first one first."""
        found: dict[Route, list[tuple[Api, SaidMethod]]] = {}
        for released in self.history.released:
            pointer = released.stages[name]
            for deployment in (pointer.active, pointer.canary):
                if deployment is None:
                    continue
                for route, method in deployment.methods.items():
                    found.setdefault(route, []).append((deployment.api, method))
        return found

    def row(self, stage: str, route: Route) -> int:
        """The row of a method."""
        return self._rows[stage, route]

    def has(self, stage: str, route: Route) -> bool:
        """Whether a method is ever deployed to a stage."""
        return (stage, route) in self._rows

    def table(self, stage: str) -> RouteTable:
        """The routes that are ever deployed to a stage, as they are matched."""
        return self._tables[stage]

    def said(self, number: int) -> SaidMethod:
        """A method as it is first deployed."""
        return self._said[number][0][1]

    def ever_needs_key(self, number: int) -> bool:
        """Whether a method requires an API key at some time."""
        return any(method.api_key_required for _, method in self._said[number])

    def path(self, number: int) -> Keys:
        """The path of a method."""
        name, route = self.routes[number]
        return ("apis", name.partition("/")[0], "methods", str(route))

    def settings(self, number: int) -> list[EffectiveSettings]:
        """What holds for a method in each state."""
        name, route = self.routes[number]
        api, _, stage = name.partition("/")
        return self.history.each(lambda state: state.settings(api, stage, route))

    def cache_bytes(self, name: str) -> list[int]:
        """The size of a stage's cache in each state; 0: none."""
        return self.history.each(lambda state: state.stage(name)[1].cache_cluster or 0)

    def canaried(self, name: str) -> bool:
        """Whether a stage has a canary at some time."""
        return any(released.stages[name].canary for released in self.history.released)

    @cached_property
    def canary_caches(self) -> dict[str, int]:
        """Stages whose canary has a cache of its own at some time, each with the row of that cache."""
        own = [
            name
            for name in self.stages
            if any(self.cache_bytes(name))
            and any(
                body.canary and not body.canary.use_stage_cache
                for body in self.history.each(lambda state, name=name: state.stage(name)[1])  # type: ignore[misc]
            )
        ]
        return {name: number for number, name in enumerate(own, len(self.stages))}

    def caches_of(self, name: str) -> list[int]:
        """The caches of a stage: its own, and its canary's if that has one."""
        own = self.canary_caches.get(name)
        return [self.stages.index(name), *([] if own is None else [own])]

    @cached_property
    def _cached(self) -> list[int]:
        """Methods that are cached at some time, on stages that have a cache at some time."""
        clusters = [name for name in self.stages if any(self.cache_bytes(name))]
        return [
            number
            for number, (name, _) in enumerate(self.routes)
            if name in clusters and any(said.caching for said in self.settings(number))
        ]

    @cached_property
    def edged(self) -> list[int]:
        """Methods whose answers a distribution keeps: GET and HEAD alone."""
        kept = {said.origin for said in self.scenario.distributions.values() if said.ttl or said.error_ttl}
        return [
            number
            for number, (name, route) in enumerate(self.routes)
            if name in kept and route.method in ("GET", "HEAD")
        ]

    @cached_property
    def _browsed(self) -> list[int]:
        """Methods that browsers call, who remember each path by itself."""
        clients = self.scenario.clients.values()
        stages = {
            self.scenario.reached(client.target).stage for client in clients if client.browser is not None
        }
        return [number for number, (name, _) in enumerate(self.routes) if name in stages]

    def _numbering(self, number: int) -> Numbering:
        """By all parameters that are ever keys, so that each deployment finds its entries among those numbers."""
        keys = [str(key) for _, method in self._said[number] for key in method.cache_key]
        return Numbering((*dict.fromkeys(keys), VERB))

    def pointers(self) -> tuple[Pointer, ...]:
        """What stages point to over time."""
        made: list[Pointer] = []
        for state, released in enumerate(self.history.released):
            for number, name in enumerate(self.stages):
                now = released.stages[name]
                if state and now == self.history.released[state - 1].stages[name]:
                    continue
                canary = now.canary.number if now.canary else NULL
                made.append(Pointer(self.history.at(state), number, now.active.number, canary))
        return tuple(made)

    def undeployed(self) -> tuple[Undeployed, ...]:
        """Methods whose API has changed while their stage still points to what was before."""
        found: list[Undeployed] = []
        since: dict[int, int] = {}
        for state, released in enumerate(self.history.released):
            if state and released is self.history.released[state - 1]:
                continue
            for number, (name, route) in enumerate(self.routes):
                working, pointer = released.working[name.partition("/")[0]], released.stages[name]
                stale = _apart(working, pointer.active.api, route)
                if stale and number not in since:
                    since[number] = self.history.at(state)
                elif not stale and number in since:
                    found.append(Undeployed(number, since.pop(number), self.history.at(state)))
        return (*found, *(Undeployed(number, begin, NULL) for number, begin in since.items()))

    def _detailed(self, number: int) -> bool:
        name, route = self.routes[number]
        api, _, stage = name.partition("/")
        always = self.scenario.run.method_series == "always"
        return always or self.scenario.settings(api, stage, route).metrics

    # rows

    def stage_rows(self) -> tuple[Stage, ...]:
        """The rows of plan.stages."""
        made: list[Stage] = []
        unknown = reason.NUMBER[self.scenario.assumptions.unknown_resource]
        for name in self.stages:
            sizes = self.cache_bytes(name)
            self.history.keep("cache", self.caches_of(name), [(size,) for size in sizes])
            shares = [self._traffic(stage) for stage in self.history.each(lambda s, n=name: s.stage(n)[1])]  # type: ignore[misc]
            number = len(made)
            self.history.keep("canary", [number], [(share,) for share in shares])
            answers = [self._answers(released.stages[name]) for released in self.history.released]
            self.history.keep("respond", [number], answers)
            api = name.partition("/")[0]
            said, of_stage = self.scenario.stage(name)
            log = of_stage.access_log
            made.append(
                Stage(
                    name,
                    api,
                    sizes[0],
                    shares[0],
                    *answers[0],
                    log.template if log else "",
                    of_stage.xray,
                    http=said.is_http,
                    websocket=said.is_websocket,
                    no_route=reason.ROUTE_NOT_FOUND if said.is_http else unknown,
                    web_acl=NULL if of_stage.waf is None else self.web_acls.index(of_stage.waf),
                    region=self.scenario.region_number(said.region),
                )
            )
        return tuple(made)

    def _answers(self, pointer: SaidPointer) -> tuple[int, int]:
        """What a stage and its canary answer to requests that none of its methods takes."""
        row = self.answered.row
        return row(pointer.active.api), row((pointer.canary or pointer.active).api)

    @staticmethod
    def _traffic(stage: SaidStage) -> int:
        return laws.threshold(stage.canary.traffic) if stage.canary else 0

    def method_rows(
        self,
        buckets: list[int],
        backends: dict[str, int],
        callees: Callees,
        guards: Guards,
        contexts: Contexts,
    ) -> Rows:
        """The rows of plan.methods, then those of plan.variants; `backends` gives the row of each path."""
        rows = Rows(backends, callees, buckets, guards, contexts)
        states = range(len(self.history.states))
        for number in range(len(self.routes)):
            if self._release(rows, 0, number, canary=False) == NULL:  # a later deployment brings it
                self._new(rows, number, *self._said[number][0], {}, self.stages.index(self.routes[number][0]))
        self.released = [
            self._pointers(number, "release", [self._release(rows, k, number, canary=False) for k in states])
            for number in range(len(self.routes))
        ]
        """Row of plan.methods -> the row that answers for it as the run starts; NULL: it is not deployed."""
        self.canary_released = [
            self._pointers(
                number, "canary_release", [self._release(rows, k, number, canary=True) for k in states]
            )
            if self.canaried(name)
            else NULL
            for number, (name, _) in enumerate(self.routes)
        ]
        """Row of plan.methods -> the row that answers for its canary as the run starts."""
        for number, of_place in rows.of_place.items():
            settings = [_settings(said.caching) for said in self.settings(number)]
            self.history.keep("method", of_place, settings)
        if rows.entries > MOST_ENTRIES:
            most = max(self.numberings, key=lambda number: self.numberings[number].entries)
            self.reading.problem(
                (*self.path(most), "cache_key"),
                f"the cache could hold {rows.entries:,} different entries, {self.numberings[most].entries:,} of this method",
                f"{MOST_ENTRIES:,} (2^26) are the most: draw fewer values, or take a parameter out of the cache key",
            )
        return rows

    def _pointers(self, number: int, verb: str, states: list[int]) -> int:
        self.history.keep(verb, [number], [(row,) for row in states])
        return states[0]

    def _release(self, rows: Rows, state: int, number: int, *, canary: bool) -> int:
        """The row that answers for a method in a state; NULL: its deployment does not have it."""
        name, route = self.routes[number]
        pointer = self.history.released[state].stages[name]
        stage = self.history.states[state].stage(name)[1]
        deployment, variables, cache = pointer.active, stage.variables, self.stages.index(name)
        if canary:
            if pointer.canary is None or stage.canary is None:
                return NULL
            deployment, variables = pointer.canary, {**variables, **stage.canary.variables}
            if not stage.canary.use_stage_cache:
                cache = self.canary_caches.get(name, cache)
        method = deployment.methods.get(route)
        if method is None:
            return NULL
        entries = deployment.number if number in self._cached else 0
        target = method.integration.target
        api = deployment.api
        settings = (id(getattr(api, setting)) for setting in SETTINGS)
        leads = target and resolved(target, variables), rows.contexts.which(variables)
        known = (number, id(method), leads, cache, entries, *settings)
        if known not in rows.known:
            rows.known[known] = self._new(rows, number, api, method, variables, cache)
        return rows.known[known]

    def _new(
        self, rows: Rows, number: int, api: Api, method: SaidMethod, variables: dict[str, str], cache: int
    ) -> int:
        """Another row for a method; gives its number."""
        name, route = self.routes[number]
        row = len(rows.methods)
        ttl, require, unauthorized = _settings(self.settings(number)[0].caching)
        entries = self.numberings[number].entries if number in self._cached else 0
        integration, backend, alias = method.integration, NULL, NULL
        mock, works, misconfigured, context, event = integration.mock, NULL, False, 0, (NULL, "")
        if mock is not None:
            works = len(rows.backends) + len(rows.works)
            rows.works.append(self._mock(number, mock))
        else:
            target = resolved(integration.target or "", variables)
            if integration.function is not None:
                backend, alias = rows.callees.called(target)
                if backend != NULL:
                    which = rows.contexts.which(variables)
                    context, event = rows.offset(which), rows.contexts.event(target, which)
            else:
                backend = self._served(rows, integration, target or "")
            works = backend if backend == NULL else backend + context
            misconfigured = backend == NULL
        rows.methods.append(
            Method(
                place=number,
                stage=self.stages.index(name),
                cache=cache,
                verb=route.method,
                resource=route.path,
                api_key_required=method.api_key_required,
                bucket=rows.buckets[number],
                backend=backend,
                works=works,
                mock_status=mock.status if mock else NULL,
                misconfigured=misconfigured,
                timeout_ns=self.scenario.apis[name.partition("/")[0]].waits(integration),
                ttl_ns=ttl,
                require_authorization=require,
                unauthorized=unauthorized,
                first_entry=rows.entries if entries else 0,
                entries=entries,
                alias=alias,
                authorizer=rows.guards.before(number, api, method),
                answers=self.answered.row(api),
                fold=self.numberings[number].fold((*map(str, method.cache_key), VERB)) if entries else None,
                **responses.of_method(api, method, self.content_types),
                detailed=self._detailed(number),
                context=context,
                in_context=event[0],
                event=event[1],
                connects=route.path == CONNECT,
            )
        )
        rows.entries += entries
        rows.of_place.setdefault(number, []).append(row)
        return row

    def _served(self, rows: Rows, integration: Integration, target: str) -> int:
        """The row of a backend; NULL where a stage variable names none, or one of the wrong kind."""
        said = self.scenario.backends.get(target)
        if said is None or said.of_aws != (integration.service is not None):
            return NULL
        return rows.backends[f"backends.{target}"]

    def _mock(self, number: int, mock: Mock) -> Works:
        nothing = self.reading.nothing("duration")
        keys = (*self.path(number), "integration", "mock", "size")
        return Works(nothing, nothing, self.reading.law(mock.size, "size", keys), None)


def _apart(one: Api, other: Api, route: Route) -> bool:
    """Whether two deployments of an API make different things of a route."""
    if one.methods.get(route) is not other.methods.get(route):
        return True
    return any(getattr(one, setting) != getattr(other, setting) for setting in SETTINGS)


def _settings(caching: Caching | None) -> tuple[int, bool, Unauthorized]:
    if caching is None:
        return 0, False, Unauthorized.FAIL_WITH_403
    return caching.ttl, caching.require_authorization, Unauthorized[caching.unauthorized]
