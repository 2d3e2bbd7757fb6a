"""Reads. No function here writes or calls a rail."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from access.regions import Regions, narrowed
from guard.errors import NotFound
from money import Money
from payouts.models import Payee, PayoutRail, PayoutRequest, Recipient
from payouts.policy import APPROVAL_WINDOW_HOURS, Facts
from transfers.models import Finding, Release, ReleaseState, SourceType, Transfer
from transfers.stellar_assets import asset_of


def payouts_shown() -> QuerySet[PayoutRequest]:
    """Payouts with what is shown beside them, in one query; transfers come from `transfers_of`."""
    return PayoutRequest.objects.select_related("payee", "recipient", "superseded_by").defer(
        "recipient__encrypted"
    )


def payouts_seen(regions: Regions) -> QuerySet[PayoutRequest]:
    """Those of them that somebody with these regions sees; for pages that name requests other than by their address."""
    return narrowed(payouts_shown(), regions)


def get_payout(payout_id: int) -> PayoutRequest:
    """Raises NotFound."""
    payout = payouts_shown().filter(pk=payout_id).first()
    if payout is None:
        raise NotFound(f"There is no payout {payout_id}.")
    return payout


def get_payee(external_id: str) -> Payee:
    """Raises NotFound."""
    payee = Payee.objects.filter(external_id=external_id).first()
    if payee is None:
        raise NotFound(f"There is no payee {external_id}.")
    return payee


def transfer_of(payout_id: int) -> Transfer | None:
    """The one transfer of a payout, if it was ever approved."""
    return Transfer.objects.filter(
        source_type=SourceType.PAYOUT, source_id=payout_id, user_id=""
    ).first()


def transfers_of(payouts: Iterable[PayoutRequest]) -> dict[int, Transfer]:
    """Transfers by payout id: one query."""
    rows = Transfer.objects.filter(
        source_type=SourceType.PAYOUT, source_id__in=[payout.pk for payout in payouts], user_id=""
    )
    return {row.source_id: row for row in rows}


def returned_of(transfer: Transfer) -> Money | None:
    """What came back or was taken back, in the currency in which it did; None when nothing did."""
    if transfer.returned_minor:
        return Money(transfer.returned_minor, transfer.returned_currency)
    return Money(transfer.reversed_minor, transfer.currency) if transfer.reversed_minor else None


def is_disputed(payout_id: int, transfer: Transfer | None) -> bool:
    """Does an open finding say that the rail's books differ? Then nothing about it is proven.

    About the request itself as well: money that somebody else sent for it is out where no transfer was ever made here.
    """
    return _open_about(payout_id, transfer).exists()


def replaced_by(payout: PayoutRequest) -> list[int]:
    """Ids of all requests that this one replaces, the latest first, back to the first: few, each was asked for."""
    if payout.supersedes_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE replaced (id) AS (
                SELECT %s::bigint
                UNION
                SELECT payout.supersedes_id FROM payouts_payoutrequest AS payout
                JOIN replaced ON replaced.id = payout.id WHERE payout.supersedes_id IS NOT NULL)
            SELECT id FROM replaced ORDER BY id DESC
            """,
            [payout.supersedes_id],
        )
        return [row[0] for row in cursor.fetchall()]


def open_findings(payout_id: int, kinds: Sequence[str] = ()) -> list[Finding]:
    """What people still have to look at about this payout and its transfer; of these kinds, if any are named."""
    found = _open_about(payout_id, transfer_of(payout_id)).order_by("id")
    return list(found.filter(kind__in=kinds) if kinds else found)


def _open_about(payout_id: int, transfer: Transfer | None) -> QuerySet[Finding]:
    subjects = [f"payout:{payout_id}", *([f"transfer:{transfer.pk}"] if transfer else [])]
    return Finding.objects.filter(subject__in=subjects, state="open")


