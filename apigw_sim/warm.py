"""All that the compiled engine needs, compiled or loaded at once."""

from __future__ import annotations

from importlib import import_module

from apigw_sim import jit

PARTS = ("apigw_sim.engine.compiled.build:compiled", "apigw_sim.metrics.kernels:load")
"""What compiles or loads the functions of a part, as `module:function`."""


def warm() -> bool:
    """Compile what is not in the cache yet and mark the cache warm; gives whether all of it is kept there."""
    for part in PARTS:
        module, _, name = part.partition(":")
        getattr(import_module(module), name)()
    return jit.mark_warm()
