"""Words: Philox against its published vectors and numpy's own, keys by name, and the rules over whole columns."""

from __future__ import annotations

import random

import numpy as np
import pytest
from rules.twins import EDGES, WORDS, words

from apigw_sim.draws import Group, philox, vectors
from apigw_sim.rules import pick, quantile

PUBLISHED = [
    ((0, 0, 0, 0), (0, 0), "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b"),
    (
        (2**64 - 1,) * 4,
        (2**64 - 1,) * 2,
        "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0",
    ),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C),
        "a528f45403e61d95 38c72dbd566e9788 a5a1610e72fd18b5 57bd43b5e52b7fe6",
    ),
]
"""Known answers of Philox4x64-10 from Random123 (Salmon et al., SC'11): counter, key, output."""


@pytest.mark.parametrize(("counter", "key", "output"), PUBLISHED)
def test_a_row_has_the_published_bits(counter: tuple[int, ...], key: tuple[int, int], output: str) -> None:
    number, attempt, user, group = counter
    want = tuple(int(word, 16) >> 1 for word in output.split())
    assert philox.row(key, number - 1, attempt, user, group) == want


def test_rows_in_bulk_are_the_rows_one_by_one() -> None:
    source = random.Random(7)
    for _ in range(40):
        key = source.getrandbits(64), source.getrandbits(64)
        first, attempt, user = source.getrandbits(40), source.getrandbits(12), source.getrandbits(24)
        group = source.randrange(40)
        block = philox.rows(key, first, 5, attempt, user, group)
        assert block.dtype == np.int64
        assert block.min() >= 0
        assert [tuple(row) for row in block.tolist()] == [
            philox.row(key, first + n, attempt, user, group) for n in range(5)
        ]


def test_a_row_is_made_under_the_keys_of_the_schedule_round_by_round() -> None:
    key = philox.key(1, 0, "client", "web")
    counter = [8, 1, 3, int(Group.SEND)]
    keys = philox.schedule(key)
    assert len(keys) == 20
    assert max(abs(word) for word in keys) <= 1 << 63
    for k0, k1 in zip(keys[::2], keys[1::2], strict=True):
        high_0, low_0 = divmod(0xD2E7470EE14C6C93 * counter[0], 1 << 64)
        high_1, low_1 = divmod(0xCA5A826395121157 * counter[2], 1 << 64)
        counter = [high_1 ^ counter[1] ^ k0 % (1 << 64), low_1, high_0 ^ counter[3] ^ k1 % (1 << 64), low_0]
    assert [word >> 1 for word in counter] == philox.rows(key, 7, 1, 1, 3, Group.SEND)[0].tolist()


def test_a_bulk_may_begin_anywhere() -> None:
    key = philox.key(1, 0, "client", "web")
    whole = philox.rows(key, 0, 100, 1, 0, 2)
    for first in (1, 2, 3, 50, 99):
        assert np.array_equal(philox.rows(key, first, 100 - first, 1, 0, 2), whole[first:])


def test_keys_differ_by_seed_replication_kind_and_name_and_not_by_how_they_are_joined() -> None:
    names = [(1, 0, "client", "web"), (2, 0, "client", "web"), (1, 1, "client", "web"), (1, 0, "function", "web"),
             (1, 0, "client", "we"), (10, "", "client", "web"), (1, 0, "clientw", "eb"), (1, 0, "client", "Web")]  # fmt: skip
    assert len({philox.key(*name) for name in names}) == len(names)
    assert philox.key(1, 0, "client", "web") == philox.key(1, 0, "client", "web")


def test_the_four_words_of_a_row_are_uniform() -> None:
    """Mean of 40,000 words: 1/2 +- 0.0071 (4.9 standard deviations, a false alarm in a million); 2 % off is seen."""
    block = philox.rows(philox.key(1, 0, "client", "web"), 0, 40_000, 0, 0, 0)
    assert np.all(np.abs(block.astype(float).mean(axis=0) / WORDS - 0.5) < 4.9 / np.sqrt(12 * 40_000))
    bits = np.array([(block >> bit & 1).mean() for bit in range(63)])
    assert np.all(np.abs(bits - 0.5) < 6 / np.sqrt(4 * 160_000))


# the rules over whole columns


@pytest.fixture(scope="module")
def many() -> list[int]:
    near = [edge + step for edge in EDGES for step in (-1, 1) if 0 <= edge + step < WORDS]
    borders = [
        (1 << (32 + octave)) + (cell << (26 + octave)) - 1 for octave in range(30) for cell in (0, 1, 63)
    ]
    mirrored = [WORDS - 1 - word for word in borders]
    return [*words(20_000), *near, *borders, *(word + 1 for word in borders), *mirrored]


def test_quantiles_are_the_rules_values_word_for_word(many: list[int]) -> None:
    source = random.Random(2)
    tables = [
        sorted(source.randrange(quantile.LARGEST) for _ in range(quantile.SIZE)),
        sorted(source.randrange(50) for _ in range(quantile.SIZE)),
        [*([0] * (quantile.SIZE - 1)), quantile.LARGEST],
    ]
    for table in tables:
        found = vectors.quantiles(np.array(many, np.int64), np.array(table, np.int64))
        assert found.tolist() == [quantile.value(word, table) for word in many]


@pytest.mark.parametrize(
    "thresholds",
    [(WORDS - 1,), (1 << 62, WORDS - 1), (0, 5, 5, 1 << 62, WORDS - 1, WORDS - 1), (WORDS - 1, WORDS - 1)],
)
def test_choices_are_the_rules(many: list[int], thresholds: tuple[int, ...]) -> None:
    found = vectors.choices(np.array(many, np.int64), thresholds)
    assert found.tolist() == [pick.choose(word, thresholds) for word in many]


@pytest.mark.parametrize("n", [1, 2, 3, 500, 10_000, 1 << 26])
def test_uniform_numbers_and_aliases_are_the_rules(many: list[int], n: int) -> None:
    column = np.array(many, np.int64)
    assert vectors.uniforms(column, n).tolist() == [pick.uniform(word, n) for word in many]
    if n <= 10_000:
        source = random.Random(n)
        table = [source.randrange(n << 32) for _ in range(n)]
        found = vectors.aliases(column, np.array(table, np.int64))
        assert found.tolist() == [pick.alias(word, table) for word in many]
