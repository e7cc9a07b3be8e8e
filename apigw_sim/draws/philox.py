"""One draw is one word of Philox4x64-10 (Salmon et al., SC'11), at a counter made of numbers under a key made of names.

numpy's generator makes whole blocks of rows; `row` makes any single one, with the same bits. Words have 63 bits.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Key = tuple[int, int]
Row = tuple[int, int, int, int]

MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
MASK = (1 << 64) - 1
ROUNDS = 10


def key(*names: object) -> Key:
    """The key of a stream, from the seed, the replication and the names that belong to it."""
    digest = blake2b("\0".join(map(str, names)).encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def row(key: Key, number: int, attempt: int, user: int, group: int) -> Row:
    """The four words at one counter."""
    c0, c1, c2, c3 = number + 1, attempt, user, group
    k0, k1 = key
    m0, m1 = MULTIPLIERS
    w0, w1 = WEYL
    for _ in range(ROUNDS):
        p0 = m0 * c0
        p1 = m1 * c2
        c0, c1, c2, c3 = (p1 >> 64) ^ c1 ^ k0, p1 & MASK, (p0 >> 64) ^ c3 ^ k1, p0 & MASK
        k0 = (k0 + w0) & MASK
        k1 = (k1 + w1) & MASK
    return c0 >> 1, c1 >> 1, c2 >> 1, c3 >> 1


def schedule(key: Key) -> list[int]:
    """The keys of all rounds, two words each, as signed words."""
    rounds = [
        (word + turn * step) & MASK for turn in range(ROUNDS) for word, step in zip(key, WEYL, strict=True)
    ]
    return [word - (1 << 64) if word >> 63 else word for word in rounds]


def rows(key: Key, first: int, count: int, attempt: int, user: int, group: int) -> NDArray[np.int64]:
    """The words at `count` successive numbers from `first`: int64 of shape (count, 4)."""
    import numpy as np

    # numpy increments the counter before it generates, hence the `number + 1` above.
    generator = np.random.Philox(
        key=np.array(key, np.uint64), counter=np.array([first, attempt, user, group], np.uint64)
    )
    raw = generator.random_raw(4 * count)
    return (raw >> np.uint64(1)).view(np.int64).reshape(count, 4)
