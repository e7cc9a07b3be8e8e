"""Clients: what they call, with which key, when, and how they wait and retry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from apigw_sim.plan import arrivals, connections, laws, logged, responses, retries
from apigw_sim.plan.authorizers import Guards
from apigw_sim.plan.backends import formats_of
from apigw_sim.plan.browsers import Browsers
from apigw_sim.plan.browsers import Target as Preflight
from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.network import way
from apigw_sim.plan.numbering import MOST_RESOURCES, VERB, Asked
from apigw_sim.plan.offered import arriving
from apigw_sim.plan.reading import Keys, Reading, numbered
from apigw_sim.plan.tables import NULL, CallRow, Client, Counted, KeyGroup, Listed, Numbered, Rated, Users
from apigw_sim.plan.traces import Reading as TraceReading
from apigw_sim.plan.traces import read_trace
from apigw_sim.plan.web_acls import Screen
from apigw_sim.rules import reason
from apigw_sim.scenario.api import PREFLIGHT
from apigw_sim.scenario.arrivals import Arrivals
from apigw_sim.scenario.clients import FROM_TRACE, Call, Fixed, ParameterValue
from apigw_sim.scenario.clients import Client as SaidClient
from apigw_sim.scenario.routes import ANY, Match, Route
from apigw_sim.scenario.settings import TRACE
from apigw_sim.scenario.users import MOST_USERS

Values = Mapping[str, ParameterValue]
SAFE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
"""Methods whose repetition does no harm, of calls from a trace."""
NOWHERE = Asked(0, 0, ())
NO_ARRIVALS = Rated(poisson=False, segments=())


class Target(NamedTuple):
    """What a call reaches: the row of its method (NULL: none) and the values that ids are made of."""

    method: int
    values: Values
    refused: int = NULL
    """The reason why a preflight is refused, and not answered by the gateway."""


class Clients:
    """The clients of a scenario: first `number` what they ask for, then make the rows."""

    def __init__(self, reading: Reading, gateway: Gateway) -> None:
        self.reading = reading
        self.gateway = gateway
        self.scenario = reading.scenario
        span = self.scenario.run.duration
        self.traces: dict[str, TraceReading] = {
            name: read_trace(client.arrivals.trace, self.scenario, name, None if span == TRACE else span)
            for name, client in self.scenario.clients.items()
            if client.arrivals.trace is not None
        }
        self.duration: int = max(trace.window for trace in self.traces.values()) if span == TRACE else span
        self._targets: dict[str, list[Target]] = {}
        self._reached = {
            name: self.scenario.reached(body.target) for name, body in self.scenario.clients.items()
        }
        self._formats = formats_of(self.scenario)
        self.browsers = Browsers(reading, gateway)

    def number(self) -> None:
        """Tell the methods' numberings what all calls ask for."""
        for name, client in self.scenario.clients.items():
            self._targets[name] = (
                self._from_trace(name) if client.calls == FROM_TRACE else self._listed(name, client)
            )
            for target in self._targets[name]:
                if target.method in self.gateway.numberings:
                    self.gateway.numberings[target.method].add(target.values)
        for number, numbering in self.gateway.numberings.items():
            numbering.close()
            if numbering.resources.size > MOST_RESOURCES:
                self.reading.problem(
                    self.gateway.path(number), "its parameters make more than 2^62 different requests",
                    "draw fewer values, or fewer parameters",
                )  # fmt: skip

    def _listed(self, name: str, client: SaidClient) -> list[Target]:
        """The targets of `calls`, in order."""
        made: list[Target] = []
        stage = self._reached[name].stage
        for call in client.calls:
            assert isinstance(call, Call)
            if stage is not None and self.scenario.stage(stage)[0].answers(call.call):
                made.append(self._preflight(stage, call.call))
                continue
            found = self.gateway.table(stage).named(call.call) if stage is not None else None
            if found is None:
                made.append(Target(NULL, {}))
                continue
            values = _in_path(found)
            for where, said in (("path", call.path), ("query", call.query), ("header", call.headers)):
                values |= {f"{where}.{name}": value for name, value in said.items()}
            made.append(self._target(str(stage), found, values, call.call.method))
        return made

    def _from_trace(self, name: str) -> list[Target]:
        """The targets of the distinct requests of a client's trace."""
        _client, requests = self.scenario.clients[name], self.traces[name].requests
        stage = self._reached[name].stage
        table = self.gateway.table(stage) if stage is not None else None
        made: list[Target] = []
        for request in requests.distinct if requests else ():
            asked = Route(request.method, request.path)
            if stage is not None and self.scenario.stage(stage)[0].answers(asked):
                made.append(self._preflight(stage, asked))
                continue
            found = table.match(request.method, request.path) if table is not None else None
            if found is None:
                made.append(Target(NULL, {}))
                continue
            values = _in_path(found)
            for part in filter(None, request.query.split("&")):
                key, _, text = part.partition("=")
                values.setdefault(f"query.{key}", Fixed(value=text))
            made.append(self._target(str(stage), found, values, request.method))
        return made

    def _preflight(self, stage: str, call: Route) -> Target:
        """What answers a preflight: the gateway, where no route that asks who calls catches it first (facts 9.2).

        A browser sends no credentials with one, so an authorizer of ANY or $default refuses it.
        """
        name = stage.partition("/")[0]
        caught = self.scenario.routes(name).match(call.method, call.example)
        said = self.scenario.apis[name].methods.get(caught.route) if caught else None
        if caught is None or said is None or (said.authorizer is None and said.authorization == "NONE"):
            return Target(self.gateway.row(stage, PREFLIGHT), {})
        refused = reason.UNAUTHORIZED if said.authorizer else reason.MISSING_AUTHENTICATION_TOKEN
        return Target(self.gateway.row(stage, caught.route), {}, refused)

    def _answered(self, stage: str, route: Route) -> Preflight | None:
        """What an HTTP API with CORS makes of a preflight; None: it is a request like any other."""
        if not self.scenario.stage(stage)[0].answers(route):
            return None
        found = self._preflight(stage, route)
        return Preflight(found.method, found.refused)

    def _target(self, stage: str, found: Match, values: Values, verb: str) -> Target:
        """The target of a request that a route serves; behind ANY the verb is part of what is asked for."""
        if found.route.method == ANY:
            values = {**values, VERB: Fixed(value=verb)}
        return Target(self.gateway.row(stage, found.route), values)

    def _asked(self, target: Target) -> Asked:
        """The ids of a target; none where its method is never cached."""
        numbering = self.gateway.numberings.get(target.method)
        return numbering.asked(target.values) if numbering else NOWHERE

    # rows

    def rows(
        self, groups: tuple[KeyGroup, ...], guards: Guards, screens: Mapping[str, Screen]
    ) -> tuple[Client, ...]:
        """The rows of plan.clients; `screens` by name of those whose stage has a web ACL."""
        by_name = {group.name: group for group in groups}
        return tuple(
            replace(self._row(name, client, by_name, guards), screen=screens.get(name))
            for name, client in self.scenario.clients.items()
        )

    def _row(self, name: str, client: SaidClient, groups: dict[str, KeyGroup], guards: Guards) -> Client:
        path: Keys = ("clients", name)
        keys, first_key = _keys(client, groups)
        trace, found = self.traces.get(name), self._reached[name]
        when: Rated | Counted | Listed = NO_ARRIVALS
        if trace is not None:
            when = trace.arrivals
        elif client.users is None:
            when = self._rated(client.arrivals, (*path, "arrivals"))
        if client.calls == FROM_TRACE:
            calls, weights, when = self._trace_calls(name, when)
        else:
            calls = tuple(
                self._call(call, target, (*path, "calls", number), found.stage, found.endpoint)
                for number, (call, target) in enumerate(zip(client.calls, self._targets[name], strict=True))
            )
            weights = laws.cumulative([call.weight for call in client.calls])
        drawn = len(calls)
        calls, browser = self.browsers.rows(name, client, found.stage, found.endpoint, calls, self._answered)
        opens = None
        if client.connections is not None and found.stage is not None:
            here = (*path, "connections")
            opens, calls = connections.rows(
                self.reading, self.gateway, client.connections, found.stage, calls, here
            )
            self._check_many(when, here)
        calls = tuple(replace(call, policies=guards.verdicts(client, call.method)) for call in calls)
        found = self._reached[name]
        paths: tuple[str, ...] = ()
        if any(
            stage and self.scenario.stage(stage)[1].logs_paths
            for stage in self.scenario.stages_of(client.target)
        ):
            if client.calls == FROM_TRACE:
                when, paths = self._traced_paths(name, when)
            else:
                targets = zip(calls[:drawn], client.calls, self._targets[name], strict=True)
                paths_of = [
                    replace(row, path=logged.pieces(said.call.path, at.values)) for row, said, at in targets
                ]
                calls = (*paths_of, *calls[drawn:])
        met = way(self.reading, path, client, found)
        return Client(
            name=name,
            where=self.scenario.where(path),
            stage=NULL if found.stage is None else self.gateway.stages.index(found.stage),
            keys=keys,
            first_key=first_key,
            arrivals=when,
            calls=calls,
            weights=weights,
            rtt=met.rtt,
            timeout_ns=NULL if client.timeout is None else client.timeout,
            retry=retries.row(client),
            trace=trace.report if trace else None,
            identities=guards.identities.get(name),
            handshakes=met.handshakes,
            new_connection=met.new_connection,
            front=met.front,
            untrusted=met.untrusted,
            distribution=met.distribution,
            rtt_to_edge=met.rtt_to_edge,
            addresses=logged.addresses(client),
            base_path=""
            if client.target in self.scenario.records
            else logged.base_path(client.target, found),
            paths=paths,
            users=self._users(client, (*path, "users")),
            connections=opens,
            workers=NULL if client.workers is None else client.workers,
            browser=browser,
        )

    def _check_many(self, when: Rated | Counted | Listed, path: Keys) -> None:
        """Whether an event's id can tell all connections apart."""
        many = arriving(when, self.duration)
        if many > MOST_USERS / 2:  # random ones may be more than their mean
            what = f"about {many:,.0f} connections are opened in the run"
            self.reading.problem(
                path, what, f"{MOST_USERS // 2:,} are the most: make it shorter, or divide the client"
            )

    def _users(self, client: SaidClient, path: Keys) -> Users | None:
        said = client.users
        if said is None:
            return None
        think = self.reading.law(said.think_time, "duration", (*path, "think_time"))
        pause, steps = think, len(client.calls) if said.sessions else 0
        if said.sessions is not None and said.sessions.pause is not None:
            pause = self.reading.law(said.sessions.pause, "duration", (*path, "sessions", "pause"))
        return Users(said.count, said.ramp_up, think, pause, steps)

    def _rated(self, said: Arrivals, path: Keys) -> Rated:
        """The processes of a client, the first with the others superposed on it."""
        rows = []
        for number, stream in enumerate(said.streams):
            here = (*path, "superposition", number) if said.superposition else path
            rows.append(arrivals.rated(self.reading, stream, self.duration, here))
        return replace(rows[0], also=tuple(rows[1:]))

    def _call(self, call: Call, target: Target, path: Keys, stage: str | None, endpoint: str) -> CallRow:
        asked = self._asked(target)
        sent = call.max_age_0
        http = stage is not None and self.scenario.stage(stage)[0].is_http
        said = responses.of_call(call, self.gateway.content_types, endpoint, http=http)
        return CallRow(
            text=str(call.call),
            method=target.method,
            resource_base=asked.resource_base,
            entry_base=asked.entry_base,
            parameters=asked.parameters,
            body=self.reading.law(call.body, "size", (*path, "body")),
            max_age_0=laws.threshold(sent.share),
            max_age_0_authorized=laws.threshold(sent.share * sent.authorized),
            idempotent=call.idempotent,
            format=0 if call.format is None else self._formats[call.format],
            leave=laws.threshold(call.leave),
            **{"refused": target.refused, **said},
        )

    def _trace_calls(
        self, name: str, when: Rated | Counted | Listed
    ) -> tuple[tuple[CallRow, ...], tuple[int, ...], Rated | Counted | Listed]:
        """The calls of a trace, one for each method and verb that it hits, and its arrivals with their calls."""
        import numpy as np

        requests, targets = self.traces[name].requests, self._targets[name]
        assert requests is not None
        assert not isinstance(when, Rated)
        rows: dict[tuple[int, str, int], int] = {}
        picks, resources, entries, sizes = [], [], [], []
        for request, target in zip(requests.distinct, targets, strict=True):
            asked = self._asked(target)
            verb = request.method.upper() if target.method != NULL else ""
            picks.append(rows.setdefault((target.method, verb, target.refused), len(rows)))
            resources.append(asked.resource_base)
            entries.append(asked.entry_base)
            sizes.append(request.size)
        which = requests.which
        columns = [np.array(column, np.int64)[which] for column in (picks, resources, entries, sizes)]
        pick, resource, entry, request_bytes = columns
        nothing = self.reading.nothing("size")
        calls = tuple(
            CallRow(self._text(method, verb), method, 0, 0, (), nothing, 0, 0, verb in SAFE, refused=refused)
            for method, verb, refused in rows
        )
        counts = [Fraction(int(n)) for n in np.bincount(pick, minlength=len(rows))]
        weights = laws.cumulative(counts) if any(counts) else laws.cumulative([Fraction(1)] * len(rows))
        return (
            calls,
            weights,
            replace(when, pick=pick, resource=resource, entry=entry, request_bytes=request_bytes),
        )

    def _traced_paths(
        self, name: str, when: Rated | Counted | Listed
    ) -> tuple[Rated | Counted | Listed, tuple[str, ...]]:
        """The arrivals of a trace with the path of each, and the distinct paths."""
        requests = self.traces[name].requests
        assert requests is not None
        assert not isinstance(when, Rated)
        return replace(when, path=requests.which), tuple(request.path for request in requests.distinct)

    def _text(self, method: int, verb: str) -> str:
        return "(no route)" if method == NULL else f"{verb} {self.gateway.routes[method][1].path}"


def _in_path(found: Match) -> dict[str, ParameterValue]:
    """The values that a concrete path gives to its route's parameters."""
    return {f"path.{name}": Fixed(value=text) for name, text in found.values.items()}


def _keys(client: SaidClient, groups: dict[str, KeyGroup]) -> tuple[Numbered | None, int]:
    """How a client's key is drawn, and the first it may be."""
    said = client.api_key
    if said is None:
        return None, NULL
    if isinstance(said, str):
        return None, groups[said].first
    group = groups[said.from_]
    return numbered(group.count, float(said.zipf.s) if said.zipf else None), group.first
