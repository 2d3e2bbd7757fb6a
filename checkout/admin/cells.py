"""How the cells of checkout's lists look."""

from django.utils.html import format_html
from django.utils.safestring import SafeString


def row_link(address: str, title: str, below: str) -> SafeString:
    """The first column of a list: the link to the page, with a quiet line below."""
    return format_html(
        '<a class="row-link" href="{}"><strong>{}</strong><span class="quiet">{}</span></a>',
        address,
        title,
        below,
    )


def amount_cell(text: str) -> SafeString:
    """An amount, aligned."""
    return format_html('<span class="amount">{}</span>', text)
