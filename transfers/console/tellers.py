"""An audit entry in the words of the room that its subject belongs to.

A room says once, when its app is ready, how entries about its nouns are told; this room knows its own.
"""

from collections.abc import Callable
from typing import Final

from audit.models import Entry
from transfers.console.story import REFUSED, Moment, entry_moment

Teller = Callable[[Entry], Moment]
_tellers: dict[str, Teller] = {}

# Why a step was refused, where the entry holds no sentence of its own.
_REFUSALS: Final = {
    "permission_denied": "Their role may not do this.",
    "other_region": "It belongs to another region.",
    "self_approval": "Nobody decides about their own request.",
    "already_decided": "Somebody had decided before.",
    "conflict": "It had changed since they looked.",
    "approval_limit_exceeded": "It is beyond what one reviewer may approve.",
    "kyc_incomplete": "The payee's KYC is not approved.",
    "obligation_live": "The same debt may still be paid elsewhere.",
    "outcome_unknown": "Nobody knows yet what became of the last try.",
    "refund_exceeds_payment": "It is more than what is left.",
}


def tell(nouns: tuple[str, ...], teller: Teller) -> None:
    """Entries about "noun:12" are told by `teller`."""
    _tellers.update(dict.fromkeys(nouns, teller))


def told(entry: Entry) -> Moment:
    """What happened."""
    return _tellers.get(entry.subject.partition(":")[0], entry_moment)(entry)


def reason_of(entry: Entry) -> str:
    """Why, as a sentence wherever one is known for the code that the entry holds."""
    if entry.outcome in REFUSED and entry.reason in _REFUSALS:
        return str(entry.snapshot.get("detail") or _REFUSALS[entry.reason])
    return told(entry).reason or entry.reason
