"""What is still to come: a near and two far wheels of lists, and a heap for the current slot only.

The order is (t, rank, id), as `engine.order` has it. A slot is 2**SHIFT ns; the near wheel holds the NEAR slots after
the current one, the next the pages of the current book, the next the books after it. Whatever lies at or before the
current slot goes into the heap, so a slot that was opened too soon costs time and no order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.plain import ahead, lowest_bit, view
from apigw_sim.engine.compiled.words import (
    BEYOND,
    FAR,
    FAR_BITS,
    FAR_FIRST,
    FARTHER_FIRST,
    FIELDS,
    FOR_EVER,
    HEAP,
    LINE,
    NEAR,
    NEAR_BITS,
    NEEDED,
    NODE,
)
from apigw_sim.engine.order import ATTEMPT_BITS, CLIENT_BITS, HOP_BITS, USER_BITS

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State

WHO_BITS, CALL_SHIFT = CLIENT_BITS + USER_BITS, ATTEMPT_BITS + HOP_BITS
WHO_MASK = (1 << WHO_BITS) - 1
FAR_COUNT, FARTHER_COUNT, BEYOND_COUNT = map(FIELDS["head"].index, ("far_n", "farther_n", "beyond_n"))


def push(s: State, node: int) -> None:
    """Put an event into the heap."""
    heap, n = s.heap, view(s.node, node)
    at, rank, number = n.at, n.rank, n.id
    for word in range(0, NEEDED, LINE):
        ahead(s.row, n.row + word)
    i = s.heap_n
    s.heap_n = i + 1
    while i > 0:
        parent = ((i - 1) >> 1) * HEAP
        above = heap[parent]
        if above < at:
            break
        if above == at:
            other = heap[parent + 1]
            if other < rank or (other == rank and heap[parent + 2] < number):
                break
        lift(s, i * HEAP, parent)
        i = (i - 1) >> 1
    here = i * HEAP
    heap[here] = at
    heap[here + 1] = rank
    heap[here + 2] = number
    heap[here + 3] = node


def lift(s: State, to: int, entry: int) -> None:
    """Copy an entry of the heap, word by word: a wider load would wait for the words just stored."""
    heap = s.heap
    heap[to] = heap[entry]
    heap[to + 1] = heap[entry + 1]
    heap[to + 2] = heap[entry + 2]
    heap[to + 3] = heap[entry + 3]


def precedes(s: State, one: int, two: int) -> bool:
    """Whether one entry of the heap comes before another."""
    heap = s.heap
    if heap[one] != heap[two]:
        return heap[one] < heap[two]
    if heap[one + 1] != heap[two + 1]:
        return heap[one + 1] < heap[two + 1]
    return heap[one + 2] < heap[two + 2]


def pop(s: State) -> int:
    """The earliest event of the heap, taken out of it."""
    heap = s.heap
    first = heap[3]
    s.heap_n -= 1
    last = s.heap_n * HEAP
    hole = 0
    child = HEAP
    while child < last:
        if child + HEAP < last and precedes(s, child + HEAP, child):
            child = child + HEAP
        if precedes(s, last, child):
            break
        lift(s, hole, child)
        hole = child
        child = 2 * hole + HEAP
    if last > 0:
        lift(s, hole, last)
    return first


def place(s: State, node: int) -> None:
    """Put an event where its instant says."""
    n = view(s.node, node)
    slot = n.at >> s.shift
    current = s.slot
    if slot <= current:
        push(s, node)
        return
    book = slot >> (NEAR_BITS + FAR_BITS)
    this_book = current >> (NEAR_BITS + FAR_BITS)
    if slot - current < NEAR:
        s.near_n += 1
        where = slot & (NEAR - 1)
    elif book == this_book:
        s.far_n += 1
        where = FAR_FIRST + ((slot >> NEAR_BITS) & (FAR - 1))
    elif book - this_book < FAR:
        s.farther_n += 1
        where = FARTHER_FIRST + (book & (FAR - 1))
    else:
        if s.beyond_n == 0 or book < s.beyond_min:
            s.beyond_min = book
        s.beyond_n += 1
        where = BEYOND
    n.next = s.wheel[where]
    s.wheel[where] = node
    s.bits[where >> 5] |= 1 << (where & 31)


def open_slot(s: State, where: int) -> None:
    """Come to a slot of the near wheel: all its events are those of the current slot now.

    What the slots after it will need is fetched meanwhile: the event of the second, and the row of the first one's.
    """
    following = view(s.node, s.wheel[(where + 1) & (NEAR - 1)]).row
    for word in range(0, NEEDED, LINE):
        ahead(s.row, following + word)
    ahead(s.node, s.wheel[(where + 2) & (NEAR - 1)])
    node = s.wheel[where]
    s.wheel[where] = 0
    s.bits[where >> 5] &= ~(1 << (where & 31))
    while node != 0:
        after = view(s.node, node).next
        s.near_n -= 1
        push(s, node)
        node = after


def spread(s: State, where: int, counter: int) -> None:
    """Take a list out of its wheel and place its events anew; `counter`: where in head its wheel is counted."""
    node = s.wheel[where]
    s.wheel[where] = 0
    s.bits[where >> 5] &= ~(1 << (where & 31))
    while node != 0:
        after = view(s.node, node).next
        s.head[counter] -= 1
        place(s, node)
        node = after


def marked(s: State, first: int, end: int) -> int:
    """The first list of first .. end - 1 that is not empty; NULL: all are."""
    where = first
    while where < end:
        word = s.bits[where >> 5] >> (where & 31)
        if word != 0:
            where += lowest_bit(word)
            if where < end:
                return where
            return -1
        where = ((where >> 5) + 1) << 5
    return -1


def turn(s: State, slot: int) -> None:
    """Come to `slot`, the first of a page: what was kept for its book and its page is placed anew."""
    s.slot = slot
    page = slot >> NEAR_BITS
    if page & (FAR - 1) == 0:
        book = page >> FAR_BITS
        if s.beyond_n > 0 and book + FAR > s.beyond_min:
            spread(s, BEYOND, BEYOND_COUNT)
        spread(s, FARTHER_FIRST + (book & (FAR - 1)), FARTHER_COUNT)
    spread(s, FAR_FIRST + (page & (FAR - 1)), FAR_COUNT)
    open_slot(s, slot & (NEAR - 1))


def next_page(s: State) -> int:
    """The first slot of the next page for which anything is kept, where the near wheel is empty; FOR_EVER: of none."""
    page = s.slot >> NEAR_BITS
    if s.far_n > 0:
        found = marked(s, FAR_FIRST + (page & (FAR - 1)) + 1, FARTHER_FIRST)
        return (page - (page & (FAR - 1)) + found - FAR_FIRST) << NEAR_BITS
    book = page >> FAR_BITS
    soonest = FOR_EVER
    if s.farther_n > 0:
        mine = book & (FAR - 1)
        found = marked(s, FARTHER_FIRST + mine + 1, BEYOND)
        if found >= 0:
            soonest = book - mine + found - FARTHER_FIRST
        else:
            found = marked(s, FARTHER_FIRST, FARTHER_FIRST + mine)
            soonest = book - mine + FAR + found - FARTHER_FIRST
    if s.beyond_n > 0 and s.beyond_min < soonest:
        soonest = s.beyond_min
    if soonest == FOR_EVER:
        return soonest
    return soonest << (NEAR_BITS + FAR_BITS)


def fetch(s: State, upto: int) -> None:
    """Open the next slot that holds events, if it is not after that of the instant `upto`."""
    last = upto >> s.shift
    while s.heap_n == 0 and s.slot < last:
        current = s.slot
        page = current >> NEAR_BITS
        if s.near_n > 0:
            end = (page + 1) << NEAR_BITS
            stop = end
            if last < end:
                stop = last + 1
            found = marked(s, (current & (NEAR - 1)) + 1, (stop - 1 & (NEAR - 1)) + 1)
            if found >= 0:
                s.slot = (page << NEAR_BITS) + found
                open_slot(s, found)
            elif last < end:
                s.slot = last
            else:
                turn(s, end)
        else:
            following = next_page(s)
            if following <= last:
                turn(s, following)
            else:
                s.slot = last


def wake(s: State, a: View, at: int, rank: int, hop: int, what: int) -> None:
    """Let `what` happen to attempt `a` at `at`; on a grid, at its next line."""
    schedule(
        s, at, (rank << WHO_BITS) + a.who, (a.call << CALL_SHIFT) + (a.number << HOP_BITS) + hop, what, a.me
    )


def schedule(s: State, at: int, rank: int, number: int, what: int, row: int) -> None:
    """An event at `at` of a rank with its client and user, and an id from the call on."""
    if s.grid != 1:
        at = -(-at // s.grid) * s.grid
    node = take_node(s)
    n = view(s.node, node)
    n.at = at
    n.rank = rank
    n.id = number
    n.what = what
    n.row = row
    s.pending += 1
    place(s, node)


def take_node(s: State) -> int:
    """A node that is free; the one after it is fetched, for who comes next."""
    node = s.node_free
    if node != 0:
        following = view(s.node, node).next
        s.node_free = following
        ahead(s.node, following)
        return node
    node = s.node_top
    s.node_top = node + NODE
    if s.node_top > s.node_room:
        s.stop = 1
    return node


def free_node(s: State, node: int) -> None:
    """A node is free again."""
    view(s.node, node).next = s.node_free
    s.node_free = node


# the clients' next calls: a heap of clients by instant and number


def earlier(s: State, one: int, two: int) -> bool:
    """Whether one client's next call comes before another's."""
    first, second = view(s.client, one).at, view(s.client, two).at
    if first != second:
        return first < second
    return one < two


def sink_client(s: State, i: int) -> None:
    """Let the client at place i of the heap of clients sink to where its next call belongs."""
    order, n = s.turn, s.clients
    mover = order[i]
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        if child + 1 < n and earlier(s, order[child + 1], order[child]):
            child += 1
        if not earlier(s, order[child], mover):
            break
        order[i] = order[child]
        i = child
    order[i] = mover
