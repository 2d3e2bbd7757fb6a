"""Keyset paging: every row once in both directions, ties included, without counting."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]


@pytest.fixture
def users(api: Client) -> list[User]:
    """Twenty-three more users, with few first names and few dates among them."""
    start = timezone.now()
    User.objects.bulk_create(
        User(
            username=f"u{number:02}",
            first_name=f"name {number % 3}",
            date_joined=start + timedelta(microseconds=number % 4),
        )
        for number in range(23)
    )
    return list(User.objects.order_by("id"))


def _walk(api: Client, url: str | None, link: str) -> list[list[dict[str, Any]]]:
    pages = []
    while url is not None:
        response = api.get(url)
        assert response.status_code == 200, response.content
        page = response.json()
        assert page.keys() == {"next", "previous", "results"}
        pages.append(page["results"])
        url = page[link]
        assert len(pages) < 100
    return pages


@pytest.mark.parametrize(
    "ordering", ["", "id", "-id", "first_name", "-first_name", "date_joined", "-date_joined"]
)
def test_every_row_comes_once_in_order_forwards_and_backwards(
    api: Client, users: list[User], ordering: str
) -> None:
    query = f"/api/v1/users?limit=5{'&ordering=' + ordering if ordering else ''}"
    pages = _walk(api, query, "next")
    assert [len(page) for page in pages] == [5, 5, 5, 5, 4]
    sign = "-" if ordering.startswith("-") or not ordering else ""
    names = [f"{sign}{ordering.lstrip('-') or 'id'}", f"{sign}id"]
    wanted = list(User.objects.order_by(*names).values_list("id", flat=True))
    assert [row["id"] for page in pages for row in page] == wanted
    last = api.get(query)
    while last.json()["next"]:
        last = api.get(last.json()["next"])
    back = _walk(api, last.json()["previous"], "previous")
    assert [row["id"] for page in reversed(back) for row in page] == wanted[:20]


def test_a_page_is_one_query_and_nothing_is_counted(
    api: Client, users: list[User], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = api.get("/api/v1/users?limit=5&ordering=first_name").json()
    with django_assert_num_queries(2) as seen:
        api.get(first["next"])
    sql = seen.captured_queries[1]["sql"]
    assert "COUNT(" not in sql.upper()
    assert "ROW(" in sql
    assert "LIMIT 6" in sql
    assert "OFFSET" not in sql


def test_rows_that_arrive_between_two_pages_shift_nothing(api: Client, users: list[User]) -> None:
    first = api.get("/api/v1/users?limit=5").json()
    User.objects.create(username="late")
    second = api.get(first["next"]).json()
    wanted = [user.pk for user in reversed(users)][5:10]
    assert [row["id"] for row in second["results"]] == wanted


def test_the_ends_have_no_links(api: Client, users: list[User]) -> None:
    everything = api.get("/api/v1/users?limit=200").json()
    assert (everything["next"], everything["previous"]) == (None, None)
    assert len(everything["results"]) == 24
    exact = api.get("/api/v1/users?limit=24").json()
    assert exact["next"] is None


def test_fifty_rows_unless_asked(api: Client, users: list[User]) -> None:
    User.objects.bulk_create(User(username=f"more{number}") for number in range(40))
    assert len(api.get("/api/v1/users").json()["results"]) == 50


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit=²", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("ordering=password", "ordering"),
        ("ordering=groups__name", "ordering"),
        ("ordering=", "ordering"),
        ("cursor=x", "cursor"),
        ("cursor=é", "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("cursor=WyItaWQiLDAsWyJ4Il1d", "cursor"),  # ["-id",0,["x"]]
        ("cursor=WyItaWQiLDAsW251bGxdXQ", "cursor"),  # ["-id",0,[null]]
        ("cursor=WyItaWQiLDAsWyIxIiwiMSJdXQ", "cursor"),  # ["-id",0,["1","1"]]
        ("ordering=id&cursor=WyItaWQiLDAsWyIxIl1d", "cursor"),  # ["-id",0,["1"]]
    ],
)
def test_whatever_is_not_ours_is_422(api: Client, query: str, field: str) -> None:
    response = api.get(f"/api/v1/users?{query}")
    assert response.status_code == 422, response.content
    assert response.json()["code"] == "validation_error"
    assert response.json()["errors"][0]["field"] == field
