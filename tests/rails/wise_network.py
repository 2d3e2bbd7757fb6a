"""A Wise adapter whose network is a function."""

import json
from typing import Any

import httpx2

from rails.wise import WiseRail
from rails.wise_paths import Family


class Wise:
    """An adapter whose network is a function."""

    def __init__(self, family: Family = "legacy") -> None:
        self.seen: list[httpx2.Request] = []
        self.answers: list[httpx2.Response | Exception] = []
        self.rail = WiseRail(
            token="t",
            api_base="http://wise.test/",
            profile_id="7",
            family=family,
            timeout_seconds=1,
        )
        self.rail.close()
        self.rail._client = httpx2.Client(
            base_url="http://wise.test",
            headers={"Authorization": "Bearer t"},
            transport=httpx2.MockTransport(self._answer),
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def says(self, status: int, body: Any = "", headers: dict[str, str] | None = None) -> "Wise":
        """The next answer; the last one is repeated."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.answers.append(httpx2.Response(status, text=text, headers=headers))
        return self

    def breaks(self, error: Exception) -> "Wise":
        """The next call ends like this."""
        self.answers.append(error)
        return self
