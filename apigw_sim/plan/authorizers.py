"""Authorizers and identities of a scenario as rows, and what resource policies say of each client's calls."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from apigw_sim import quotas
from apigw_sim.plan import laws
from apigw_sim.plan.gateway import Gateway
from apigw_sim.plan.guards import Authorizer, Identities
from apigw_sim.plan.numbering import MOST_ENTRIES
from apigw_sim.plan.reading import Keys, Reading, numbered
from apigw_sim.plan.tables import NULL
from apigw_sim.rules import authorization as rule
from apigw_sim.scenario.api import Method
from apigw_sim.scenario.clients import Client as SaidClient
from apigw_sim.scenario.clients import Identities as SaidIdentities
from apigw_sim.scenario.paths import show_path
from apigw_sim.scenario.security import judged

VERDICTS = {"Allow": rule.ALLOWS, "Deny": rule.DENIES, "neither": rule.SILENT}
IAM = "AWS_IAM"
KINDS = {
    "TOKEN": rule.LAMBDA, "REQUEST": rule.LAMBDA, "COGNITO_USER_POOLS": rule.COGNITO, "JWT": rule.JWT,
}  # fmt: skip


class Guards:
    """Which authorizer stands before each method, and whom each client is taken for; rows are made as they are met."""

    def __init__(self, reading: Reading, gateway: Gateway, backends: dict[str, int]) -> None:
        """`backends` gives the row of functions.NAME."""
        self.reading = reading
        self.gateway = gateway
        self.scenario = reading.scenario
        self.backends = backends
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

    def _guarded(self) -> set[str]:
        """Stages that at some time have a method before which something stands."""
        return {
            stage
            for released in self.gateway.history.released
            for stage, pointer in released.stages.items()
            for deployment in (pointer.active, pointer.canary)
            if deployment and any(self._is_guarded(stage, method) for method in deployment.methods.values())
        }

    def _is_guarded(self, stage: str, method: Method) -> bool:
        """Whether anything stands before a method's API key."""
        api = self.scenario.stage(stage)[0]
        own = method.authorizer is not None or method.authorization != "NONE"
        return own or api.resource_policy is not None or api.api_key_source == "AUTHORIZER"

    def _identities(self, client: SaidClient) -> Identities:
        said = client.identities or SaidIdentities()
        edges = [laws.threshold(min(share, Fraction(1))) for share in accumulate(said.shares)]
        which = numbered(said.count, float(said.zipf.s) if said.zipf else None)
        first, self.total = self.total, self.total + said.count
        return Identities(which, first, edges[0], edges[1], edges[2])

    # rows

    def before(self, number: int, method: Method) -> int:
        """The row of what stands before a method as one deployment has it; NULL: nothing does."""
        stage = self.gateway.routes[number][0]
        if not self._is_guarded(stage, method):
            return NULL
        said = self.scenario.authorizers[method.authorizer] if method.authorizer is not None else None
        key: Keys = (stage, method.authorizer or method.authorization)
        if said is not None and said.by_method:
            key = (*key, number)
        if key not in self._known:
            self._known[key] = len(self.rows)
            row = self._row(number, method)
            self.rows.append(row)
            self.grants += self.total if row.ttl_ns else 0
            if self.grants > MOST_ENTRIES:
                self.reading.problem(
                    ("authorizers",), f"authorizers could cache {self.grants:,} different results",
                    f"{MOST_ENTRIES:,} (2^26) are the most: let clients have fewer identities",
                )  # fmt: skip
        return self._known[key]

    def _row(self, number: int, method: Method) -> Authorizer:
        stage = self.gateway.routes[number][0]
        api = self.scenario.stage(stage)[0]
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
            gives_key=api.api_key_source == "AUTHORIZER",
            wait_ns=quotas.count("http_authorizer_wait") if api.is_http else assumed.authorizer_wait,
            first_entry=self.grants,
        )

    def policy(self, client: SaidClient, method: int) -> int:
        """What the resource policy says of a client's requests to a method."""
        if method == NULL:
            return rule.NO_POLICY
        stage, route = self.gateway.routes[method]
        said = self.scenario.stage(stage)[0].resource_policy
        if said is None:
            return rule.NO_POLICY
        return VERDICTS[judged(said, route, client.address, client.vpc_endpoint)]
