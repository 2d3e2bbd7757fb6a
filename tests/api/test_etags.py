"""If-Match: the version a caller believes in, or a refusal."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 200), ('"3"', 200), ('W/"3"', 200), ("*", 200), ('"2"', 409), ("3", 422), ('"x"', 422)],
)
def test_if_match(api: Client, header: str | None, status: int) -> None:
    headers = {} if header is None else {"if-match": header}
    response = api.get("/api/v1/things/1", headers=headers)
    assert response.status_code == status
    if status == 200:
        assert response["ETag"] == '"3"'
    if status == 409:
        assert response.json()["code"] == "conflict"
        assert response.json()["current_version"] == 3
