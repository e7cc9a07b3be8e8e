"""Deployments: what a change to an API is, what a stage points to, and what each verb of the timeline makes of it.

A deployment is a snapshot of an API, its methods and its own settings; a stage points to one, and while it has a canary,
the canary to another (facts 8). What is changed acts on no stage before it is deployed to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.scenario.api import KINDS, OF_CUSTOM, Api, Canary, Method, RouteName, Stage
from apigw_sim.scenario.base import Bad, Leaf, Part, dump, nested, nested_list
from apigw_sim.scenario.quantities import Name, one_of
from apigw_sim.scenario.responses import ContentType, GatewayResponse, ResponseType
from apigw_sim.scenario.routes import Route
from apigw_sim.scenario.security import Statement

VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
"""How an integration refers to a stage variable."""
SETTINGS = ("api_key_source", "resource_policy", "gateway_responses", "binary_media_types")
"""What of an API itself acts by deployment, beside its methods (facts 8)."""


def _read_changed(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Bad(
            f"{units.show(value)} where a mapping belongs",
            "write what changes, such as {integration: {timeout: 5 s}}",
        )
    return value


Changed = Annotated[Mapping[str, Any], Leaf(_read_changed, dict, lambda: {"type": "object"})]


def _read_policy(value: object) -> tuple[Statement, ...] | Literal[False]:
    if value is False:
        return False
    if not isinstance(value, list | tuple):
        raise Bad(
            f"{units.show(value)} is neither false nor a list of statements",
            "write [{effect: Allow}], or false for none",
        )
    return nested_list(Statement, value)


Policy = Annotated[
    tuple[Statement, ...] | Literal[False],
    Leaf(
        _read_policy,
        lambda value: value if value is False else [dump(statement) for statement in value],
        lambda: {"const": False},
        lists=(Statement,),
    ),
]


class ApiChange(Part):
    """A change to an API's working copy; it does nothing until it is deployed, where stages do not deploy themselves."""

    api: Name = Field(description="the API that changes", examples=["api"])
    methods: dict[RouteName, Changed] = Field(
        {}, description="what changes, by route, field by field; a route that is not there yet is added"
    )
    remove: tuple[RouteName, ...] = Field((), description="routes that are taken out")
    api_key_source: (
        Annotated[Literal["HEADER", "AUTHORIZER"], one_of("HEADER", "AUTHORIZER", noun="source of API keys")]
        | None
    ) = Field(None, description="where API keys come from")
    resource_policy: Policy | None = Field(
        None, description="the whole resource policy, in the place of the one there is; false: none"
    )
    gateway_responses: dict[ResponseType, GatewayResponse] | None = Field(
        None, description="all gateway responses, in the place of those there are; {}: AWS's defaults"
    )
    binary_media_types: tuple[ContentType, ...] | None = Field(
        None, description="all binary media types, in the place of those there are"
    )

    later: ClassVar[Mapping[str, str]] = {
        "stages": "is no change to the API: stage settings act at once; write set: {apis.API.stages....: VALUE}"
    }

    def text(self) -> str:
        """What changes, for people."""
        gone = (f"without {route}" for route in self.remove)
        return ", ".join([*map(str, self.methods), *gone, *self.settings])

    @property
    def settings(self) -> dict[str, Any]:
        """What becomes of the API's own settings, as the API has them."""
        said = {name: getattr(self, name) for name in SETTINGS}
        given = {name: value for name, value in said.items() if value is not None}
        return {name: None if value is False else value for name, value in given.items()}


def changed(method: Method | None, said: Mapping[str, Any]) -> Method:
    """A method with some of its fields changed, to any depth; another kind of integration replaces the one it has."""
    base: dict[str, Any] = {} if method is None else dump(method)
    integration = said.get("integration")
    kind_given = isinstance(integration, Mapping) and any(kind in integration for kind in KINDS)
    if isinstance(integration, Mapping) and kind_given and isinstance(base.get("integration"), dict):
        same = any(kind in integration and kind in base["integration"] for kind in KINDS)
        gone = KINDS if same else (*KINDS, *OF_CUSTOM)
        base["integration"] = {k: v for k, v in base["integration"].items() if k not in gone}
    return nested(Method, _merged(base, said))


def _merged(base: Any, said: Any) -> Any:
    if not isinstance(base, Mapping) or not isinstance(said, Mapping):
        return said
    return {**base, **{key: _merged(base.get(key), value) for key, value in said.items()}}


def resolved(text: str, variables: Mapping[str, str]) -> str | None:
    """What an integration's target is on a stage; None: it names a variable that the stage does not have."""
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        missing |= found[1] not in variables
        return variables.get(found[1], "")

    made = VARIABLE.sub(value, text)
    return None if missing else made


