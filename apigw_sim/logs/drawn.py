"""What the draws say of attempts and no row holds: request ids, addresses, what was called, and its concrete path."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import numpy as np

from apigw_sim.draws import Group, users
from apigw_sim.draws.stream import Stream, numbered
from apigw_sim.draws.vectors import choices
from apigw_sim.plan.tables import CallRow, Drawn, Numbered, Rated
from apigw_sim.records import PREFLIGHT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from apigw_sim.draws import Draws

    Ints = NDArray[np.int64]
    Columns = dict[str, NDArray[Any]]
    Texts = NDArray[np.object_]


class DrawnOf:
    """One client's attempts, given as columns of their rows."""

    def __init__(self, draws: Draws, client: int, columns: Columns) -> None:
        self.stream: Stream = draws.client(client)
        self.client = draws.plan.clients[client]
        self._calls, self._users, self._attempts = (
            columns[name].astype(np.int64) for name in ("call", "user", "attempt")
        )

    def words(self, group: int) -> Texts:
        """The four words of a group for each attempt, as an object."""
        return _texts(self._of_attempt(group))

    def _of_attempt(self, group: int) -> Ints:
        return self.stream.words(group, self._calls, self._attempts, self._users)

    def _of_call(self, group: int) -> Ints:
        return self.stream.words(group, self._calls, np.zeros_like(self._calls), self._users)

    def request_ids(self) -> Texts:
        """UUIDs of version 4, one an attempt."""
        words = self._of_attempt(Group.REQUEST_ID)
        return _texts(map(uuid, *words[:, :3].T.tolist()))

    def addresses(self) -> Texts:
        """The addresses that the calls come from."""
        said = self.client.addresses
        assert said is not None
        number, where = np.unique(
            numbered(said.which, self._of_call(Group.ADDRESS)[:, 0]), return_inverse=True
        )
        of = ipaddress.IPv4Address if said.version == 4 else ipaddress.IPv6Address
        return _texts(str(of(said.first + each)) for each in number.tolist())[where]

    def picks(self) -> Ints:
        """The rows of the client's calls."""
        arrivals = self.client.arrivals
        if self.client.users is not None and self.client.users.steps:
            return users.picks(self.stream, self._users, self._calls)
        if isinstance(arrivals, Rated) or arrivals.pick is None:
            return choices(self._of_call(Group.CALL)[:, 1], self.client.weights)
        return arrivals.pick[self._calls]

    def verbs(self, picks: Ints) -> Texts:
        """GET, POST, ...; of preflights OPTIONS."""
        verbs = _texts(call.text.partition(" ")[0] for call in self.client.calls)[picks]
        verbs[self._attempts > PREFLIGHT] = "OPTIONS"
        return verbs

    def paths(self, picks: Ints) -> Texts:
        """Concrete paths with what stands before them."""
        arrivals = self.client.arrivals
        if not isinstance(arrivals, Rated) and arrivals.path is not None:
            return _texts(self.client.base_path + path for path in self.client.paths)[
                arrivals.path[self._calls]
            ]
        made = np.empty(len(picks), object)
        for number, call in enumerate(self.client.calls):
            mine = np.flatnonzero(picks == number)
            if len(mine):
                made[mine] = self._pieces(call, mine)
        return made

    def _pieces(self, call: CallRow, mine: Ints) -> Texts:
        made = np.full(len(mine), self.client.base_path, object)
        for piece in call.path:
            made += self._values(piece.word, piece.law, mine) if isinstance(piece, Drawn) else piece
        return made

    def _values(self, word: int, law: Numbered, mine: Ints) -> Texts:
        group, slot = divmod(word, 4)
        none = np.zeros(len(mine), np.int64)
        words = self.stream.words(Group.PARAMETERS + group, self._calls[mine], none, self._users[mine])
        return numbered(law, words[:, slot]).astype(str).astype(object)


def uuid(high: int, low: int, rest: int) -> str:
    """Words of 63 bits as a UUID of version 4."""
    text = f"{high << 1 | rest & 1:016x}{low << 1 | rest >> 1 & 1:016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[low >> 57 & 3]}{text[17:20]}-{text[20:]}"


def _texts(texts: Any) -> Texts:
    made = list(texts)
    array = np.empty(len(made), object)
    array[:] = made
    return array
