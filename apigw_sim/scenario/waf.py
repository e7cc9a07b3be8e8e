"""AWS WAF: web ACLs, whose rules look at a request before anything of its API does."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from apigw_sim import quotas, units
from apigw_sim.scenario.base import Bad, Leaf, Part
from apigw_sim.scenario.quantities import Name, Share, one_of, quantity
from apigw_sim.scenario.security import Network

WINDOWS = tuple(seconds * units.SECOND for seconds in (60, 120, 300, 600))
LOWEST_PRIORITY = 2**31 - 1
ACTIONS = ("BLOCK", "COUNT", "ALLOW")


def _read_window(value: object) -> int:
    got = units.duration(value)
    if got not in WINDOWS:
        raise Bad(f"{units.show(value)} is no evaluation window", "AWS allows 60 s, 120 s, 300 s and 600 s")
    return got


Window = Annotated[
    int, Leaf(_read_window, units.show_duration, lambda: {"enum": [*map(units.show_duration, WINDOWS)]})
]


class RateBased(Part):
    """What an address may send in any window before the rule acts on all that it sends."""

    limit: Annotated[
        int,
        quantity(
            "count",
            quotas.count("waf_rate_min"),
            quotas.count("waf_rate_max"),
            note="AWS allows 10 to 2,000,000,000",
        ),
    ] = Field(description="requests of one address in a window; with more the rule acts", examples=[100])
    window: Window = Field(
        quotas.count("waf_window"), description="how far back it counts: 60 s, 120 s, 300 s or 600 s"
    )


class Rule(Part):
    """A rule of a web ACL: what it matches (exactly one of clients, ip_set and rate_based), and what it does then."""

    priority: Annotated[int, quantity("count", 0, LOWEST_PRIORITY)] = Field(
        description="rules are asked by rising priority", examples=[0]
    )
    action: Annotated[Literal["BLOCK", "COUNT", "ALLOW"], one_of(*ACTIONS, noun="action")] = Field(
        "BLOCK",
        description="what becomes of a request that it matches: a 403, the next rule, or past all other rules",
    )
    clients: dict[Name, Share] = Field(
        {},
        description="the share of each client's calls that it matches, for rules that look at what is sent, as managed "
        "rule groups do; retries of a call are matched as it is",
    )
    ip_set: tuple[Network, ...] = Field((), description="the addresses whose requests it matches")
    rate_based: RateBased | None = Field(
        None, description="matches all that an address sends while it sends too much"
    )

    @property
    def statements(self) -> list[str]:
        """Which of the forms of a statement it has."""
        return [name for name in STATEMENTS if getattr(self, name)]


STATEMENTS = ("clients", "ip_set", "rate_based")
"""The forms of a rule's statement, of which each has one."""


class WebAcl(Part):
    """A web ACL: what no rule blocks is allowed."""

    rules: dict[Name, Rule] = Field(
        description="its rules by name", examples=[{"bots": {"priority": 0, "clients": {"web": Fraction(1)}}}]
    )

    @property
    def in_order(self) -> list[tuple[str, Rule]]:
        """Its rules, the first to be asked first."""
        return sorted(self.rules.items(), key=lambda item: item[1].priority)
