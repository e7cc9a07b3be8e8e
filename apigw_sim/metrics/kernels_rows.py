"""Compiled: one pass over the rows of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.metrics.coding import CACHE_BITS, FATE_BITS, TOO_MANY_REQUESTS, Fate
from apigw_sim.metrics.kernels_order import bucket_of
from apigw_sim.metrics.kernels_seconds import CLASS_BITS, NONE, see
from apigw_sim.metrics.periods import RAN_BADLY, RAN_WELL, THROTTLED
from apigw_sim.records import ATTEMPTS, CALLS, INVOCATIONS, CallOutcome, Flag, Outcome
from apigw_sim.rules.window import billed_ms
from apigw_sim.units import SECOND

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COUNT, HIGH, LOW, LEAST, MOST, ROW = range(6)
"""Columns of a spread: how many samples, their sum as HIGH * CARRY + LOW, extremes, its row of buckets or -1."""
CARRY = 1 << 62
KEPT, HELD, LATEST, OTHERS, OUTER, INNER, SHOWN, STATE = range(8)
"""Cells of `state`: samples kept as they are, cells written out, the latest instant, attempts served another's entry;
and since the period's streams were last told: attempts, those that were relayed, invocations shown by AWS/Lambda."""

_A = {name: number for number, name in enumerate(ATTEMPTS.names)}
A_CLIENT, A_STAGE, A_METHOD, A_KEY = _A["client"], _A["stage"], _A["method"], _A["api_key"]
A_ARRIVED, A_LATENCY, A_INTEGRATION = _A["arrived_ns"], _A["latency_ns"], _A["integration_ns"]
A_STATUS, A_REASON, A_REFUSED_BY = _A["status"], _A["reason"], _A["refused_by"]
A_CACHE, A_FLAGS = _A["cache"], _A["flags"]
_I = {name: number for number, name in enumerate(INVOCATIONS.names)}
I_BACKEND, I_CLIENT, I_ARRIVED, I_QUEUED = _I["backend"], _I["client"], _I["arrived_ns"], _I["queued_ns"]
I_PROVISIONING, I_INIT, I_DURATION = _I["provisioning_ns"], _I["init_ns"], _I["duration_ns"]
I_OUTCOME, I_REFUSED_BY, I_ABANDONED = _I["outcome"], _I["refused_by"], _I["abandoned"]
I_REPEATED, I_IDEMPOTENT, I_ALIAS = _I["repeated"], _I["idempotent"], _I["alias"]
_C = {name: number for number, name in enumerate(CALLS.names)}
C_CLIENT, C_STARTED, C_ENDED, C_OUTCOME = _C["client"], _C["started_ns"], _C["ended_ns"], _C["outcome"]

CARRIED = int(Fate.CARRIED_3XX)
SERVED_OTHER, CANARY = int(Flag.SERVED_OTHER), int(Flag.CANARY)
RESTYLED, UNMETERED = int(Flag.RESTYLED), int(Flag.UNMETERED)
UNMETERED_4XX, UNMETERED_5XX = int(Fate.UNMETERED_4XX), int(Fate.UNMETERED_5XX)
SUCCEEDED, SHORT_CIRCUITED = int(CallOutcome.SUCCEEDED), int(CallOutcome.SHORT_CIRCUITED)
LAST_TO_RUN, CRASH, OUTAGE = int(Outcome.TIMEOUT), int(Outcome.CRASH), int(Outcome.OUTAGE)
FIRST_THROTTLE, LAST_THROTTLE = int(Outcome.THROTTLED_ACCOUNT), int(Outcome.THROTTLED_SCALING)
BY_SCALING = 3
"""The level of invocations at which Lambda's scaling rate refuses."""


def epoch_of(times: NDArray[np.int64], instant: int) -> int:
    """How many of the times are not after an instant."""
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        if times[middle] <= instant:
            low = middle + 1
        else:
            high = middle
    return low


def put(
    spreads: NDArray[np.int64], buckets: NDArray[np.int64], kept_of: NDArray[np.int32], kept: NDArray[np.int64],
    held: int, number: int, value: int, bucket: int,
) -> int:  # fmt: skip
    """Add a sample to a spread: to its buckets, or while it has none to what is kept; gives how many are kept.

    Both are written in any case, as in `kernels_seconds.see`; the first row of buckets is nobody's.
    """
    spreads[number, COUNT] += 1
    low = spreads[number, LOW] + value
    if low >= CARRY:
        low -= CARRY
        spreads[number, HIGH] += 1
    spreads[number, LOW] = low
    if value < spreads[number, LEAST]:
        spreads[number, LEAST] = value
    if value > spreads[number, MOST]:
        spreads[number, MOST] = value
    row = spreads[number, ROW]
    buckets[max(row, 0), bucket] += int(row >= 0)
    kept_of[held], kept[held] = number, value
    return held + int(row < 0)


