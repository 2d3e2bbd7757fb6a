"""Attack: send people elsewhere, frame a page, find one in a cache, learn something from an error."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from payouts_site.guard_audit.sources import ROOT
from payouts_site.urls import urlpatterns as product
from tests.attacks.town import PASSWORD, Town

pytestmark = pytest.mark.django_db
ELSEWHERE = [
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "https:evil.example",
    "\thttps://evil.example", "javascript:alert(1)", "data:text/html,x", "http:///evil.example", "/\\t/evil.example",
    "https://testserver@evil.example/", "https://testserver.evil.example", "\u3000//evil.example",
    "//evil%E3%80%82example",]  # fmt: skip


@pytest.fixture
def people(db: None) -> Town:
    return Town()


def goes_elsewhere(answer: Any) -> bool:
    target = answer.headers.get("Location", "")
    return "evil" in target.partition("?")[0] or target.startswith(("javascript", "data"))


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_login_ends_elsewhere(people: Town, target: str) -> None:
    user = people.person("auditor")
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    form = {"username": user.username, "password": PASSWORD, "next": target}
    assert not goes_elsewhere(client.post("/admin/login/", form))
    assert client.get("/admin/").status_code == 200
    for address in ("/account/login/", "/account/confirm/", "/admin/login/", "/admin", "/"):
        assert not goes_elsewhere(client.get(address, {"next": target})), address
    confirmed = client.post("/account/confirm/", {"password": PASSWORD, "next": target})
    assert not goes_elsewhere(confirmed)
    assert not goes_elsewhere(client.post("/account/logout/", {"next": target}))


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "a b", "", "[::", "testserver:x"]
)  # fmt: skip
def test_a_foreign_host_is_refused_before_any_page(people: Town, settings: Any, host: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    for address in ("/admin/login/", "/api/v1/payouts", "/nothing"):
        answer = Client(raise_request_exception=False).get(address, headers={"host": host})
        assert answer.status_code in (400, 401), (address, answer.status_code)
        assert "evil" not in answer.content.decode()


def test_forwarded_headers_change_no_link(people: Town) -> None:
    names = ("x-forwarded-host", "x-host", "x-forwarded-server", "forwarded", "x-original-url",
             "x-rewrite-url", "x-forwarded-prefix")  # fmt: skip
    program = people.program()
    for name in names:
        for address in ("/api/v1/audit/entries?limit=1", "/admin"):
            answer = program.get(address, headers={name: "evil.example"})
            assert answer.status_code in (200, 302)
            assert "evil.example" not in answer.content.decode() + str(answer.headers), name
    answer = Client().get("/healthz", headers={"x-original-url": "/admin/"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/static/../payouts_site/settings/database.py", "/static/%2e%2e/manage.py", "/static/..%2f..%2fetc/passwd",
        "/static//etc/passwd", "/static/console/../../manage.py", "/static/....//manage.py", "/static/%00",
        "/static/console/console.css%00.py", "/.env", "/.git/config", "/static/..\\manage.py",
    ],
)  # fmt: skip
def test_no_file_but_a_static_one_is_served(address: str) -> None:
    answer: Any = Client(raise_request_exception=False).get(address)
    assert answer.status_code in (400, 404)
    assert b"root:" not in answer.content and b"DJANGO_SETTINGS" not in answer.content


def test_a_method_in_a_header_or_a_field_is_no_method(people: Town) -> None:
    program = people.program()
    for name in ("x-http-method-override", "x-http-method", "x-method-override"):
        headers = {name: "DELETE"}
        answer = program.post("/api/v1/payouts", "{}", "application/json", headers=headers)
        assert answer.status_code in (400, 422)
        assert program.get("/api/v1/payouts", headers=headers).status_code == 200
    assert program.get("/api/v1/payouts?_method=POST").status_code == 422
    for method in ("TRACE", "CONNECT", "PROPFIND", "P\u00d6ST"):
        assert program.generic(method, "/api/v1/payouts").status_code in (400, 405), method


def test_every_page_may_not_be_framed_guessed_at_or_kept(people: Town) -> None:
    client = people.browser("super_admin")
    pages = [
        address
        for _, address, _ in people.addresses()
        if address.endswith("/") and "export" not in address
    ]
    assert len(pages) > 60
    for address in [*pages, "/api/v1/payouts", "/pay/unknown", "/nothing", "/admin/nothing/"]:
        answer = client.get(address)
        headers = answer.headers
        assert headers["X-Frame-Options"] == "DENY", address
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], address
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "same-origin", address
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", address
        assert "Access-Control-Allow-Origin" not in headers, address
        assert "Server" not in headers and "X-Powered-By" not in headers, address
        if "jsi18n" not in address:
            assert "no-store" in headers["Cache-Control"], address


def test_the_policy_lets_no_foreign_or_inline_script_in(people: Town) -> None:
    policy = Client().get("/admin/login/").headers["Content-Security-Policy"]
    parts = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert set(parts["script-src"]) == {"'self'", "'unsafe-eval'"}
    assert parts["object-src"] == ["'none'"] and parts["default-src"] == ["'self'"]
    assert parts["base-uri"] == ["'self'"] and parts["form-action"] == ["'self'"]


def test_cookies_under_https_are_secure_and_never_for_scripts_or_other_sites() -> None:
    code = (
        "from django.conf import settings as s; "
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, "
        "s.CSRF_COOKIE_SAMESITE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS >= 31536000, s.DEBUG, "
        "s.USE_X_FORWARDED_HOST, s.SESSION_COOKIE_DOMAIN, s.SESSION_ENGINE.rpartition('.')[2])"
    )
    environment = os.environ | {
        "PUBLIC_URL": "https://payouts.example.com",
        "DEBUG": "false",
        "SECRET_KEY": "x" * 60,
        "ALLOWED_HOSTS": "payouts.example.com",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
        "PAIDONCE_SERVICES_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )  # fmt: skip
    said = "True True True Lax Lax True True False False None db"
    assert done.stdout.strip().splitlines()[-1] == said


def test_cookies_as_they_are_set(people: Town) -> None:
    user = people.person("auditor")
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    session = client.cookies["sessionid"]
    assert session["httponly"] and session["samesite"] == "Lax" and not session["domain"]


def fail(_: Any) -> HttpResponse:
    raise ValueError("DE89370400440532013000 sk_live_4eC39HqLyjWDarjtT1zdp7dc")


urlpatterns = [path("page/fails", fail), path("api/fails", fail), *product]
handler400 = "api.error_pages.bad_request"
handler403 = "api.error_pages.forbidden"
handler404 = "api.error_pages.not_found"
handler500 = "api.error_pages.server_error"


@pytest.mark.urls(__name__)
def test_an_error_page_says_what_to_do_and_nothing_else(people: Town) -> None:
    client = people.browser("auditor")
    pages = {
        500: "/page/fails?iban=DE89370400440532013000",
        404: "/nothing/DE89370400440532013000",
        403: "/admin/access/apitoken/add/",
    }
    for status, address in pages.items():
        answer = client.get(address)
        text = answer.content.decode()
        assert answer.status_code == status
        assert "PaidOnce" in text and "overview" in text, status
        for leak in ("DE8937", "sk_live", "ValueError", "Traceback", "settings", "Django"):
            assert leak not in text, (status, leak)
    bad = Client().get("/admin/", headers={"host": "a b"})
    assert bad.status_code == 400 and "Nothing was changed" in bad.content.decode()
    program = people.program()
    answer = program.get("/api/fails")
    assert answer.status_code == 500 and answer.json()["code"] == "internal_error"
    assert "DE8937" not in answer.content.decode()


def test_who_exists_is_not_told_by_the_login(people: Town) -> None:
    people.person("auditor")
    pages = [
        Client().post("/admin/login/", {"username": name, "password": "wrong-password"})
        for name in ("the-auditor", "nobody-here")
    ]
    texts = [
        page.content.decode().replace("the-auditor", "").replace("nobody-here", "")
        for page in pages
    ]
    assert pages[0].status_code == pages[1].status_code == 200
    assert len(texts[0]) == len(texts[1])
