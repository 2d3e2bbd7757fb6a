"""Every list: three members, `limit` up to 200, `ordering` as declared, unknown parameters and values refused."""

import pytest

from tests.contract.conftest import Caller, operations
from tests.contract.world import OBJECTS

LISTS = sorted(name for name in operations() if name.startswith("list"))


@pytest.mark.parametrize("name", LISTS)
def test_the_parameters_are_documented(name: str) -> None:
    _, _, declared = operations()[name]
    parameters = {one["name"]: one["schema"] for one in declared["parameters"]}
    assert {"limit", "cursor", "ordering"} <= set(parameters)
    assert (parameters["limit"]["minimum"], parameters["limit"]["maximum"]) == (1, 200)


def test_pages_and_refusals(ana: Caller) -> None:
    for name in ("approvePayout", "resolveFinding", "resendWebhookDelivery", "applyReceipt"):
        for _ in range(3):
            OBJECTS[name]()
    for name in LISTS:
        _, _, declared = operations()[name]
        orderings = next(
            one["schema"]["enum"] for one in declared["parameters"] if one["name"] == "ordering"
        )
        whole = ana.call(name, query={"limit": "200"}).json()
        assert set(whole) == {"next", "previous", "results"}, name
        for ordering in orderings:
            first = ana.call(name, query={"limit": "1", "ordering": ordering}).json()
            assert len(first["results"]) <= 1 and first["previous"] is None, (name, ordering)
        for query, field in (
            ({"limit": "201"}, "limit"),
            ({"limit": "0"}, "limit"),
            ({"limit": "many"}, "limit"),
            ({"ordering": "secret"}, "ordering"),
            ({"cursor": "???"}, "cursor"),
            ({"no_such_filter": "1"}, "no_such_filter"),
        ):
            refused = ana.call(name, query=query)
            assert refused.status_code == 422, (name, query)
            assert refused.json()["errors"][0]["field"] == field, (name, query)


def test_a_call_on_one_object_refuses_parameters_that_it_does_not_know(ana: Caller) -> None:
    for name, make in OBJECTS.items():
        refused = ana.call(name, path=make(), query={"dry_run": "true"})
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_error"), name
