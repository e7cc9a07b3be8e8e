"""Which integration response of a custom integration catches what its backend answered (facts 4.2, 9.2).

What is looked up is the backend's HTTP status, or one of the words below where a function raised instead of answering.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FUNCTION_ERROR, FUNCTION_TIMEOUT = -1, -2
"""An error that the function raised, or Lambda for it, whose message an error pattern may match."""
ANY = 0
"""The default integration response."""


def caught(codes: Sequence[int] | Any, code: int) -> int:
    """The place among `codes` of the integration response that catches a code, or the default's; -1: none does.

    An error of the function that nothing matches is to API Gateway an answer as good as any: the default catches it.
    """
    default = -1
    for place in range(len(codes)):
        if codes[place] == code:
            return place
        if codes[place] == ANY:
            default = place
    return default
