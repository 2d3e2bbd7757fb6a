"""One sentence or two above a screen after something was asked for: what happened, and what to do next."""

from dataclasses import dataclass
from typing import Literal

from django.contrib import messages
from django.http import HttpRequest

from guard.errors import Refused
from transfers import advice

Tone = Literal["done", "refused"]
_LEVEL = {"done": messages.SUCCESS, "refused": messages.WARNING}


@dataclass(frozen=True, slots=True)
class Notice:
    """`title` says what happened, `text` what to do."""

    tone: Tone
    title: str
    text: str = ""
    status: int = 200

    @property
    def sentence(self) -> str:
        """Both in one line."""
        return f"{self.title}: {self.text}" if self.text else f"{self.title}."

    def to_next_page(self, request: HttpRequest) -> None:
        """Show it on the page that the redirect leads to."""
        messages.add_message(request, _LEVEL[self.tone], self.sentence)


def refusal(error: Refused) -> Notice:
    """A refusal as a friendly notice."""
    return Notice("refused", error.title, advice.after_refusal(error), error.http_status)
