"""An interruption (Ctrl-C) that other code swallows is raised again: extension modules that are just being imported
clear it, numpy.random's among them, and a run of an hour would go on as if nobody had asked for its end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_heard = threading.Event()


@contextmanager
def listening() -> Iterator[None]:
    """Remember an interruption while this lasts. Who handles interruptions otherwise, or runs in a thread, goes on so."""
    _heard.clear()
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or not _in_main_thread():
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def raise_again() -> None:
    """Raise KeyboardInterrupt if one was heard; nothing otherwise. For what is called from time to time."""
    if _heard.is_set():
        raise KeyboardInterrupt


def _interrupt(*_: object) -> NoReturn:
    _heard.set()
    raise KeyboardInterrupt


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
