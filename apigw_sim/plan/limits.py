"""Every limit of a scenario as rows: one Limit for each that is written or defaulted, with the buckets it governs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from apigw_sim import units
from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.history import History
from apigw_sim.plan.periods import resets
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.tables import NULL, Access, Bucket, KeyGroup, Limit, LimitKind, Quota
from apigw_sim.rules.bucket import TOKEN
from apigw_sim.scenario.api import EVERY_METHOD
from apigw_sim.scenario.paths import show_path, split_path
from apigw_sim.scenario.plans import UsagePlan
from apigw_sim.scenario.settings import Throttle

UNITS_PER_RATE = 1000
"""Units per ns that make one request per second."""


class Tap(NamedTuple):
    """What a bucket is in one state of the scenario."""

    rate: int
    full: int
    limit: int


@dataclass
class Limits:
    """The rows of limits, buckets and quotas made so far."""

    reading: Reading
    history: History
    limits: list[Limit] = field(default_factory=list)
    buckets: list[Bucket] = field(default_factory=list)
    quotas: list[Quota] = field(default_factory=list)
    _rows: dict[Keys, int] = field(default_factory=dict)
    _tokens: dict[Keys, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tokens = {split_path(path): n for path, n in self.reading.scenario.initial.tokens.items()}

    def limit(
        self, kind: LimitKind, label: str, keys: Keys, ceiling: str, *, state: int = 0, of: str = ""
    ) -> int:
        """The row of a limit; asked again for the same kind, path and `of`, it is the same row."""
        known: Keys = (int(kind), of, *keys)
        if known not in self._rows:
            self._rows[known] = len(self.limits)
            where = self.reading.where(self.history.place(state, keys))
            self.limits.append(Limit(kind, label, show_path(keys), where, ceiling))
        return self._rows[known]

    def throttle(self, kind: LimitKind, label: str, keys: Keys, throttle: Throttle, state: int) -> Tap:
        """A throttle's row and its bucket's settings in a state; `keys` is the path of the throttle."""
        text = f"{units.show_rate(throttle.rate)} burst {throttle.burst}"
        row = self.limit(kind, f"{label} throttle", (*keys, "rate"), text, state=state)
        return Tap(int(throttle.rate * UNITS_PER_RATE), throttle.burst * TOKEN, row)

    def bucket(self, taps: Sequence[Tap | None], owners: Sequence[str], *throttles: Keys) -> int:
        """Buckets of the same settings, one for each owner: the first one's row, or NULL if there never is a limit.

        `throttles` are the paths under which `initial.tokens` may speak of them, the nearest first.
        """
        first = next((tap for tap in taps if tap is not None), None)
        if first is None:
            return NULL
        base = len(self.buckets)
        tokens = next((self._tokens[keys] * TOKEN for keys in throttles if keys in self._tokens), first.full)
        start, off = min(tokens, first.full), taps[0] is None
        self.buckets += [Bucket(first.limit, first.rate, first.full, start, owner, off) for owner in owners]
        self.history.keep("bucket", range(base, base + len(owners)), taps)
        return base


def account(limits: Limits) -> int:
    """The account's throttle, less what is used elsewhere: its bucket."""
    keys: Keys = ("account", "throttle")
    taps = []
    for number, state in enumerate(limits.history.states):
        throttle = state.account.throttle
        left = throttle.rate - state.account.used_elsewhere.rate
        rest = throttle.model_copy(update={"rate": left})
        taps.append(limits.throttle(LimitKind.ACCOUNT, "account", keys, rest, number))
    return limits.bucket(taps, ["account"], keys)


def elsewhere(limits: Limits, region: str) -> int:
    """The account's throttle in a further Region: its bucket."""
    keys: Keys = ("regions", region, "throttle")
    said = limits.reading.scenario.throttle_in(region)
    tap = limits.throttle(LimitKind.ACCOUNT, f"account {region}", keys, said, 0)
    return limits.bucket([tap] * len(limits.history.states), [f"account {region}"], keys)


def connections(limits: Limits) -> int:
    """The account's throttle of new connections: its bucket; NULL where there is no WebSocket API."""
    if not any(api.is_websocket for api in limits.reading.scenario.apis.values()):
        return NULL
    keys: Keys = ("account", "websocket_connections")
    taps = [
        limits.throttle(
            LimitKind.CONNECTIONS, "new connections", keys, state.account.websocket_connections, number
        )
        for number, state in enumerate(limits.history.states)
    ]
    return limits.bucket(taps, ["new connections"], keys)


