"""What the console's templates write: amounts, moments, chips, and the parts of a page that are refreshed alone."""

import zlib
from datetime import datetime
from typing import Any

from django import template
from django.template.base import Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from money import Money
from transfers.console import formats
from transfers.console.formats import Chip, ProgressPart
from transfers.models import Booking, Transfer, TransferReversal

register = template.Library()


@register.filter
def money(amount: Money) -> str:
    """As people write it: $1,800.00."""
    return formats.money_text(amount)


@register.simple_tag
def moment(at: datetime | None, *, prefix: str = "") -> SafeString:
    """A time of day whose hover says the exact moment with its zone; a dash for none."""
    if at is None:
        return mark_safe("<span>-</span>")
    text = f"{prefix}{formats.clock(at, now=timezone.now())}"
    return _time(at, text)


@register.simple_tag
def asked(rail: str, at: datetime | None, next_check_at: datetime | None) -> SafeString:
    """What people must know of an unknown outcome: when which rail was asked, when it is asked next, what not to do."""
    soon = next_check_at is None or next_check_at <= timezone.now()
    return format_html(
        "{}, next check {}. Do not pay by hand.",
        format_html("Asked {} at {}", rail, moment(at)) if at else f"{rail} was not asked yet",
        "now" if soon else moment(next_check_at),
    )


@register.simple_tag
def detail(label: str, value: object, *, code: bool = False) -> SafeString:
    """A row of a card's details; a dash for nothing. `code`: an id or an address, in the letters for such."""
    if value in (None, ""):
        shown: object = "\u2013"
    else:
        shown = format_html('<code class="wrap">{}</code>', value) if code else value
    return format_html("<div><dt>{}</dt><dd>{}</dd></div>", label, shown)


@register.simple_tag
def ago(at: datetime | None) -> SafeString:
    """An age whose hover says the exact moment with its zone."""
    if at is None:
        return mark_safe("<span>-</span>")
    return _time(at, formats.age(at, now=timezone.now()))


def _time(at: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), formats.exact(at), text
    )


@register.simple_tag
def chip(what: Chip) -> SafeString:
    """A status: colour, icon and text."""
    return format_html(
        '<span class="chip chip-{}"><span class="icon" aria-hidden="true">{}</span>{}</span>',
        what.tone,
        what.icon,
        what.label,
    )


@register.filter
def transfer_chip(transfer: Transfer | None) -> Chip:
    """The chip of a transfer."""
    return formats.transfer_chip(transfer)


@register.filter
def booking_chip(state: str) -> Chip:
    """The chip of a booking's payment state."""
    return formats.booking_chip(state)


@register.filter
def attempt_chip(outcome: str) -> Chip:
    """The chip of an attempt's or a reversal's outcome."""
    return formats.attempt_chip(outcome)


@register.tag
def live(parser: Parser, token: Token) -> Node:
    """`{% live "id" "classes" role="row" %}…{% endlive %}`: a part of the page that is refreshed alone.

    It carries a checksum of its content, so that the browser leaves it (and the focus in it) alone while it is the
    same. Rendered with `oob` in the context it replaces the element of that id.
    """
    _, *bits = token.split_contents()
    positional = [parser.compile_filter(bit) for bit in bits if "=" not in bit]
    named = {
        name: parser.compile_filter(value)
        for name, _, value in (bit.partition("=") for bit in bits if "=" in bit)
    }
    inside = parser.parse(("endlive",))
    parser.delete_first_token()
    return _Live(inside, positional, named)


class _Live(Node):
    def __init__(self, inside: NodeList, positional: list[Any], named: dict[str, Any]) -> None:
        self.inside = inside
        self.positional = positional
        self.named = named

    def render(self, context: Context) -> SafeString:
        name, classes = (part.resolve(context) for part in self.positional)
        attributes = {key: value.resolve(context) for key, value in self.named.items()}
        content = self.inside.render(context)
        sum_of = zlib.crc32(f"{classes}|{sorted(attributes.items())}|{content}".encode())
        if context.get("oob"):
            attributes["hx-swap-oob"] = "true"
        written = format_html_join(
            "",
            ' {}="{}"',
            (
                (key.replace("_", "-"), value)
                for key, value in attributes.items()
                if value not in (None, "")
            ),
        )
        return format_html(
            '<div id="{}" class="{}" data-sum="{}"{}>{}</div>',
            name,
            classes,
            sum_of,
            written,
            content,
        )


@register.filter
def add_text(prefix: str, value: object) -> str:
    """Both as one text; the `add` filter would add numbers."""
    return f"{prefix}{value}"


@register.filter
def minus(value: int, other: int) -> int:
    """The difference."""
    return value - other


@register.filter
def initials(name: str) -> str:
    """The first letters of the first and the last name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def reversed_money(transfer: Transfer) -> Money:
    """What was taken back of a transfer so far."""
    return Money(transfer.reversed_minor, transfer.currency)


@register.filter
def progress_parts(booking: Booking) -> list[ProgressPart]:
    """The parts of a booking's progress bar, by people."""
    return formats.progress_parts(booking)


@register.filter
def spec_choices(changelist: Any, spec: Any) -> list[dict[str, Any]]:
    """The choices of one list filter, with the address of each."""
    return list(spec.choices(changelist))


@register.filter
def reversal_money(reversal: TransferReversal) -> Money:
    """What a reversal takes back."""
    return Money(reversal.amount_minor, reversal.transfer.currency)


@register.filter
def grouped(number: int) -> str:
    """With thousands apart: 1,200."""
    return f"{number:,}"
