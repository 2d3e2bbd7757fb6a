"""The OpenAPI file is valid without a warning, and says what every caller must know; its page obeys the CSP."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]


@pytest.fixture
def schema(client: Client) -> dict[str, Any]:
    response = client.get("/api/v1/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    document: dict[str, Any] = json.loads(response.content)
    return document


def test_it_validates_without_a_warning(tmp_path: Path) -> None:
    target = tmp_path / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(target))
    assert "Idempotency-Key" in target.read_text()


def test_every_operation_names_its_errors_and_how_to_authenticate(schema: dict[str, Any]) -> None:
    operations = [one for path in schema["paths"].values() for one in path.values()]
    assert len(operations) >= 7
    for operation in operations:
        assert {"400", "401", "403", "422", "500", "503"} <= operation["responses"].keys()
        assert operation["security"] == [{"bearerToken": []}, {"consoleSession": []}]
    thing = schema["paths"]["/api/v1/things/{number}"]["get"]
    assert thing["responses"]["404"] == {"$ref": "#/components/responses/Problem404"}
    problem = schema["components"]["responses"]["Problem404"]["content"]
    assert problem["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert schema["components"]["securitySchemes"]["bearerToken"]["scheme"] == "bearer"


@pytest.mark.parametrize(("path", "required"), [("work", False), ("paid-work", True)])
def test_posts_take_an_idempotency_key(schema: dict[str, Any], path: str, required: bool) -> None:
    operation = schema["paths"][f"/api/v1/{path}"]["post"]
    (header,) = [one for one in operation["parameters"] if one["in"] == "header"]
    assert header["name"] == "Idempotency-Key"
    assert header.get("required", False) == required
    assert "Idempotency-Replayed" in operation["responses"]["201"]["headers"]


def test_lists_describe_their_paging(schema: dict[str, Any]) -> None:
    operation = schema["paths"]["/api/v1/users"]["get"]
    parameters = {one["name"]: one["schema"] for one in operation["parameters"]}
    assert parameters["limit"]["maximum"] == 200
    assert set(parameters["ordering"]["enum"]) >= {"-id", "first_name", "-date_joined"}
    assert "page" not in parameters


def test_amounts_are_strings_and_needs_are_named(schema: dict[str, Any]) -> None:
    amount = schema["components"]["schemas"]["Member"]["properties"]["amount"]
    assert amount["type"] == "string"
    operation = schema["paths"]["/api/v1/users"]["get"]
    assert "Needs `transfer.read` (token scope `read`)." in operation["description"]


def test_the_docs_page_has_no_inline_script(client: Client) -> None:
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    assert "script-src 'self'" in page["Content-Security-Policy"]
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page.content.decode(), re.DOTALL)
    assert len(scripts) == 3
    for attributes, inline in scripts:
        assert "src=" in attributes
        assert inline.strip() == ""
    (start,) = [one for one, _ in scripts if "?script" in one]
    script = client.get("/api/v1/docs/", {"script": ""})
    assert start
    assert script["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle" in script.content.decode()
