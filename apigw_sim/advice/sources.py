"""Where AWS says it: keys of pages as full addresses."""

from __future__ import annotations

_BOOKS = {
    "AG": "https://docs.aws.amazon.com/apigateway/latest/developerguide/{}.html",
    "AGAPI": "https://docs.aws.amazon.com/apigateway/latest/api/{}.html",
    "CW": "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/{}.html",
    "R53": "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/{}.html",
    "AAS": "https://docs.aws.amazon.com/autoscaling/application/userguide/{}.html",
    "WAF": "https://docs.aws.amazon.com/waf/latest/developerguide/{}.html",
    "L": "https://docs.aws.amazon.com/lambda/latest/dg/{}.html",
}


def page(key: str) -> str:
    """The address of a key such as `AG:limits`, a remark after it left out; what is no key is an address itself."""
    book, _, name = key.partition(":")
    return _BOOKS[book].format(name.partition(" ")[0]) if book in _BOOKS else key
