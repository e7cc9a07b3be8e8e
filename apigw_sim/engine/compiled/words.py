"""What each word of the state is: rows of int64 in named vectors; an id is a row's offset in its vector.

Offset 0 is nobody, so 0 means none wherever an id stands; NULL is -1, as everywhere. Numbers of things are those of
the plan. A row is read and written by the names of its words (`plain.view`), as `a.status`.
"""

from __future__ import annotations

from apigw_sim.draws.philox import ROUNDS

ROUND_KEYS = tuple(f"key_{number}" for number in range(2 * ROUNDS))
"""Words of a client: the keys of the rounds of its draws (`draws.philox.schedule`)."""

FIELDS: dict[str, tuple[str, ...]] = {
    name: tuple(text.split())
    for name, text in {
        # the numbers of which there is one: attributes of the state itself
        "head": """now stop answers grid last_tick pending row_free row_top row_room node_free node_top node_room heap_n shift
            slot
            near_n far_n farther_n beyond_n beyond_min clients wants turned drain drain_row dead_first dead_last
            environment_free environment_top environment_room touched_n attempts_n invocations_n environments_n calls_n
            block_rows method_count front as_you_go counts_refused
            scaling scaling_window scaling_bucket cache_errors max_age_0_is_a_miss
            encryption_overhead largest_request largest_cached size_check_after_cache validation_after_cache rare_502
            message_free message_top message_room connection_free connection_top connection_room drops new_connections
            before_waf waf_interval waf_delay
            unhealthy fronts detoured hosts releases parted tokens_first quota_first hit hit_c authorizer_refused
            authorizer_malformed
            takes takes_attempts of_attempts takes_invocations of_invocations takes_calls of_calls""",
        # an event that is still to come; `row`: of its attempt, or the step of its session with which a user begins
        "node": "next at rank id what row",
        # an attempt: who sent it and what it draws (drawn_), the answer so far, and its job at the backend (job_)
        # (what is written or copied together stands together: `opened`, `sent`, `record`)
        "row": """me refs next who client call number started record previous limit
            pick key resource entry age rtt body overhead
            gone executed method release arrived response flags
            authorizing integration status integration_status reason refused_by tokens cache authorizer
            backend waiting identity standing given source
            detached stops drawn_duration drawn_response job_arrived queued provisioning init duration
            end environment outcome job_status job_refused_by repeated alias paid probe""",
        # (`keeps`: whether its calls have anything to do with each other: users, or processes that keep something)
        # a client; its next call starts at `at` and stands at `block`, of which block_n are left; drawn from `undrawn`
        # on are those whose instants stand at `instant`, of which instant_n are left
        "client": """me number at stage pick weights weights_n guide guide_shift first_key key_n
            key_table key_group timeout attempts jitter base cap client_timeout statuses statuses_n picked listed replays
            listed_at instant instant_n undrawn block_first block block_n call chance chance_from chance_to
            drops_key identities identity_table first_identity valid denied missing expired
            detours new_connection handshakes handshakes_c front untrusted distribution edge edge_c
            loses_requests loses_answers
            browsers permissions each permitted_for
            tests tests_n allowed addresses address_table first_address
            keeps users workers connections names checks
            processes process base_throttled quota quota_throttled quota_timed_out quota_other earns saves breaker
            window open_ns probes adaptive """
        + " ".join(ROUND_KEYS),
        # browsers of a client (`browsers`: how many, 0: it is none), whose permissions stand from `permissions` on, `each` of
        # them; what they remember of each: until when
        "permit": "expires",
        # AWS WAF: a test that a rule makes of a client's requests (`tests` of a client: NULL, there is no web ACL); a
        # rate-based rule, whose addresses stand from `senders` on, and their counts by slot from `counts` on
        "test": "asks low high priority action gauge rate",
        "rate": "limit window slots senders counts",
        "sender": "slot judged over",
        # a distribution; how it numbers what is asked of a method (first: NULL, not at all); an answer that it keeps
        "distribution": "ttl error_ttl",
        "edge_key": "first constants constants_n digits digits_n",
        "edge_entry": "ready expires status reason size",
        # how a client finds the targets of a record (`names`, NULL: it calls one stage): its row at the first target and at
        # the others, its resolvers from `first` on, and `answers_n` threshold words in `share`; `block`: a call to draw in
        "names": "owner twins resolvers keeps first answers answers_n block",
        "remembered": "target until",
        # what one of a client's processes keeps between its calls: retry quota and budget, circuit breaker, limiter; of a
        # checker (`checks` of a client: NULL, it is none) what it reports
        "process": """tokens budget
            state bits seen until probing good
            acts rate level at most plateau throttled_at measured slot count
            reports streak""",
        # closed-loop users of a client: how many, within what time they come, until when they start calls, how many
        # calls a session has (0: none), and what they wait between calls and between sessions
        "users": "count ramp until steps think think_c pause pause_c",
        # what a client's arrivals open, and a connection that is open: when it ends and why, and what happens next
        "connections": """connect disconnect every every_c lifetime lifetime_c reconnect reconnect_c returns longest idle largest
            until stage open connected closed closed_step""",
        "connection": "me next ends why due",
        "disconnect": "at stage share",
        # a client's workers: how many are free, until when calls start, and the calls that are due, from `first` to `last`
        "workers": "free until first last",
        # the other words of calls whose "when" is drawn: those of a client's calls chance_from .. chance_to - 1 from `chance`
        "chance": "which key age",
        # a client's next calls, and what a trace lists of them
        "block": "pick key resource entry age rtt body overhead at third fourth",
        "listed": "pick resource entry body",
        # an entry of a client's calls, with its laws: a table, or NULL and a constant
        "pick": """me method resource entry parameters parameters_n age authorized idempotent number first_entry
            needs_key policies sends refused invalid_body invalid_parameters types types_n rtt rtt_c
            body body_c overhead overhead_c format leave preflight permission""",
        # what an attempt draws behind the gateway
        "works": "service service_c duration duration_c response response_c statuses statuses_n crash malformed",
        "parameter": "word n table resource entry",
        "key": "group ordinal",
        # what a group of keys meets at a method: the first key's buckets and quota
        "access": "allowed method plan quota",
        # a method as a deployment has it; of those that stand for one in records: `moves` if what answers
        # for it may be another (2: some ask for an API key), then `released`, and `canary_released` for its stage's canary
        # a method stands there once for each host that has parts of the throttles; `place`: of its column in `access`
        # `mapped`: where in `status` the mapped_n codes of a custom integration's responses stand, behind them their
        # statuses, behind those their sizes; NULL: a proxy
        # `needs_key`: 2 (CONNECTS) where the limit of new connections stands in the place of a key's
        # `fold`: which of its entries stands for several, NULL: each for itself
        "method": """place stage cache moves needs_key bucket account backend works mock_status misconfigured timeout ttl
            require_authorization unauthorized first_entry authorizer released canary_released validator mapped mapped_n
            asynchronous refused_types binary_types largest_body largest_binary alias answers fold context""",
        # of a deployment whose cache key tells less apart than another's: the arguments of rules.edge.entry_of
        "fold": "constants constants_n digits digits_n",
        # an alias of a function: rows of plan.backends
        "alias": "first second threshold",
        # what stands before the API key of some methods; `backend`: the function that it invokes
        # `policy`: how far to shift a call's `policies`
        "authorizer": """kind backend ttl needs_identity caught one_method policy gives_key first_entry time time_c service
            service_c duration duration_c wait""",
        # an authorizer's cached result for an identity; `expires` is 0 where there is none
        "grant": "expires method",
        # a stage, and a cache: its own, or behind the stages a canary's; `canary`: the share that meets the canary;
        # `binds`: the cache's possible entries could fill it, so the order of uses is kept
        # `answers`, as of a method: where in `status` they stand, REASON words a reason; `unavailable`: a share of 503s
        "stage": """canary capacity ready gauge binds uses queue queue_n queue_room answers canary_answers unavailable
            no_route account""",
        # a cached answer; `expires` is 0 where there is none
        "entry": "expires resource answer used",
        # entries in the order of their uses, as far as it is known
        "queue": "used where",
        "bucket": "level at rate full limit off low stale",
        "quota": "used requests limit reset resets_end low stale",
        # a function or a version of the function `main`, or an HTTP backend with its queue from `first` to `last`
        # is_lambda: 2 (UNUSUAL) for a version with provisioned concurrency (`provision`) or a database (`database`), -1 for
        # an HTTP server that asks one;
        # `kin`: the number of the next function with the same database; a negative `slow`: it has a database, or load
        "backend": """me is_lambda statuses statuses_n certain contexts crash malformed timeout reserved reserved_limit own_rps
            all_rps scaling_limit ring ring_n ring_at scaling_level scaling_at slow errors outage idle births in_use alive cold
            provisioning provisioning_c init init_c lifetime lifetime_c concurrency queue capacity_limit busy queued
            first last load largest_response main refuses format_error service provision provisioned
            events database kin query query_c keeps exits
            account_in_use unreserved unreserved_in_use unreserved_limit""",
        # an AWS service behind a backend's row: what a token of its bucket pays for, and how many units it is; of a stream
        # its shards, whose rows and buckets follow its own, the first bucket of `bytes`, and where in `status` the shards
        # of the partition keys stand (`keys`: 0, each call has its own), and its gauges, `incoming` and `incoming_bytes`.
        # What it takes is kept (`keeps`: it is a queue or a stream): `to` is the queue, or the buffers of the Firehose stream
        # that reads a stream, each of which follows the one before by `apart`. `counts`: it is a stream, or an action on a
        # table, whose gauges are the last three
        "service": """throttle_status unit cost by_answer keeps to shards bytes keys key_table of_key incoming incoming_bytes
            apart counts consuming consumed exceeded""",
        # records that Firehose has and has not delivered: how many, their bytes, when the first came; then its gauges
        "firehose": """size interval records held first
            delivered_records delivered_bytes objects_by_size objects_by_interval object_bytes object_age object_ages""",
        # an SQS queue with its mapping: message groups from `first` to `last` can be read, all messages are from `oldest` to
        # `newest`; its groups stand from `groups` on, of a standard queue one, of which many batches may be under way;
        # `row` is its own, of which it polls and widens. The row of a batch has in `pick` its queue, in `entry` its first
        # message, in `age` how many there are, in `started` when they were received
        "sqs": """me function visibility retention most_receives most_hidden batch per_message duration duration_c at_once step
            window due gathering fifo groups most backoff batches under_way polling widening first last oldest newest emptied row
            visible hidden sent received deleted dead expired""",
        "message": "me next older newer sent received group",
        # the messages of a queue, or of one message group, that wait; `busy`: a batch of it is under way
        "group": "me next first last busy",
        # Lambda's own queue of a function's events, and its gauges; an event is a row of messages (`asynchronous`)
        "event": "most_age retries on_failure there received retried expired failed age ages",
        # provisioned concurrency of a version: environments that are free, the most recently used first; how many busy
        # ones go when they are free; its own requests per second; its gauges
        "provision": "idle surplus level at rate full limited limit allocated busy utilization",
        # a database: where in `status` its times by load stand, its functions from `first` on, and its gauges
        "database": "connections load first held busy refused",
        # an execution environment; `below` it in the stack of idle ones, or behind it among the dead
        "environment": "me number born ready used lifetime served below died function connected resets",
        "gauge": "level low peak area at stale integral",
    }.items()
}
VECTORS = (
    *FIELDS, "queued", "guide", "when", "instant", "heap", "wheel", "bits", "turn", "cells", "columns", "resets", "share",
    "status", "ring", "count", "digits", "touched", "met", "attempts", "invocations", "environments", "calls", "levels",
)  # fmt: skip
"""The vectors by name, in the order of their addresses."""


