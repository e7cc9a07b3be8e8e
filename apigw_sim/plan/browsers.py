"""Browsers: which calls they ask for first, what answers the preflight, and how permissions are numbered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.plan.numbering import MOST_ENTRIES
from apigw_sim.plan.reading import Reading
from apigw_sim.plan.responses import too_large
from apigw_sim.plan.tables import NULL, Browser, CallRow
from apigw_sim.rules import reason
from apigw_sim.scenario.clients import Call
from apigw_sim.scenario.clients import Client as SaidClient
from apigw_sim.scenario.routes import Route

if TYPE_CHECKING:
    from apigw_sim.plan.gateway import Gateway


class Target(NamedTuple):
    """What answers a preflight: the row of its method (NULL: none), and why it is refused instead."""

    method: int
    refused: int = NULL


class Browsers:
    """The permissions of all clients that are browsers."""

    def __init__(self, reading: Reading, gateway: Gateway) -> None:
        self.reading = reading
        self.gateway = gateway
        self.scenario = reading.scenario
        self.permissions = 0

    def rows(
        self, name: str, client: SaidClient, stage: str | None, endpoint: str, calls: tuple[CallRow, ...],
        own: Callable[[str, Route], Target | None],
    ) -> tuple[tuple[CallRow, ...], Browser | None]:  # fmt: skip
        """A client's calls with their preflights behind them; `own` is what an API answers itself.

        A preflight has the URL of its call, and none of its headers.
        """
        said = client.browser
        if said is None or client.calls == "from_trace":
            return calls, None
        begins: dict[int, int] = {}
        made: list[CallRow] = []
        each = 0
        asked: list[CallRow] = list(calls)
        http = stage is not None and self.scenario.stage(stage)[0].is_http
        for number, (row, call) in enumerate(zip(calls, client.calls, strict=True)):
            assert isinstance(call, Call)
            if call.is_simple and not self._carries(client, row):
                continue
            if row.method not in begins:
                begins[row.method] = each
                numbering = self.gateway.numberings.get(row.method)
                each += numbering.resources.size if numbering else 1
            asked[number] = replace(row, preflight=len(calls) + len(made), permission=begins[row.method])
            route = Route("OPTIONS", call.call.path)
            target = (own(stage, route) or self._target(stage, route)) if stage is not None else Target(NULL)
            long = too_large(call.url_size, 0, endpoint, http=http)
            refused = target.refused if long == NULL else long
            nothing = self.reading.nothing("size")
            made.append(CallRow(str(route), target.method, 0, 0, (), nothing, 0, 0, True, refused=refused))
        count = client.users.count if client.users is not None else said.count
        if count * each > MOST_ENTRIES:
            self.reading.problem(
                ("clients", name, "browser"),
                f"{count:,} browsers that may remember {each:,} permissions each",
                f"{MOST_ENTRIES:,} (2^26) are the most together: write fewer browsers, or draw fewer paths",
            )
            return calls, None
        first, self.permissions = self.permissions, self.permissions + count * each
        kept = min(said.max_age, self.scenario.assumptions.browser_max_age)
        return (*asked, *made), Browser(count, kept, first, each)

    def _carries(self, client: SaidClient, row: CallRow) -> bool:
        """Whether a call carries an API key or credentials, in headers that are not simple."""
        if client.api_key is not None:
            return True
        if row.method == NULL:
            return False
        said = self.gateway.said(row.method)
        return said.authorizer is not None or said.authorization != "NONE"

    def _target(self, stage: str, route: Route) -> Target:
        """What serves a preflight where the API does not answer it itself; a browser sends no credentials with one."""
        found = self.gateway.table(stage).match(route.method, route.example)
        if found is None:
            return Target(NULL)
        row = self.gateway.row(stage, found.route)
        said = self.gateway.said(row)
        if said.authorizer is not None:
            return Target(row, reason.UNAUTHORIZED)
        return Target(row, NULL if said.authorization == "NONE" else reason.MISSING_AUTHENTICATION_TOKEN)
