"""Who talks to the product from outside: an integrator with a token, over real HTTP, one connection a call."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Caller:
    """Calls the API of the stack's web server; safe to use from several threads."""

    web_url: str
    secret: str
    timeout: float = 20.0
    statuses: list[int] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Said:
        """`path` after /api/v1/. `key` is the Idempotency-Key. Raises OSError when nobody answers in time."""
        connection = http.client.HTTPConnection(urlsplit(self.web_url).netloc, timeout=self.timeout)
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1/{path}", payload, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        self.statuses.append(answer.status)
        return Said(answer.status, dict(answer.getheaders()), json.loads(text) if text else None)

    def get(self, path: str) -> Said:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Said:
        return self.call("POST", path, {} if body is None else body, key=key)

    def pay_all(self, reference: str, *, key: str | None = None) -> Said:
        """createBulkTransfers for the whole crew."""
        return self.post(f"bookings/{reference}/transfers", key=key)


def integrator(web_url: str, username: str = "the-integrator") -> Caller:
    """A caller whose user may create bookings and pay them."""
    user, made = User.objects.get_or_create(username=username)
    if made:
        assign_role(user, Role.OPERATOR)
    _, secret = ApiToken.objects.create(user=user, name="tests")
    return Caller(web_url, str(secret))
