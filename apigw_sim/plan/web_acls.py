"""Rows of a plan that say what AWS WAF does: web ACLs, their rules, and what they ask of each client's requests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Action(IntEnum):
    """What becomes of a request that a rule matches."""

    ALLOW = 0
    BLOCK = 1
    COUNT = 2


class Asks(IntEnum):
    """By what a rule matches a request."""

    SHARE = 0
    """A share of a client's calls."""
    ADDRESS = 1
    """Where it comes from."""
    RATE = 2
    """How much comes from there."""


@dataclass(frozen=True)
class Rate:
    """What an address may send before a rate-based rule acts on all that it sends."""

    limit: int
    window_ns: int


@dataclass(frozen=True)
class Rule:
    """A rule of a web ACL; those of one stand together, in the order of their priorities."""

    acl: str
    name: str
    where: str
    priority: int
    action: Action
    rate: Rate | None = None


@dataclass(frozen=True)
class Test:
    """What a rule asks of the requests of one client."""

    rule: int
    """Row of Waf.rules."""
    asks: Asks
    low: int = 0
    """SHARE: a threshold word. ADDRESS: the first number of those that match."""
    high: int = 0
    """ADDRESS: the number behind the last."""


@dataclass(frozen=True)
class Screen:
    """The web ACL before a client's stage, as it looks at that client."""

    acl: int
    """Row of Waf.acls."""
    first_address: int
    """The number of its first address over all clients."""
    tests: tuple[Test, ...]
    """In the order in which they are made; rules that can match none of its requests are not among them."""


@dataclass(frozen=True)
class Waf:
    """All of AWS WAF that stages name."""

    acls: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    interval_ns: int = 1
    """How often rate-based rules count anew."""
    delay_ns: int = 0
    """How long after a count they act on it."""
    addresses: int = 0
    """How many there are over all clients that a web ACL looks at."""

    def rules_of(self, acl: int) -> list[int]:
        """The rows of the rules of a web ACL."""
        return [number for number, rule in enumerate(self.rules) if rule.acl == self.acls[acl]]


NO_WAF = Waf()
"""No stage names a web ACL."""
