"""The account's throttle where it stands in front, and which of the hosts that share throttles a request comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.draws.groups import Group
from apigw_sim.engine.compiled.answers import because
from apigw_sim.engine.compiled.drawing import four
from apigw_sim.engine.compiled.levels import hold
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import BUCKET, STAGE
from apigw_sim.rules import pick, reason
from apigw_sim.rules.bucket import TOKEN

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

OF_HOST = int(Group.HOST)


def host_of(s: State, a: View) -> int:
    """Which of the hosts that share the throttles an attempt comes to."""
    if s.hosts == 1:
        return 0
    word, _, _, _ = four(s, a, OF_HOST)
    return pick.uniform(word, s.hosts)


def account_of(s: State, a: View) -> int:
    """The account's bucket that an attempt meets, where it stands in front."""
    return view(s.stage, view(s.client, a.client).stage * STAGE).account + host_of(s, a) * s.parted


def account_refuses(s: State, a: View, now: int) -> bool:
    """Whether the account's throttle, standing in front of everything, refuses; it spends later."""
    account = account_of(s, a)
    if hold(s, account, now) >= TOKEN:
        return False
    refuse(s, a, account)
    return True


def refuse(s: State, a: View, bucket: int) -> None:
    """A bucket refuses."""
    b = view(s.bucket, bucket * BUCKET)
    because(s, a, reason.THROTTLED, b.limit, b.level)