LINE = 8
"""Words that the processor fetches together."""
LINED = frozenset({"row", "node", "quota"})
"""Vectors whose rows fill whole lines, so that none begins in one row's and ends in another's."""


def width(name: str) -> int:
    """Words of a row of a vector."""
    words = len(FIELDS[name])
    return -(-words // LINE) * LINE if name in LINED else words


ROW, NODE, CLIENT, PICK, METHOD, STAGE, ENTRY = map(
    width, ("row", "node", "client", "pick", "method", "stage", "entry")
)
WORKS, USERS, WORKERS = width("works"), width("users"), width("workers")
QUEUE, ALIAS = width("queue"), width("alias")
DISTRIBUTION, EDGE_KEY, EDGE_ENTRY = map(width, ("distribution", "edge_key", "edge_entry"))
PROVISION = width("provision")
TEST, RATE, SENDER, PERMIT = map(width, ("test", "rate", "sender", "permit"))
BUCKET, QUOTA, BACKEND, ENVIRONMENT, GAUGE, PROCESS = map(
    width, ("bucket", "quota", "backend", "environment", "gauge", "process")
)
DRAWN = 128
"""Calls of a client that are drawn at once."""
TAKEN = FIELDS["block"].index("at")
"""Words of a drawn call that its first attempt takes over as they stand."""
PICKED, ANSWERED = FIELDS["row"].index("pick"), FIELDS["row"].index("authorizing")
"""Where they stand in its row, and where the words that its record takes over as they stand."""
SENT = FIELDS["row"].index("method")
"""What an attempt knows as it is sent stands before this word of its row."""
NEEDED = FIELDS["row"].index("source")
"""What an attempt needs that meets no backend stands before this word of its row."""
CALL_BLOCK, LISTED, PARAMETER, KEY, ACCESS = map(width, ("block", "listed", "parameter", "key", "access"))
CHANCE = width("chance")
REMEMBERED = width("remembered")
CONNECTION, DISCONNECT = width("connection"), width("disconnect")
AUTHORIZER, GRANT, FOLD, SQS, MESSAGE = map(width, ("authorizer", "grant", "fold", "sqs", "message"))
GROUP, FIREHOSE = width("group"), width("firehose")
ATTEMPT_COLUMNS, INVOCATION_COLUMNS, ENVIRONMENT_COLUMNS, CALL_COLUMNS, LEVEL_COLUMNS = 21, 19, 9, 10, 6
REASON = 3
"""`status` has status, body and marks of each reason for each row of plan.answers; what is of others follows."""
BY_TURNS = 2
"""Of `moves`: some deployments of the method ask for an API key, and some do not."""
CONNECTS = 2
"""Of `needs_key`: its requests open connections, and need none."""
UNUSUAL = 2
"""Of `is_lambda`: a version with provisioned concurrency, or with a database."""
EVENT = 2
"""Of `detached`: nobody ever waits, an asynchronous invocation."""
STATUS_BITS, REASON_BITS = 10, 8
"""Of a cached answer: response bytes, reason and status in one word."""

FOR_EVER = 4_611_686_018_427_387_904
"""Later than every instant."""

# heap: the events of the current slot, the earliest first: instant, rank with client, id, node
HEAP = 4

# wheel: lists of nodes by slot, by page (NEAR slots), by book (FAR pages), and what lies beyond
BITS = 32
"""Marks in a word of `bits`."""
NEAR_BITS, FAR_BITS = 14, 12
NEAR, FAR = 1 << NEAR_BITS, 1 << FAR_BITS
FAR_FIRST, FARTHER_FIRST, BEYOND = NEAR, NEAR + FAR, NEAR + 2 * FAR
WHEEL = BEYOND + BITS

# what happens, and the stages of the straight line behind it
(
    WAIT,
    SEND,
    ARRIVE,
    RELAY,
    LATE,
    KNOWN,
    DONE,
    WORK,
    LEARN,
    TIMED_OUT,
    LAPSE,
    GIVE_UP,
    ANSWERING,
    ANSWER,
    RETRY,
    START,
    FREED,
    DUE,
    HELD,
    TOLD,
    LEFT,
    EDGE,
    ADMIT,
    GUARD,
    ASK,
    ASK_LATE,
    ASKED,
    HEARD,
    UNANSWERED,
    OFFER,
    WORKED,
    TRY,
    TRIED,
    DROP,
    POLL,
    WIDEN,
    RETURN,
    GATHER,
) = range(38)
"""From RETRY to LEFT they are those of clients, from GUARD on those of authorizers, from OFFER on those of queues, and of
these TRY to DROP those of Lambda's own."""

# why `advance` came back
REACHED, BLOCK_FULL, GROW, CALLS = range(4)
ROOM = 8
"""Rows, nodes and records that one event needs at the most."""
