"""A row of the journal: what the control plane did, and when."""

from __future__ import annotations

import numpy as np

from apigw_sim.plan.tables import NULL
from apigw_sim.records import JOURNAL, Block


def journal(at_ns: int, **columns: int) -> Block:
    """A row; what is not named is null, and `ends` 0."""
    named = {"at_ns": at_ns, "ends": 0, **columns}
    return Block(JOURNAL, np.array([[named.get(name, NULL) for name in JOURNAL.names]], np.int64))
