"""Stages and methods, and the numbering of everything that a stage's cache can hold."""

from __future__ import annotations

from functools import cached_property

from apigw_sim.plan.history import History
from apigw_sim.plan.numbering import MOST_ENTRIES, VERB, Numbering
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.tables import NULL, Method, Stage, Unauthorized, Works
from apigw_sim.scenario.api import Caching, Mock
from apigw_sim.scenario.api import Method as SaidMethod
from apigw_sim.scenario.model import EffectiveSettings
from apigw_sim.scenario.routes import Route


class Gateway:
    """The REST APIs of a scenario: stages and methods in the order in which they are written, each with its row."""

    def __init__(self, reading: Reading, history: History) -> None:
        self.reading = reading
        self.history = history
        self.scenario = reading.scenario
        self.stages = list(self.scenario.stages)
        """Row of plan.stages -> api/stage."""
        self.routes: list[tuple[str, Route]] = [
            (name, route) for name in self.stages for route in self.scenario.stage(name)[0].methods
        ]
        """Row of plan.methods -> its stage and route."""
        self._rows = {place: number for number, place in enumerate(self.routes)}
        self.numberings = {number: self._numbering(number) for number in self._cached}
        """Row of plan.methods -> how its cache entries are numbered, of methods that are cached at some time."""

    def row(self, stage: str, route: Route) -> int:
        """The row of a method."""
        return self._rows[stage, route]

    def said(self, number: int) -> SaidMethod:
        """A method as the scenario has it."""
        name, route = self.routes[number]
        return self.scenario.stage(name)[0].methods[route]

    def needs_key(self, number: int) -> bool:
        """Whether a method requires an API key."""
        return self.said(number).api_key_required

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

    @cached_property
    def _cached(self) -> list[int]:
        """Methods that are cached at some time, on stages that have a cache at some time."""
        clusters = [name for name in self.stages if any(self.cache_bytes(name))]
        return [
            number
            for number, (name, _) in enumerate(self.routes)
            if name in clusters and any(said.caching for said in self.settings(number))
        ]

    def _numbering(self, number: int) -> Numbering:
        return Numbering((*map(str, self.said(number).cache_key), VERB))

    def _mock(self, number: int, mock: Mock) -> Works:
        nothing = self.reading.nothing("duration")
        keys = (*self.path(number), "integration", "mock", "size")
        return Works(nothing, nothing, self.reading.law(mock.size, "size", keys), None)

    # rows

    def stage_rows(self) -> tuple[Stage, ...]:
        """The rows of plan.stages."""
        made = []
        for number, name in enumerate(self.stages):
            sizes = self.cache_bytes(name)
            self.history.keep("cache", range(number, number + 1), [(size,) for size in sizes])
            made.append(Stage(name, name.partition("/")[0], sizes[0]))
        return tuple(made)

    def method_rows(self, buckets: list[int], backends: dict[str, int]) -> tuple[Method, ...]:
        """The rows of plan.methods; `backends` gives the row of functions.NAME and backends.NAME."""
        made: list[Method] = []
        self.mocks: list[Works] = []
        first = 0
        for number, (name, route) in enumerate(self.routes):
            method = self.said(number)
            settings = [_settings(said.caching) for said in self.settings(number)]
            ttl, require, unauthorized = settings[0]
            self.history.keep("method", range(number, number + 1), settings)
            numbering = self.numberings.get(number)
            entries = numbering.entries if numbering else 0
            backend, integration = NULL, method.integration
            if integration.target is not None:
                folder = "functions" if integration.kind == "lambda_proxy" else "backends"
                backend = backends[f"{folder}.{integration.target}"]
            mock, works = integration.mock, backend
            if mock is not None:
                works = len(backends) + len(self.mocks)
                self.mocks.append(self._mock(number, mock))
            made.append(
                Method(
                    stage=self.stages.index(name),
                    verb=route.method,
                    resource=route.path,
                    api_key_required=method.api_key_required,
                    bucket=buckets[number],
                    backend=backend,
                    works=works,
                    mock_status=mock.status if mock else NULL,
                    timeout_ns=integration.timeout,
                    ttl_ns=ttl,
                    require_authorization=require,
                    unauthorized=unauthorized,
                    first_entry=first if entries else 0,
                    entries=entries,
                )
            )
            first += entries
        if first > MOST_ENTRIES:
            most = max(self.numberings, key=lambda number: self.numberings[number].entries)
            self.reading.problem(
                (*self.path(most), "cache_key"),
                f"the cache could hold {first:,} different entries, {self.numberings[most].entries:,} of this method",
                f"{MOST_ENTRIES:,} (2^26) are the most: draw fewer values, or take a parameter out of the cache key",
            )
        return tuple(made)


def _settings(caching: Caching | None) -> tuple[int, bool, Unauthorized]:
    if caching is None:
        return 0, False, Unauthorized.FAIL_WITH_403
    return caching.ttl, caching.require_authorization, Unauthorized[caching.unauthorized]