def open_release(transfer: Transfer) -> Release | None:
    """What one person said became of it, while a second one has not confirmed it."""
    return transfer.releases.filter(state=ReleaseState.PROPOSED).first()


def newest_recipient(payee_id: int, kind: str) -> Recipient | None:
    """The payee's newest details of that type."""
    return Recipient.objects.filter(payee_id=payee_id, type=kind).order_by("-version").first()


def facts_of(payout: PayoutRequest) -> Facts:
    """What somebody who approves now would sign. `payout` has its payee and recipient at hand."""
    newest = newest_recipient(payout.payee_id, payout.recipient.type)
    return facts_with(payout, payout.recipient_id if newest is None else newest.pk)


def facts_with(payout: PayoutRequest, newest_recipient_id: int) -> Facts:
    """The same when the payee's newest details of that type are known already: no query."""
    quote = payout.quote or {}
    return Facts(
        payee=payout.payee_id,
        kyc=payout.payee.status,
        recipient=payout.recipient_id,
        newest_recipient=newest_recipient_id,
        amount_minor=payout.amount_minor,
        currency=_meant_currency(payout),
        rail=payout.rail,
        source_minor=quote.get("source_minor"),
        source_currency=quote.get("source_currency", ""),
        max_drift_percent=str(settings.QUOTE_MAX_DRIFT_PERCENT),
    )


def _meant_currency(payout: PayoutRequest) -> str:
    """A bare asset code with its issuer: whoever signs for USDC signs for that one's USDC."""
    on_stellar = payout.rail == PayoutRail.STELLAR
    return (asset_of(payout.currency) if on_stellar else "") or payout.currency


def same_account_elsewhere(recipient: Recipient) -> QuerySet[Recipient]:
    """The same account under other payees, whatever the holder's name there."""
    return Recipient.objects.filter(blind_index=recipient.blind_index).exclude(
        payee_id=recipient.payee_id
    )


def approved_in_window(reviewer_id: int) -> int:
    """Minor units of the base currency that this person approved in the last 24 hours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(base_minor), 0)::bigint FROM payouts_approval "
            "WHERE reviewer_id = %s AND at > clock_timestamp() - make_interval(hours => %s)",
            [reviewer_id, APPROVAL_WINDOW_HOURS],
        )
        return int(cursor.fetchone()[0])


def approval_limit() -> Money:
    """What one person may approve in 24 hours."""
    return Money.parse(settings.APPROVAL_LIMIT, settings.BASE_CURRENCY)


def payouts_like(values: dict[str, Any]) -> QuerySet[PayoutRequest]:
    """Payouts that fit the filters `status`, `region`, `reviewer`, `rail` and `search`."""
    rows = payouts_shown()
    for name in ("status", "region", "rail"):
        if name in values:
            rows = rows.filter(**{name: values[name]})
    if "reviewer" in values:
        rows = rows.filter(reviewed_by=values["reviewer"])
    if "search" in values:
        rows = rows.filter(found_by(values["search"]))
    return rows


def found_by(begins: str) -> Q:
    """Payouts whose payee's id or name begins so, or whose number this is; each through an index."""
    payees = Payee.objects.filter(Q(external_id__istartswith=begins) | Q(name__istartswith=begins))
    if not (begins.isascii() and begins.isdecimal()):
        return Q(payee__in=payees.values("pk"))
    # Not OR: that would ask every request there is whether it is the one.
    requests = PayoutRequest.objects.order_by()
    of_payees = requests.filter(payee__in=payees.values("pk")).values("pk")
    return Q(pk__in=of_payees.union(requests.filter(pk=int(begins[:18])).values("pk")))


def due_quotes(most: int) -> list[int]:
    """Ids of waiting requests whose numbers should be asked for again, the longest due first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM payouts_payoutrequest WHERE status = 'requested' AND quote_due_at <= clock_timestamp() "
            "ORDER BY quote_due_at LIMIT %s",
            [most],
        )
        return [row[0] for row in cursor.fetchall()]
