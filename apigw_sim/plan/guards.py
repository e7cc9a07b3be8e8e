"""Rows of a plan that say who may call: authorizers, and whom callers are taken for. Shares are threshold words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apigw_sim.rules import authorization as rule

if TYPE_CHECKING:
    from apigw_sim.plan.tables import Law, Numbered


@dataclass(frozen=True)
class Authorizer:
    """What stands before the API key of some methods of a stage: an authorizer, AWS_IAM, or a resource policy alone."""

    kind: int
    """rules.authorization.LAMBDA, SIMPLE, COGNITO, JWT, IAM or NO_AUTHORIZER (only the API's resource policy)."""
    name: str
    """As the scenario has it; AWS_IAM; empty where there is only a policy."""
    path: str
    where: str
    stage: int
    backend: int
    """Row of plan.backends: the function that it invokes; NULL: none."""
    time: Law
    """What it takes where it invokes nothing."""
    service: Law
    """Lambda's service overhead."""
    ttl_ns: int
    """0: results are not cached."""
    needs_identity: bool
    """Whether a missing identity source is a 401 at once."""
    caught: int
    """Of the invalid tokens, those that the validation expression refuses."""
    one_method: bool
    """Whether a cached policy allows only the method for which it was made."""
    policy: int
    """Which of the resource policies of its API holds: a place in CallRow.policies; 0: none."""
    gives_key: bool
    """Whether the API key is the one that it gives, instead of one that the client sends."""
    wait_ns: int
    """How long the gateway waits for its function."""
    first_entry: int
    """Its cached result for an identity is first_entry + the identity's number over all clients."""

    @property
    def invokes(self) -> bool:
        """Whether it is a Lambda function."""
        return rule.invokes(self.kind)


@dataclass(frozen=True)
class Identities:
    """Whom a client's callers are taken for; one is drawn for each call."""

    which: Numbered
    first: int
    """The number of its first identity over all clients."""
    valid: int
    """Cumulative, as are those that follow."""
    denied: int
    missing: int
    expired: int