@dataclass(frozen=True)
class Deployment:
    """A snapshot of an API."""

    number: int
    """From 1, within its API."""
    api: Api

    @property
    def methods(self) -> Mapping[Route, Method]:
        """Its methods, with what stands for the preflights that an HTTP API answers itself."""
        return self.api.served


@dataclass(frozen=True)
class Pointer:
    """What a stage points to."""

    active: Deployment
    canary: Deployment | None
    """None: the stage has no canary."""
    earlier: tuple[Deployment, ...] = ()
    """What it pointed to before, the latest last."""

    def to(self, deployment: Deployment) -> Pointer:
        """Point the stage to another deployment."""
        return replace(self, active=deployment, earlier=(*self.earlier, self.active))


@dataclass(frozen=True)
class Released:
    """The working copies of all APIs, and what each stage points to."""

    working: Mapping[str, Api]
    stages: Mapping[str, Pointer]
    made: Mapping[str, tuple[Deployment, ...]] = field(default_factory=dict)
    """All deployments of each API, in the order of their numbers."""
    automatic: frozenset[str] = frozenset()
    """Stages of HTTP APIs to which a change is deployed at once."""

    @classmethod
    def first(cls, apis: Mapping[str, Api]) -> Released:
        """As a run starts: every stage, and every canary, points to the first deployment of its API."""
        made = {name: (Deployment(1, api),) for name, api in apis.items()}
        stages = {
            f"{name}/{stage}": Pointer(made[name][0], made[name][0] if body.canary else None)
            for name, api in apis.items()
            for stage, body in api.stages.items()
        }
        automatic = frozenset(
            f"{name}/{stage}"
            for name, api in apis.items()
            for stage in api.stages
            if api.deploys_itself(stage)
        )
        return cls(apis, stages, made, automatic)

    def changed(self, change: ApiChange) -> Released:
        """The working copy of an API with a change in it; where stages deploy by themselves, they point to it."""
        api = self.working[change.api]
        methods = dict(api.methods)
        for route, said in change.methods.items():
            methods[route] = changed(methods.get(route), said)
        for route in change.remove:
            methods.pop(route, None)
        api = api.model_copy(update={"methods": methods, **change.settings})
        after = replace(self, working={**self.working, change.api: api})
        itself = [
            name for name in self.stages if name in self.automatic and name.partition("/")[0] == change.api
        ]
        if not itself:
            return after
        new = Deployment(len(self.made[change.api]) + 1, api)
        return replace(
            after,
            made={**self.made, change.api: (*self.made[change.api], new)},
            stages={**self.stages, **{name: self.stages[name].to(new) for name in itself}},
        )

    def deployed(self, stage: str) -> Released:
        """A new deployment of the stage's API: to its canary while it has one, else to the stage."""
        api, pointer = stage.partition("/")[0], self.stages[stage]
        new = Deployment(len(self.made[api]) + 1, self.working[api])
        made = {**self.made, api: (*self.made[api], new)}
        pointer = pointer.to(new) if pointer.canary is None else replace(pointer, canary=new)
        return replace(self, made=made, stages={**self.stages, stage: pointer})

    def with_canary(self, stage: str) -> Released:
        """A canary on a stage, which points to what the stage points to until something is deployed to it."""
        pointer = self.stages[stage]
        return replace(self, stages={**self.stages, stage: replace(pointer, canary=pointer.active)})

    def promoted(self, stage: str) -> Released:
        """The stage points to its canary's deployment; the canary stays (facts 8)."""
        pointer = self.stages[stage]
        assert pointer.canary is not None
        return replace(self, stages={**self.stages, stage: pointer.to(pointer.canary)})

    def without_canary(self, stage: str) -> Released:
        """The canary is gone."""
        return replace(self, stages={**self.stages, stage: replace(self.stages[stage], canary=None)})

    def rolled_back(self, stage: str, to: int | None) -> Released:
        """The stage points to an older deployment: the one before, or the one of that number."""
        pointer, made = self.stages[stage], self.made[stage.partition("/")[0]]
        older = pointer.earlier[-1] if to is None else made[to - 1]
        return replace(self, stages={**self.stages, stage: pointer.to(older)})


def promoted(stage: Stage) -> Stage:
    """A stage's settings after its canary was promoted: the overrides are its own, and the canary gets 0 %."""
    assert stage.canary is not None
    quiet = stage.canary.model_copy(update={"traffic": 0 * stage.canary.traffic})
    return stage.model_copy(
        update={"variables": {**stage.variables, **stage.canary.variables}, "canary": quiet}
    )


def settings(stages: Mapping[str, Stage], name: str, verb: str, canary: Canary | None) -> dict[str, Stage]:
    """The settings of an API's stages after a verb of the timeline at one of them."""
    body = stages[name]
    if verb == "promote_canary":
        body = promoted(body)
    elif verb == "remove_canary" or canary is not None:
        body = body.model_copy(update={"canary": canary})
    return {**stages, name: body}
