"""Browsers: before a call that is not simple they ask by a preflight, and remember the permission for a while."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from apigw_sim.draws import Group
from apigw_sim.engine.model.attempt import RETRY, Attempt
from apigw_sim.engine.model.clock import Journey, Wait
from apigw_sim.engine.model.process import ANSWER, TIMEOUT
from apigw_sim.engine.order import Hop
from apigw_sim.records import NULL, PREFLIGHT, CallOutcome
from apigw_sim.rules import pick

if TYPE_CHECKING:
    from apigw_sim.engine.model.caller import Caller

FAILED = int(CallOutcome.PREFLIGHT_FAILED)


class Preflight(Attempt):
    """An OPTIONS request that asks for another; it is sent like any, and no retry follows it."""

    __slots__ = ("asks_for", "browsers")
    asks_for: Attempt
    browsers: Browsers

    def answered(self) -> None:
        """The answer is on its way to the browser."""
        self._hears(self.clock.now + self.rtt - self.rtt // 2, ANSWER, self.status)

    def give_up(self) -> None:
        """The browser waits no longer."""
        self.gone = True
        self._hears(self.limit, TIMEOUT, NULL)

    def _hears(self, at: int, rank: int, status: int) -> None:
        if self.notes is not None:
            got = (
                "has permission and sends what it asked for"
                if 200 <= status < 300
                else "has none, and its call fails"
            )
            self.notes.append((at, f"the browser {got}"))
        if at > self.clock.now:
            Journey(self.clock, self._heard(at, rank, status)).go()
        else:
            self.browsers.heard(self, status)

    def _heard(self, at: int, rank: int, status: int) -> Generator[Wait, None, None]:
        yield at, rank + self.id + Hop.HEARD
        self.browsers.heard(self, status)


class Browsers:
    """Those of a client, or that of one of its users."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.clock = caller.clock
        self.permitted = caller.model.permitted
        said = caller.client.browser
        assert said is not None
        self.row = said

    def send(self, attempt: Attempt) -> None:
        """A request would leave: it does if its browser has permission or needs none, else a preflight does."""
        call = self.caller.client.calls[attempt.call[1]]
        if call.preflight == NULL or self.permitted.get(self.permission(attempt), 0) > self.clock.now:
            self.caller.send(attempt)
            return
        number = attempt.number + PREFLIGHT
        drawn = self.caller.stream.send(attempt.call[0], number, call.preflight)
        asking = Preflight(
            self.caller, (attempt.call[0], call.preflight, NULL, 0, 0, 0), number, drawn, None, None
        )
        asking.asks_for, asking.browsers = attempt, self
        self.later(asking)

    def permission(self, attempt: Attempt) -> int:
        """The number of the permission that an attempt needs, over all clients."""
        caller = self.caller
        browser = caller.user - 1
        if not caller.user:
            browser = pick.uniform(attempt.words(Group.BROWSER, 0)[0], self.row.count)
        call = caller.client.calls[attempt.call[1]]
        return self.row.first + browser * self.row.each + call.permission + attempt.call[3]

    def heard(self, asking: Preflight, status: int) -> None:
        """The browser has the answer to a preflight, or (NULL) none in time: what was asked for is sent, or it fails."""
        attempt, now = asking.asks_for, self.clock.now
        if 200 <= status < 300:
            where = self.permission(attempt)
            self.permitted[where] = max(self.permitted.get(where, 0), now + self.row.max_age_ns)
            self.later(attempt)
        else:
            attempt.number -= 1
            self.caller.end(attempt, now, NULL, FAILED)

    def later(self, attempt: Attempt) -> None:
        """Send something now, among what clients send at this instant."""
        Journey(self.clock, self._sends(attempt)).go()

    def _sends(self, attempt: Attempt) -> Generator[Wait, None, None]:
        yield self.clock.now, RETRY + attempt.id
        attempt.restart()
        self.caller.send(attempt)
