"""Imported by the process that others are copied from: loads the compiled engine once for all of them."""

from __future__ import annotations

from contextlib import suppress

from apigw_sim import jit

with suppress(Exception):  # whatever is wrong, a run meets it again and says so
    if jit.unusable() is None and jit.is_warm():
        from apigw_sim.engine.compiled import build
        from apigw_sim.metrics import fast

        build.compiled()
        fast.load()
