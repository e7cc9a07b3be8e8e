"""Cross references of deployments: changes to APIs, what is deployed where, and canaries, in the order of time."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from apigw_sim.scenario.api import REST, Api, Method
from apigw_sim.scenario.base import dump, propose
from apigw_sim.scenario.check_fronts import check_private
from apigw_sim.scenario.check_http import OF_API, OWNER, check_route
from apigw_sim.scenario.check_security import (
    check_authorization,
    check_key_source,
    check_origins,
    check_policy,
)
from apigw_sim.scenario.check_websocket import OF_WEBSOCKET
from apigw_sim.scenario.checks import Report, check_lacks, check_method
from apigw_sim.scenario.deployments import ApiChange, Released, changed
from apigw_sim.scenario.routes import Route
from apigw_sim.scenario.timeline import Entry
from apigw_sim.scenario.tree import Keys
from apigw_sim.scenario.validate import items


class Deploys:
    """The deployments of a timeline, each upon what the ones before it left."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.released = Released.first(report.scenario.apis)

    def check(self, number: int, entry: Entry, state: dict[str, Any]) -> None:
        """One entry; `state` is the scenario as plain data, which what is set later is held against."""
        keys: Keys = ("timeline", number)
        self._check_words(keys, entry)
        if entry.change is not None:
            self._change((*keys, "change"), entry.change)
        for verb in ("deploy", "promote_canary", "remove_canary", "roll_back"):
            stage = getattr(entry, verb)
            if stage is not None and self.report.stage((*keys, verb), stage):
                self._move((*keys, verb), verb, stage, entry)
                self._settle(stage, entry, state)

    def _check_words(self, keys: Keys, entry: Entry) -> None:
        say = self.report.say
        if entry.to is not None:
            known = (
                ["canary", "stage"]
                if entry.deploy
                else ["the number of a deployment"]
                if entry.roll_back
                else []
            )
            if not known:
                say((*keys, "to"), "to belongs to deploy and roll_back", "leave it out")
            elif isinstance(entry.to, int) == (entry.deploy is not None):
                say((*keys, "to"), f"{entry.to} is no place for it", f"write {' or '.join(known)}")
        if entry.canary is not None and entry.deploy is None:
            say((*keys, "canary"), "canary belongs to deploy", "write deploy: api/stage beside it")

    def _change(self, keys: Keys, change: ApiChange) -> None:
        report = self.report
        if not report.refer((*keys, "api"), change.api, ("apis",), report.scenario.apis, "API"):
            return
        api = self.released.working[change.api]
        working, given = dict(api.methods), change.settings
        if not change.methods and not change.remove and not given:
            report.say(
                keys, "nothing changes", "write methods: {METHOD /path: {...}}, or remove: [METHOD /path]"
            )
        api = api.model_copy(update=given)
        if api.is_http:
            check_lacks(report, keys, ("apis", change.api), change, OF_API, OWNER)
        if api.is_websocket:
            check_lacks(report, keys, ("apis", change.api), change, *OF_WEBSOCKET)
        if "resource_policy" in given:
            check_private(report, keys, api)
        if change.resource_policy:
            check_policy(report, (*keys, "resource_policy"), change.api, change.resource_policy)
            check_origins(report, change.api, change.resource_policy, (*keys, "resource_policy"))
        for number, route in enumerate(change.remove):
            if route not in working:
                fix = propose(str(route), map(str, working)) or "leave it out"
                report.say((*keys, "remove", number), f"{change.api} has no method '{route}'", fix)
        for route, said in change.methods.items():
            self._check_changed((*keys, "methods", str(route)), working, route, said, api)
        good = {route: said for route, said in change.methods.items() if self._reads(working, route, said)}
        there = tuple(route for route in change.remove if route in working or route in good)
        self.released = self.released.changed(change.model_copy(update={"methods": good, "remove": there}))
        if "api_key_source" in given:
            for route, method in self.released.working[change.api].methods.items():
                if route not in good:
                    check_key_source(report, (*keys, "api_key_source"), api, method, whose=str(route))

    def _reads(self, working: dict[Route, Method], route: Route, said: Any) -> bool:
        try:
            changed(working.get(route), said)
        except ValidationError:
            return False
        return True

    def _check_changed(
        self, keys: Keys, working: dict[Route, Method], route: Route, said: Any, api: Api
    ) -> None:
        before = working.get(route)
        try:
            after = changed(before, said)
        except ValidationError as error:
            base: Keys = ("apis", "X", "methods", str(route))
            for line in error.errors(include_url=False):
                for item in items(line, base):
                    self.report.say((*keys, *item.keys[len(base) :]), item.what, item.fix)
            return
        check_method(self.report, keys, api, route, after)
        check_authorization(self.report, keys, api, after)
        check_route(self.report, keys, api, route, after)

    def _move(self, keys: Keys, verb: str, stage: str, entry: Entry) -> None:
        if stage in self.released.automatic:
            what = f"{stage} deploys by itself: what changes acts at once, and nothing else moves it"
            self.report.say(keys, what, "leave the entry out, or write auto_deploy: false at the stage")
        elif entry.canary is not None and self.report.scenario.stage(stage)[0].type != REST:
            kind = self.report.scenario.stage(stage)[0].article
            self.report.say((*keys[:-1], "canary"), f"{kind} has no canary releases", "leave it out")
        elif verb == "deploy":
            self._deploy(keys, stage, entry)
        elif verb == "roll_back":
            self._roll_back(keys, stage, entry)
        elif self._has_canary(keys, stage):
            gone = verb == "remove_canary"
            self.released = self.released.without_canary(stage) if gone else self.released.promoted(stage)

    def _deploy(self, keys: Keys, stage: str, entry: Entry) -> None:
        has = self.released.stages[stage].canary is not None
        if entry.canary is not None and has:
            self.report.say(
                (*keys[:-1], "canary"), f"{stage} has a canary already",
                "leave canary out: the deployment goes to the canary there is; or remove_canary first",
            )  # fmt: skip
        elif entry.to == "canary" and not has and entry.canary is None:
            fix = "write canary: {traffic: 5 %} beside deploy, or give the stage one from the start"
            self.report.say((*keys[:-1], "to"), f"{stage} has no canary", fix)
        elif entry.to == "stage" and (has or entry.canary is not None):
            what = f"{stage} has a canary, and AWS sends a new deployment to the canary while there is one"
            self.report.say(
                (*keys[:-1], "to"), what, "write to: canary, or promote or remove the canary first"
            )
        if entry.canary is not None and not has:
            self.released = self.released.with_canary(stage)
        self.released = self.released.deployed(stage)

    def _has_canary(self, keys: Keys, stage: str) -> bool:
        if self.released.stages[stage].canary is not None:
            return True
        self.report.say(keys, f"{stage} has no canary then", "deploy one before, or leave the entry out")
        return False

    def _roll_back(self, keys: Keys, stage: str, entry: Entry) -> None:
        pointer, made = self.released.stages[stage], self.released.made[stage.partition("/")[0]]
        if isinstance(entry.to, int) and entry.to > len(made):
            there = (
                f"there are {len(made)} deployments then" if len(made) > 1 else "there is one deployment then"
            )
            self.report.say((*keys[:-1], "to"), f"no deployment {entry.to}", there)
        elif not isinstance(entry.to, int) and not pointer.earlier:
            self.report.say(
                keys, f"{stage} has had no other deployment before then",
                "deploy to it first; a canary is taken back by remove_canary",
            )  # fmt: skip
        else:
            self.released = self.released.rolled_back(stage, entry.to if isinstance(entry.to, int) else None)

    def _settle(self, stage: str, entry: Entry, state: dict[str, Any]) -> None:
        """What later `set` entries find of the stage's canary."""
        api, _, name = stage.partition("/")
        if not state:
            return
        here = state["apis"][api]["stages"][name]
        if entry.deploy is not None and entry.canary is not None:
            here["canary"] = dump(entry.canary)
        elif entry.remove_canary is not None:
            here.pop("canary", None)
