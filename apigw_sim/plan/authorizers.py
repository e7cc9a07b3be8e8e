"""Authorizers and identities of a scenario as rows, and what resource policies say of each client's calls."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import accumulate

from apigw_sim import quotas
from apigw_sim.plan import laws
from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.guards import Authorizer, Identities
from apigw_sim.plan.numbering import MOST_ENTRIES
from apigw_sim.plan.reading import Keys, Reading, numbered
from apigw_sim.plan.tables import NULL
from apigw_sim.rules import authorization as rule
from apigw_sim.scenario.api import Api, Method
from apigw_sim.scenario.clients import Client as SaidClient
from apigw_sim.scenario.clients import Identities as SaidIdentities
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.security import Statement, judged

VERDICTS = {"Allow": rule.ALLOWS, "Deny": rule.DENIES, "neither": rule.SILENT}
IAM = "AWS_IAM"
KINDS = {
    "TOKEN": rule.LAMBDA, "REQUEST": rule.LAMBDA, "COGNITO_USER_POOLS": rule.COGNITO, "JWT": rule.JWT,
}  # fmt: skip
Policy = tuple[Statement, ...]
MOST_POLICIES = 31
"""Two bits each of a word, with that there is none."""


class Guards:
    """Which authorizer stands before each method, and whom each client is taken for; rows are made as they are met."""

    def __init__(self, reading: Reading, gateway: Gateway, backends: dict[str, int]) -> None:
        """`backends` gives the row of functions.NAME."""
        self.reading = reading
        self.gateway = gateway
        self.scenario = reading.scenario
        self.backends = backends
        self.policies = self._policies()
        """By API: the resource policies that it ever has, behind None."""
        self.identities: dict[str, Identities] = {}
        self.total = 0
        """Identities over all clients."""
        guarded = self._guarded()
        for name, client in self.scenario.clients.items():
            if self.scenario.reached(client.target).stage in guarded:
                self.identities[name] = self._identities(client)
        self.rows: list[Authorizer] = []
        """The rows of plan.authorizers."""
        self.grants = 0
        """Possible results that they cache."""
        self._known: dict[Keys, int] = {}
        self._caches: dict[Keys, int] = {}
        """Where the results of an authorizer stand: deployments share them."""

    def _policies(self) -> dict[str, list[Policy | None]]:
        found: dict[str, list[Policy | None]] = {name: [None] for name in self.scenario.apis}
        for name, made in self.gateway.history.released[-1].made.items():
            found[name] += dict.fromkeys(one.api.resource_policy for one in made if one.api.resource_policy)
        for name, several in found.items():
            if len(several) > MOST_POLICIES:
                what = f"{len(several) - 1} different resource policies"
                self.reading.problem(("apis", name), what, f"{MOST_POLICIES - 1} in a run are the most")
        return found

    def _guarded(self) -> set[str]:
        """Stages that at some time have a method before which something stands."""
        return {
            stage
            for released in self.gateway.history.released
            for stage, pointer in released.stages.items()
            for deployment in (pointer.active, pointer.canary)
            if deployment and any(map(partial(self._is_guarded, deployment.api), deployment.methods.values()))
        }

    @staticmethod
    def _is_guarded(api: Api, method: Method) -> bool:
        """Whether anything stands before a method's API key."""
        own = method.authorizer is not None or method.authorization != "NONE"
        return own or api.resource_policy is not None or api.api_key_source == "AUTHORIZER"

    def _identities(self, client: SaidClient) -> Identities:
        said = client.identities or SaidIdentities()
        edges = [laws.threshold(min(share, Fraction(1))) for share in accumulate(said.shares)]
        which = numbered(said.count, float(said.zipf.s) if said.zipf else None)
        first, self.total = self.total, self.total + said.count
        return Identities(which, first, *edges)

    # rows

    def before(self, number: int, api: Api, method: Method) -> int:
        """The row of what stands before a method as one deployment has it; NULL: nothing does."""
        stage = self.gateway.routes[number][0]
        if not self._is_guarded(api, method):
            return NULL
        said = self.scenario.authorizers[method.authorizer] if method.authorizer is not None else None
        cache: Keys = (stage, method.authorizer or method.authorization)
        if said is not None and said.by_method:
            cache = (*cache, number)
        policy = self.policies[stage.partition("/")[0]].index(api.resource_policy)
        gives = api.api_key_source == "AUTHORIZER"
        if self.gateway.ever_needs_key(number) and not method.api_key_required:
            gives = False  # other deployments ask for a key
        key: Keys = (*cache, policy, int(gives))
        if key not in self._known:
            self._known[key] = len(self.rows)
            row = self._row(number, api, method, policy, gives, self._caches.get(cache, self.grants))
            self.rows.append(row)
            if row.ttl_ns and cache not in self._caches:
                self._caches[cache] = self.grants
                self.grants += self.total
            if self.grants > MOST_ENTRIES:
                self.reading.problem(
                    ("authorizers",), f"authorizers could cache {self.grants:,} different results",
                    f"{MOST_ENTRIES:,} (2^26) are the most: let clients have fewer identities",
                )  # fmt: skip
        return self._known[key]

    def _row(
        self, number: int, api: Api, method: Method, policy: int, gives: bool, first_entry: int
    ) -> Authorizer:
        stage = self.gateway.routes[number][0]
        assumed = self.scenario.assumptions
        time = self.reading.law(assumed.authorization_time, "duration", ("assumptions", "authorization_time"))
        service = self.reading.law(assumed.lambda_overhead, "duration", ("assumptions", "lambda_overhead"))
        keys: Keys = (*self.gateway.path(number), "authorization")
        kind, name, backend, ttl, needs, caught, one = rule.NO_AUTHORIZER, "", NULL, 0, False, 0, False
        if method.authorizer is not None:
            said = self.scenario.authorizers[method.authorizer]
            keys, name, ttl = ("authorizers", method.authorizer), method.authorizer, said.ttl
            kind = KINDS[said.type]
            needs = said.type != "REQUEST" or said.ttl > 0
            if api.is_http:
                kind = rule.SIMPLE if said.simple_responses else kind
                ttl, needs = ttl if said.is_lambda else 0, bool(said.sources)
            caught = laws.threshold(said.validation)
            one = said.policy == "called_method"
            if said.function is not None:
                backend = self.backends[f"functions.{said.function}"]
        elif method.authorization == IAM:
            kind, name = rule.IAM, IAM
        else:
            keys = ("apis", stage.partition("/")[0], "resource_policy")
        return Authorizer(
            kind=kind,
            name=name,
            path=show_path(keys),
            where=self.reading.where(keys),
            stage=self.gateway.stages.index(stage),
            backend=backend,
            time=time,
            service=service,
            ttl_ns=ttl,
            needs_identity=needs,
            caught=caught,
            one_method=one,
            policy=policy,
            gives_key=gives,
            wait_ns=quotas.count("http_authorizer_wait") if api.is_http else assumed.authorizer_wait,
            first_entry=first_entry,
        )

    def verdicts(self, client: SaidClient, method: int) -> tuple[int, ...]:
        """What each resource policy of its API says of a client's requests to a method."""
        if method == NULL:
            return ()
        stage, route = self.gateway.routes[method]
        return tuple(
            rule.NO_POLICY
            if said is None
            else VERDICTS[judged(said, route, client.address, client.vpc_endpoint)]
            for said in self.policies[stage.partition("/")[0]]
        )
