"""How an event source mapping reads a queue: how many batches at once, and when a failed batch can be read again."""

from __future__ import annotations


def widened(at_once: int, step: int, most: int) -> int:
    """The batches at once a minute later, if messages still wait and all of them are under way."""
    if at_once + step > most:
        return most
    return at_once + step


def visible_again(received: int, visibility: int, now: int) -> int:
    """When the messages of a batch that failed, now, can be received again."""
    if received + visibility < now:
        return now
    return received + visibility


def may_retry(received: int, visibility: int, again: int) -> bool:
    """Whether a batch that Lambda refused is offered to it again at `again`: as long as its messages are hidden."""
    return again < received + visibility


def is_dead(received: int, most: int) -> bool:
    """Whether a message has been received as often as its queue allows; a negative `most` allows all."""
    return received >= most >= 0