def fold_attempts(
    rows: NDArray[np.int64], by_arrival: bool, begin: int, end: int, methods: int, leaves: int,
    fate_of_status: NDArray[np.int64], status_of_reason: NDArray[np.int64], of_limit: NDArray[np.int64],
    stands: NDArray[np.int64],
    times: NDArray[np.int64], canaried: bool, canary_leaf: NDArray[np.int64], unit_of_leaf: NDArray[np.int64],
    cells: NDArray[np.int64], by_status: NDArray[np.int64], by_reason: NDArray[np.int64],
    by_client: NDArray[np.int64], spreads: NDArray[np.int64], buckets: NDArray[np.int64],
    kept_of: NDArray[np.int32], kept: NDArray[np.int64], refused: NDArray[np.int64], first: NDArray[np.int64],
    table: NDArray[np.int64], out: NDArray[np.int64], stamps: NDArray[np.int64], codes: NDArray[np.int32],
    latencies: NDArray[np.int64], their_buckets: NDArray[np.int16], inner_stamps: NDArray[np.int64],
    inner_codes: NDArray[np.int32], integrations: NDArray[np.int64], inner_buckets: NDArray[np.int16],
    state: NDArray[np.int64],
) -> None:  # fmt: skip
    """Take in attempts.

    Spreads: of integration 0, then two of each stage, then of each canary, the second of its answers 2xx.
    `of_limit` is fate and level by limit, the last of NULL; `refused` how many were by each limit, and when first.
    """
    samples, held, latest, others = state[KEPT], state[HELD], state[LATEST], state[OTHERS]
    outer, inner = state[OUTER], state[INNER]
    none = len(of_limit) - 1
    for at in range(len(rows)):
        stage, method = rows[at, A_STAGE], rows[at, A_METHOD]
        arrived, latency, integration = rows[at, A_ARRIVED], rows[at, A_LATENCY], rows[at, A_INTEGRATION]
        status, why, by = rows[at, A_STATUS], rows[at, A_REASON], rows[at, A_REFUSED_BY]
        if by < 0:
            by = none
        leaf = method if method >= 0 else methods + stage
        flags, stands_for = rows[at, A_FLAGS], status
        if flags & RESTYLED:
            stands_for = status_of_reason[why]
        fate = of_limit[by, 0] if stands_for == TOO_MANY_REQUESTS else fate_of_status[stands_for]
        if flags & UNMETERED:
            fate = UNMETERED_5XX if stands_for >= 500 else UNMETERED_4XX
        counted, unit = leaf, stage
        if canaried and flags & CANARY:
            counted = canary_leaf[leaf]
            unit = unit_of_leaf[counted]
        code = ((counted << FATE_BITS) | fate) << CACHE_BITS | rows[at, A_CACHE]
        answered = arrived + latency
        if answered > latest:
            latest = answered
        bucket = bucket_of(latency)
        stamps[outer] = arrived if by_arrival else answered
        codes[outer] = code
        latencies[outer] = latency
        their_buckets[outer] = bucket
        inner_bucket = 0
        if integration >= 0:
            inner_bucket = bucket_of(integration)
            inner_stamps[inner] = stamps[outer]
            inner_codes[inner] = code
            integrations[inner] = integration
            inner_buckets[inner] = inner_bucket
            inner += 1
        outer += 1
        chosen = 1 if begin <= arrived < end else 0
        level = stands[why]
        if level == 0:
            level = of_limit[by, 1]
        if 0 <= level < NONE:
            refused[by] += chosen
            if arrived < first[by]:
                first[by] = arrived
        mark = 1 if fate <= CARRIED else 0
        kind = ((rows[at, A_KEY] + 1) * leaves + leaf) << CLASS_BITS | (level + 1) << 2 | mark << 1 | chosen
        moment = arrived // SECOND * (len(times) + 1) + epoch_of(times, arrived)
        held = see(table, out, held, moment, kind)
        if chosen:
            cells[code] += 1
            by_status[status] += 1
            by_reason[why] += 1
            by_client[rows[at, A_CLIENT]] += 1
            if flags & SERVED_OTHER:
                others += 1
            number = 1 + 2 * unit
            if 200 <= status < 300:
                number += 1
            samples = put(spreads, buckets, kept_of, kept, samples, number, latency, bucket)
            if integration >= 0:
                samples = put(spreads, buckets, kept_of, kept, samples, 0, integration, inner_bucket)
    state[KEPT], state[HELD], state[LATEST], state[OTHERS] = samples, held, latest, others
    state[OUTER], state[INNER] = outer, inner


