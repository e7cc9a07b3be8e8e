"""What the words of a draw are for: names that both engines share."""

from __future__ import annotations

from enum import IntEnum

CRASH, MALFORMED, REFUSES = -1, -2, -3
"""In the place of a status: work that ends without an answer that can be passed on.

REFUSES: an authorizer raises `Unauthorized`, which Lambda counts as an error of the function.
"""

LATER = 1 << 20
"""Groups of purposes that came after the parameters are numbered from here on."""


class Group(IntEnum):
    """What the four words of a row are for; call-level groups have attempt number 0."""

    CALL = 0
    """When, what, which API key, Cache-Control: max-age=0."""
    SEND = 1
    """Round trip, body, gateway overhead, back-off after the attempt."""
    WORK = 2
    """Service overhead, duration, response size, time of a cache hit."""
    OUTCOME = 3
    """Crash, malformed answer, status, error of a fault."""
    BIRTH = 4
    """Of the environment that the attempt causes, or finds reset: provisioning, Init, idle lifetime; if it crashes, whether
    that ends its process."""
    CANARY = 5
    """Whether it meets its stage's canary; three to spare."""
    REQUEST = 6
    """Of the call: validity of body and of parameters, content type."""
    GATEWAY = 7
    """Whether the gateway is unavailable, and whether it loses the answer."""
    IDENTITY = 8
    """Of a call whose method has an authorizer: which identity."""
    STANDING = 9
    """Of an identity (its number in the place of the call's): what it is worth, its API key, whether the validation
    expression refuses its token."""
    AUTHORIZER = 10
    """Of an attempt's authorizer: service overhead, duration, crash, malformed answer."""
    AUTHORIZER_FAULT = 11
    """Error of a fault; time of an authorizer that invokes nothing."""
    AUTHORIZER_BIRTH = 12
    """Of the environment that an attempt's authorizer, or a batch of a queue, causes, as BIRTH."""
    CONNECTION = 14
    """Of an attempt: whether it opens a connection; of its call: whether it has a certificate; two to spare each."""
    ALIAS = 13
    """Which of the two versions of an alias; the other words are free."""
    ARRIVAL = 15
    """Calls' own numbers do not matter here. Of a batch: its size; of a visit to a state of a Markov-modulated process:
    how long it lasts, what follows it, and for the first of them which state it is. The attempt number is that of the
    process among those that are superposed, also in CALL, where word "when" is the gap before a batch."""
    PARAMETERS = 16
    """Four parameters a group, from here on up to LATER."""
    USER = LATER + 8
    """Of a user's call: how long it thinks after it, and whether it leaves its session; two to spare."""
    REQUEST_ID = LATER + 16
    """Of an attempt: its request id; two to spare."""
    EVENT_SOURCE = LATER + 24
    """Of a batch of a queue, its number in the place of the call's: duration, crash, error of a fault; one to spare."""
    EVENT_RETRY = LATER + 51
    """Of an attempt whose event its function has failed once, the next group of one that it has failed twice: duration,
    crash, error of a fault; one to spare."""
    EVENT_BIRTH = LATER + 53
    """Of the environment that such a try causes, as BIRTH; likewise the next group."""
    QUERY = LATER + 55
    """Of an invocation, the next two groups of an event that its function has failed once and twice: its query of a
    database; that of its authorizer's invocation; two to spare."""
    ADDRESS = LATER + 17
    """Of a call: which of its client's addresses it comes from."""
    WAF = LATER + 21
    """Of a call, with the priority of a rule of a web ACL in the place of the attempt: whether the rule matches it; three
    to spare."""
    BROWSER = LATER + 22
    """Of a call: which of its client's browsers makes it; three to spare."""
    HOST = LATER + 18
    """Of an attempt: which of the hosts that share throttles it comes to."""
    TRACE = LATER + 19
    """Of an attempt: whether X-Ray samples it, and the parts of its trace's id."""
    SEGMENT = LATER + 20
    """Of an attempt: the ids of its segment and of its integration's subsegment; two to spare."""
    CONNECTED = LATER + 32
    """Of a call of a connection: how long it is until the next message, how long the connection lives (of $connect), how
    long its client waits before it connects again (of what closes it); one to spare."""
    DROP = LATER + 33
    """Of a call of $connect, with the number of a drop in the place of the attempt's: whether its connection is lost."""
    PARTITION = LATER + 34
    """Of a call: its partition key, or its message group; three to spare."""
    CODE = LATER + 50
    """Of an attempt: the seed of the random numbers of a user's own backend; three to spare."""
    RESOLVER = LATER + 41
    """Of a call by a record, of users their first: which of its client's resolvers it asks; three to spare."""
    ANSWER = LATER + 42
    """Of an attempt whose resolver asks anew: which target it is told; three to spare."""
    REMEMBERED = LATER + 43
    """Of a resolver of a client, its number in the place of the call's: which target it has as the run starts, and for how
    long; two to spare."""
    LOSS = LATER + 48
    """Of an attempt: whether its request, and whether its answer, is lost on the way; two to spare."""