def methods(limits: Limits, gateway: Gateway) -> list[int]:
    """The throttles of methods: a bucket for each row of plan.methods, NULL where there never is a throttle.

    The copies of every_method share its Limit, for that is what to change; a method's own throttle has its own.
    """
    taps: dict[int, list[Tap | None]] = {number: [] for number in range(len(gateway.routes))}
    for name in gateway.stages:
        of_stage = [number for number, (at, _) in enumerate(gateway.routes) if at == name]
        for own in (False, True):
            for number in of_stage:
                found = gateway.settings(number)
                taps[number] = taps[number] or [None] * len(found)
                for at, said in enumerate(found):
                    written = said.throttle_from
                    if said.throttle and written and (written != EVERY_METHOD) == own:
                        keys = (*_settings(name), written, "throttle")
                        taps[number][at] = limits.throttle(
                            LimitKind.METHOD, f"{name} {written}", keys, said.throttle, at
                        )
    return [
        limits.bucket(taps[number], [str(route)],
                      *((*_settings(name), method, "throttle") for method in (str(route), EVERY_METHOD)))
        for number, (name, route) in enumerate(gateway.routes)
    ]  # fmt: skip


def _settings(name: str) -> Keys:
    api, _, stage = name.partition("/")
    return ("apis", api, "stages", stage, "method_settings")


def keys(limits: Limits, gateway: Gateway, duration: int) -> tuple[KeyGroup, ...]:
    """The API keys with what their usage plans hold for them."""
    groups: list[KeyGroup] = []
    first = 0
    for name, key in limits.reading.scenario.api_keys.items():
        owners = [name] if key.count == 1 else [f"{name}[{number}]" for number in range(key.count)]
        access: dict[int, Access] = {}
        for plan in dict.fromkeys(key.plans):
            for stage, held in _access(limits, gateway, plan, name, owners, duration).items():
                access.setdefault(stage, held)
        groups.append(KeyGroup(name, first, key.count, access))
        first += key.count
    return tuple(groups)


def _access(
    limits: Limits, gateway: Gateway, plan: str, key: str, owners: list[str], duration: int
) -> dict[int, Access]:
    """What a plan holds for a group of keys, by row of plan.stages: a bucket and a quota a key, over all its stages."""
    by_method = limits.reading.scenario.assumptions.usage_plan_bucket == "key_and_method"
    path: Keys = ("usage_plans", plan)
    plans = limits.history.each(lambda state: state.usage_plans[plan])
    of_keys = [
        limits.throttle(LimitKind.PLAN, f"plan {plan}", (*path, "throttle"), body.throttle, at)
        if body.throttle
        else None
        for at, body in enumerate(plans)
    ]
    shared = NULL if by_method else limits.bucket(of_keys, owners, (*path, "throttle"))
    quota = _quota(limits, plan, plans, key, owners, duration)
    made: dict[int, Access] = {}
    for stage in plans[0].stages:
        access = made[gateway.stages.index(stage)] = Access(plan, {}, {}, quota)
        for number, (name, route) in enumerate(gateway.routes):
            if name != stage or not gateway.ever_needs_key(number):
                continue
            each = [f"{owner} {route}" for owner in owners]
            base = limits.bucket(of_keys, each, (*path, "throttle")) if by_method else shared
            if base != NULL:
                access.plan_bucket[number] = base
            keys: Keys = (*path, "stages", stage, str(route))
            label = f"plan {plan} {stage} {route}"
            said = [
                {str(r): throttle for r, throttle in body.stages[stage].items()}.get(str(route))
                for body in plans
            ]
            taps = [
                limits.throttle(LimitKind.PLAN_METHOD, label, keys, throttle, at) if throttle else None
                for at, throttle in enumerate(said)
            ]
            base = limits.bucket(taps, each, keys)
            if base != NULL:
                access.method_bucket[number] = base
    return made


def _quota(
    limits: Limits, plan: str, plans: list[UsagePlan], key: str, owners: list[str], duration: int
) -> int:
    """The quotas of a group of keys: the first one's row, or NULL."""
    scenario = limits.reading.scenario
    path: Keys = ("usage_plans", plan, "quota")
    said = plans[0].quota
    if said is None:
        return NULL
    row = limits.limit(
        LimitKind.QUOTA, f"plan {plan} quota", (*path, "limit"), f"{said.limit} per {said.period}"
    )
    begins = resets(said.period, scenario.run.start, duration, scenario.assumptions.quota_week_starts)
    used = said.offset + scenario.initial.quota_used.get(key, 0)
    base = len(limits.quotas)
    limits.quotas += [Quota(row, said.limit, used, begins, owner) for owner in owners]
    requests = [(body.quota.limit,) for body in plans if body.quota]
    limits.history.keep("quota", range(base, base + len(owners)), requests)
    return base
