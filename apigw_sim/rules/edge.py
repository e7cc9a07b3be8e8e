"""The entry of a distribution's cache that a request asks for, from the number of its resource."""

from collections.abc import Sequence


def entry_of(resource: int, constants: Sequence[int], digits: Sequence[int]) -> int:
    """What the cache key keeps of a resource: its constants' digit renumbered, and those of its digits that count.

    `digits` are threes: the stride of a digit in the resource, how many values it has, its stride in the entry.
    """
    found = constants[resource % len(constants)]
    for at in range(0, len(digits), 3):
        found += resource // digits[at] % digits[at + 1] * digits[at + 2]
    return found


def kept_for(status: int, ttl: int, error_ttl: int) -> int:
    """How long an answer is kept, ns: errors that CloudFront caches have a time of their own; 0: it is not kept."""
    if status < 400:
        return ttl
    if status in (400, 403, 404, 405, 412, 414, 415, 416, 500, 501, 502, 503, 504):
        return error_ttl
    return 0
