"""Who may call: what a caller's identity, an authorizer and a resource policy together decide (facts 7, 9.1).

A standing is what an identity is worth, and stays: valid, known but not allowed, none at all, a token that was good and
has expired, or one that nobody accepts.
A resource policy's word is fixed for a client and a method. Both functions give a reason; OK goes on.
"""

from apigw_sim.rules import reason

VALID = 0
DENIED = 1
MISSING = 2
INVALID = 3
EXPIRED = 4

NO_AUTHORIZER = 0
LAMBDA = 1
COGNITO = 2
IAM = 3
SIMPLE = 4
"""A Lambda function that answers an HTTP API yes or no, without a policy."""
JWT = 5

NO_POLICY = 0
ALLOWS = 1
DENIES = 2
SILENT = 3
"""There is a policy, and neither Allow nor Deny in it speaks of the request."""


def invokes(kind: int) -> bool:
    """Whether an authorizer of a kind is a Lambda function."""
    return kind in (LAMBDA, SIMPLE)


def keeps(kind: int) -> bool:
    """Whether an authorizer of a kind looks for a result that it may have cached."""
    return kind not in (IAM, JWT)


def standing_of(word: int, valid: int, denied: int, missing: int, expired: int) -> int:
    """What an identity is worth, from its word and cumulative thresholds; the last kind catches the rest."""
    if word < valid:
        return VALID
    if word < denied:
        return DENIED
    if word < missing:
        return MISSING
    if word < expired:
        return EXPIRED
    return INVALID


def turned_away(kind: int, policy: int, standing: int, needs_identity: bool, caught: bool) -> int:
    """The answer to a request before its authorizer is asked, or its cache; OK: it is asked.

    `needs_identity`: an identity source that is missing is a 401 at once; `caught`: the validation expression refuses
    the token, which an expired one passes. A Deny of the policy comes before a Lambda authorizer, and after a user pool's
    (facts 9.1).
    """
    if kind == NO_AUTHORIZER:
        return reason.ACCESS_DENIED if policy in (DENIES, SILENT) else reason.OK
    if kind == IAM:
        return reason.MISSING_AUTHENTICATION_TOKEN if standing == MISSING else reason.OK
    if kind == LAMBDA and policy == DENIES:
        return reason.ACCESS_DENIED
    if standing == MISSING and needs_identity:
        return reason.UNAUTHORIZED
    if standing == INVALID and caught:
        return reason.UNAUTHORIZED
    return reason.OK


def decided(kind: int, policy: int, standing: int) -> int:
    """The answer once the caller has been looked at, or OK: it may go on.

    With a user pool the policy must allow explicitly; with IAM the identity's policy or the resource's, where neither
    denies; with a Lambda authorizer its own word, for the resource policy's Deny has been heard. A simple response can only say
    no; a JSON Web Token without the route's scopes is denied.
    """
    if kind == SIMPLE:
        return reason.OK if standing == VALID else reason.ACCESS_DENIED
    if kind == IAM:
        if standing == INVALID:
            return reason.INVALID_SIGNATURE
        if standing == EXPIRED:
            return reason.EXPIRED_TOKEN
        allowed = standing == VALID or policy == ALLOWS
        return reason.OK if allowed and policy != DENIES else reason.ACCESS_DENIED
    if standing in (INVALID, MISSING, EXPIRED):
        return reason.UNAUTHORIZED
    if kind == COGNITO:
        if standing == DENIED:
            return reason.UNAUTHORIZED
        return reason.ACCESS_DENIED if policy in (DENIES, SILENT) else reason.OK
    return reason.ACCESS_DENIED if standing == DENIED else reason.OK


def is_cached(kind: int, standing: int) -> bool:
    """Whether an authorizer's result is one that its cache keeps: a policy or yes or no, or a good token."""
    return kind == SIMPLE or standing == VALID or (kind == LAMBDA and standing == DENIED)
