"""Routes, and how API Gateway matches a request to one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apigw_sim.scenario.routes import Route, RouteError, RouteTable, parse, segments

TABLE = RouteTable(
    parse(text)
    for text in [
        "GET /",
        "GET /items",
        "GET /items/{id}",
        "GET /items/latest",
        "ANY /items/{id}",
        "ANY /items/{id}/parts/{proxy+}",
        "POST /items/{id}/parts/new",
        "GET /static/{file+}",
        "ANY /{proxy+}",
    ]
)


@pytest.mark.parametrize(
    ("request_line", "route", "values"),
    [
        ("GET /", "GET /", {}),
        ("GET /items", "GET /items", {}),
        ("GET /items/", "GET /items", {}),
        ("GET /items?page=2", "GET /items", {}),
        ("GET /items/latest", "GET /items/latest", {}),
        ("GET /items/7", "GET /items/{id}", {"id": "7"}),
        ("DELETE /items/7", "ANY /items/{id}", {"id": "7"}),
        ("DELETE /items/latest", "ANY /items/{id}", {"id": "latest"}),
        ("POST /items/7/parts/new", "POST /items/{id}/parts/new", {"id": "7"}),
        ("PUT /items/7/parts/new", "ANY /items/{id}/parts/{proxy+}", {"id": "7", "proxy": "new"}),
        ("GET /items/7/parts/a/b", "ANY /items/{id}/parts/{proxy+}", {"id": "7", "proxy": "a/b"}),
        ("GET /items/7/parts", "ANY /{proxy+}", {"proxy": "items/7/parts"}),
        ("GET /static/css/a.css", "GET /static/{file+}", {"file": "css/a.css"}),
        ("POST /static/css/a.css", "ANY /{proxy+}", {"proxy": "static/css/a.css"}),
        ("get /items", "GET /items", {}),
    ],
)
def test_literal_before_parameter_before_proxy_and_any_last(
    request_line: str, route: str, values: dict[str, str]
) -> None:
    method, path = request_line.split(" ")
    match = TABLE.match(method, path)
    assert match is not None
    assert (str(match.route), match.values) == (route, values)


def test_nothing_serves_the_root_but_the_root() -> None:
    assert RouteTable([parse("ANY /{proxy+}")]).match("GET", "/") is None
    assert RouteTable([parse("ANY /a/{proxy+}")]).match("GET", "/a") is None
    assert RouteTable([parse("GET /a/{x}")]).match("GET", "/a//") is None
    assert RouteTable([]).match("GET", "/") is None


def test_a_path_without_the_method_does_not_hide_another() -> None:
    table = RouteTable([parse("GET /a/{x}"), parse("POST /{proxy+}")])
    match = table.match("POST", "/a/b")
    assert match is not None
    assert str(match.route) == "POST /{proxy+}"


@pytest.mark.parametrize(
    ("call", "route"),
    [
        ("GET /items/{id}", "GET /items/{id}"),
        ("PATCH /items/{id}", "ANY /items/{id}"),
        ("GET /items/7", "GET /items/{id}"),
        ("GET /anything/at/all", "ANY /{proxy+}"),
        ("GET /items/{name}", None),
        ("ANY /nothing", None),
    ],
)
def test_a_call_means_a_route_by_name_by_any_or_by_path(call: str, route: str | None) -> None:
    match = TABLE.named(parse(call))
    assert (match and str(match.route)) == route


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("get /a", "write GET /a"),
        ("/a", "write GET /a"),
        ("GET a", "write GET /a"),
        ("GET  /a", "write GET /a"),
        ("GET /a/", "write GET /a"),
        ("GET //", "write GET /"),
        ("FETCH /a", "write METHOD /path, such as GET /items/{id}"),
        ("GET /a/{b+}/c", "a greedy parameter stands at the end"),
        ("GET /{a}/{a}", "give each parameter its own name"),
        ("GET /a b", "write literal parts, {name}, or {name+} at the end"),
        ("GET /a//b", "write literal parts, {name}, or {name+} at the end"),
        ("GET /a?b", "write the path alone; query values live under query:"),
        ("", "write METHOD /path, such as GET /items/{id}"),
    ],
)
def test_what_is_no_route(text: str, fix: str) -> None:
    with pytest.raises(RouteError) as caught:
        parse(text)
    assert caught.value.fix == fix


def test_a_route_prints_as_it_is_written() -> None:
    route = parse("GET /items/{id}/{rest+}")
    assert str(route) == "GET /items/{id}/{rest+}"
    assert route.parameters == ("id", "rest")
    assert not route.is_concrete


PARTS = st.sampled_from(["a", "b", "{x}"])
PATHS = st.lists(PARTS, max_size=3).map(lambda parts: "/" + "/".join(parts))
ROUTES = st.lists(
    st.tuples(st.sampled_from(["GET", "POST", "ANY"]), PATHS, st.booleans()), min_size=1, max_size=8
)


def rank(route: Route) -> tuple[object, ...]:
    kinds = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in segments(route.path)]
    return ([*kinds, 0], route.method == "ANY")


def fits(route: Route, method: str, parts: list[str]) -> bool:
    pattern = segments(route.path)
    if route.method not in (method, "ANY"):
        return False
    if pattern and pattern[-1].endswith("+}"):
        head = pattern[:-1]
        return len(parts) > len(head) and all(
            p.startswith("{") or p == q for p, q in zip(head, parts, strict=False)
        )
    return len(parts) == len(pattern) and all(
        p.startswith("{") or p == q for p, q in zip(pattern, parts, strict=True)
    )


@given(ROUTES, st.sampled_from(["GET", "POST"]), st.lists(st.sampled_from(["a", "b", "c"]), max_size=4))
def test_the_table_finds_what_a_search_of_all_routes_finds(
    rows: list[tuple[str, str, bool]], method: str, parts: list[str]
) -> None:
    made: list[Route] = []
    for verb, path, greedy in rows:
        path = path.replace("{x}", "{x}", 1)
        pieces = [f"{{x{n}}}" if piece == "{x}" else piece for n, piece in enumerate(segments(path))]
        if greedy:
            pieces.append("{rest+}")
        made.append(Route(verb, "/" + "/".join(pieces)))
    found = RouteTable(made).match(method, "/" + "/".join(parts))
    fitting = [route for route in made if fits(route, method, parts)]
    expected = min(fitting, key=lambda route: rank(route)) if fitting else None
    assert (found and rank(found.route)) == (expected and rank(expected))


def test_the_default_route_serves_what_no_other_does() -> None:
    table = RouteTable(parse(text) for text in ("GET /items", "ANY /{proxy+}", "$default"))
    assert str(parse("$default")) == "$default"
    asked = {("GET", "/items"): "GET /items", ("PUT", "/other"): "ANY /{proxy+}", ("GET", "/"): "$default"}
    for (method, path), route in asked.items():
        match = table.match(method, path)
        assert match is not None
        assert str(match.route) == route
    assert RouteTable([parse("GET /items")]).match("GET", "/") is None
    found = table.match("GET", "/$default")  # a path, and not the route
    assert found is not None
    assert str(found.route) == "ANY /{proxy+}"


@pytest.mark.parametrize("text", ["$default", "GET /items/{id}", "ANY /{proxy+}", "GET /"])
def test_a_route_serves_its_example(text: str) -> None:
    route = parse(text)
    match = RouteTable([route]).match("GET", route.example)
    assert match is not None
    assert match.route == route