def fold_calls(
    rows: NDArray[np.int64], begin: int, end: int, first: int, calls: NDArray[np.int64],
    ended: NDArray[np.int64], spreads: NDArray[np.int64], buckets: NDArray[np.int64],
    kept_of: NDArray[np.int32], kept: NDArray[np.int64], state: NDArray[np.int64],
) -> None:  # fmt: skip
    """Take in calls; the spread of a client is number `first` + its own.

    Rows of `ended`: succeeded, short-circuited.
    """
    samples = state[KEPT]
    for at in range(len(rows)):
        started = rows[at, C_STARTED]
        if begin <= started < end:
            client = rows[at, C_CLIENT]
            lasted = rows[at, C_ENDED] - started
            calls[client] += 1
            if rows[at, C_OUTCOME] == SUCCEEDED:
                ended[0, client] += 1
            elif rows[at, C_OUTCOME] == SHORT_CIRCUITED:
                ended[1, client] += 1
            bucket = bucket_of(lasted)
            samples = put(spreads, buckets, kept_of, kept, samples, first + client, lasted, bucket)
    state[KEPT] = samples


def fold_invocations(
    rows: NDArray[np.int64], by_arrival: bool, begin: int, end: int, is_lambda: NDArray[np.bool_],
    pair_of: NDArray[np.int64], level_of: NDArray[np.int64], times: NDArray[np.int64], of_pair: NDArray[np.int64],
    of_client: NDArray[np.int64], by_outcome: NDArray[np.int64], refused: NDArray[np.int64],
    first: NDArray[np.int64], table: NDArray[np.int64], out: NDArray[np.int64], stamps: NDArray[np.int64],
    codes: NDArray[np.int32], durations: NDArray[np.int64], their_buckets: NDArray[np.int16],
    state: NDArray[np.int64],
) -> None:  # fmt: skip
    """Take in invocations.

    `pair_of`: the pair of alias + 1 and backend. Rows of `of_pair`: invocations, errors, throttles, cold starts,
    billed ms; of `of_client`: executed for nobody, duplicates, executions.
    """
    held, latest, shown = state[HELD], state[LATEST], state[SHOWN]
    none = len(level_of) - 1
    for at in range(len(rows)):
        backend, arrived, outcome, by = (
            rows[at, I_BACKEND],
            rows[at, I_ARRIVED],
            rows[at, I_OUTCOME],
            rows[at, I_REFUSED_BY],
        )
        duration, init = rows[at, I_DURATION], rows[at, I_INIT]
        pair = pair_of[rows[at, I_ALIAS] + 1, backend]
        if by < 0:
            by = none
        made = init if init > 0 else 0
        lasted = duration if duration > 0 else 0
        ended = arrived + rows[at, I_QUEUED] + max(rows[at, I_PROVISIONING], 0) + made + lasted
        if ended > latest:
            latest = ended
        ran = outcome <= LAST_TO_RUN
        failed = outcome == CRASH
        if outcome == LAST_TO_RUN:
            failed = True
        throttled = FIRST_THROTTLE <= outcome <= LAST_THROTTLE
        if is_lambda[backend] and (ran or throttled):
            fate = THROTTLED if throttled else RAN_BADLY if failed else RAN_WELL
            stamps[shown] = arrived if by_arrival else ended
            codes[shown] = pair << 2 | fate
            durations[shown] = lasted
            their_buckets[shown] = bucket_of(lasted)
            shown += 1
        chosen = 1 if begin <= arrived < end else 0
        level = -1 if outcome == OUTAGE else level_of[by]
        if 0 <= level < BY_SCALING + 1:
            refused[by] += chosen
            if arrived < first[by]:
                first[by] = arrived
        mark = 1 if init >= 0 or level == BY_SCALING else 0
        moment = arrived // SECOND * (len(times) + 1) + epoch_of(times, arrived)
        kind = backend << CLASS_BITS | (level + 1) << 2 | mark << 1 | chosen
        held = see(table, out, held, moment, kind)
        if not chosen:
            continue
        by_outcome[outcome] += 1
        if throttled:
            of_pair[2, pair] += 1
        if ran:
            of_pair[0, pair] += 1
            if failed:
                of_pair[1, pair] += 1
            if init >= 0:
                of_pair[3, pair] += 1
            of_pair[4, pair] += billed_ms(made, duration)
            client = rows[at, I_CLIENT]
            of_client[2, client] += 1
            if rows[at, I_ABANDONED] == 1:
                of_client[0, client] += 1
            if rows[at, I_REPEATED] == 1 and rows[at, I_IDEMPOTENT] == 0:
                of_client[1, client] += 1
    state[HELD], state[LATEST], state[SHOWN] = held, latest, shown
