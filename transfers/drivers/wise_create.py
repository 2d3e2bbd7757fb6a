"""The steps of a Wise payment before money can move: recipient, quote, transfer. Each is committed before the next.

None of them moves money, and only the one transfer that is written into `funding_reference` will ever be funded. So
what is unclear here is never an unknown outcome, and a stray transfer at Wise is harmless: it lapses unfunded.
"""

from typing import Any

from django.utils import timezone

from audit.actor import Actor
from guard.errors import Refused
from money import Money
from rails.answers import Declined, Done, NotNow, Unclear, Unreachable
from rails.wise_errors import WAIT_SECONDS
from rails.wise_values import WiseQuote, WiseTransfer, parse_moment, recipient_body
from transfers.claim import Claim, commit_step
from transfers.drivers.wise_look import movement_of
from transfers.drivers.wise_steps import Step, settled, turn, wait
from transfers.policy import mismatches
from transfers.rail_access import wise_rail
from transfers.services.raise_finding import raise_finding
from transfers.services.record_answer import record_failed
from transfers.sources import JudgesQuotes, source_of

_MOST_QUOTES = 3


def add_recipient(claim: Claim, actor: Actor) -> Step:
    """Name the bank account at Wise. The details are fetched for this call alone and kept nowhere."""
    source = source_of(claim.transfer)
    try:
        details = source.recipient_details(claim.transfer) if source is not None else {}
    except Refused as refused:
        # Such as a key that was rotated away: it goes on by itself once that is put right.
        wait(claim, NotNow(refused.code, WAIT_SECONDS), actor)
        return None
    try:
        body = recipient_body(
            details, profile=wise_rail().profile_id, currency=claim.transfer.currency
        )
    except (ValueError, KeyError):
        record_failed(
            claim,
            "recipient_unsupported",
            "These bank details cannot be paid through Wise.",
            {},
            actor=actor,
        )
        return None
    turn()
    answer = wise_rail().add_recipient(body)
    if isinstance(answer, Done):
        progress = claim.attempt.progress
        return commit_step(claim, settled(progress, recipient={"id": answer.value}))
    _not_done(claim, answer, actor)
    return None


def get_quote(claim: Claim, actor: Actor) -> Step:
    """A price for exactly this amount to exactly this recipient; one transfer will be made from it."""
    transfer, progress = claim.transfer, claim.attempt.progress
    turn()
    answer = wise_rail().quote(
        transfer.amount,
        source_currency=claim.attempt.request["source_currency"],
        recipient=progress["recipient"]["id"],
    )
    if not isinstance(answer, Done):
        _not_done(claim, answer, actor)
        return None
    quote = answer.value
    if quote.disabled:
        wait(
            claim, Unclear(quote.disabled, evidence=answer.evidence), actor, code="pay_in_disabled"
        )
        return None
    refusal = _refusal_of(claim, quote)
    if refusal:
        record_failed(claim, "quote_refused", refusal, answer.evidence, actor=actor)
        return None
    body = {
        "targetAccount": int(progress["recipient"]["id"]),
        "quoteUuid": quote.id,
        "customerTransactionId": claim.attempt.idempotency_key,
        "details": {"reference": claim.attempt.request["reference"]},
    }
    kept = {
        "id": quote.id,
        "rate": str(quote.rate),
        "source_minor": quote.source_minor,
        "source_currency": quote.source_currency,
        "fee_minor": quote.fee_minor,
        "expires_at": quote.expires_at.isoformat(),
        "number": progress.get("quotes", 0) + 1,
    }
    create = {"body": body, "sends": 0, "unclear": False, "empty_scans": 0}
    return commit_step(claim, settled(progress, quote=kept, quotes=kept["number"], create=create))


def _refusal_of(claim: Claim, quote: WiseQuote) -> str:
    transfer = claim.transfer
    if (quote.target_minor, quote.target_currency) != (transfer.amount_minor, transfer.currency):
        return "Wise quoted another amount than the one asked for."
    source: object = source_of(transfer)
    if isinstance(source, JudgesQuotes):
        leaves = Money(quote.source_minor, quote.source_currency)
        return source.quote_refusal(transfer, source=leaves)
    return ""


def create(claim: Claim, actor: Actor) -> Step:
    """Make the transfer, or find the one that an earlier call made. It is not funded yet."""
    progress = claim.attempt.progress
    state = progress["create"]
    if state.get("scan"):
        return _scan(claim, actor)
    if not state["sends"] and _expired(progress["quote"]):
        return commit_step(claim, _without_quote(progress))
    turn()
    sent = {**state, "sends": state["sends"] + 1, "unclear": True}
    committed = commit_step(claim, {**progress, "create": sent})
    if committed is None:
        return None
    answer = wise_rail().create(state["body"])
    progress = committed.attempt.progress
    match answer:
        case Done(value):
            return _adopt(committed, value, actor)
        case Declined():
            # An earlier call may have made it: look before the refusal is believed.
            declined = {
                "code": answer.code,
                "message": answer.message,
                "fields": answer.evidence.get("fields", []),
            }
            state = {**state, "sends": sent["sends"], "scan": True, "declined": declined}
            return commit_step(committed, {**progress, "create": state})
        case Unclear():
            wait(committed, answer, actor, code="create_unclear")
        case _:
            unchanged = {**sent, "unclear": state["unclear"]}
            wait(committed, answer, actor, progress={**progress, "create": unchanged})
    return None


def withdraw(claim: Claim, actor: Actor) -> Step:
    """A person stopped it before anything could be funded: what Wise may have made is found first, and cancelled."""
    if not claim.attempt.progress.get("create", {}).get("sends"):
        _withdrawn(claim, {"asked": "nothing: Wise was never told of a transfer"}, actor)
        return None
    return _scan(claim, actor)


def _withdrawn(claim: Claim, evidence: dict[str, Any], actor: Actor) -> None:
    order = claim.attempt.progress["cancel"]
    record_failed(claim, order["code"], order["message"], evidence, actor=actor)


def _scan(claim: Claim, actor: Actor) -> Step:
    """Look through the list for our customerTransactionId; absence counts twice, apart, if a call went unanswered."""
    progress = claim.attempt.progress
    state = progress["create"]
    found = wise_rail().find(
        claim.attempt.idempotency_key, since=claim.attempt.first_sent_at, before_page=turn
    )
    if isinstance(found, Unreachable):
        wait(claim, found, actor, code="create_unclear")
        return None
    alive = [transfer for transfer in found.value if transfer.status != "cancelled"]
    if found.value:
        return _adopt(claim, (alive or found.value)[0], actor)
    scans = state["empty_scans"] + 1
    if state["unclear"] and scans < 2:
        waiting = {**progress, "create": {**state, "empty_scans": scans}}
        unclear = Unclear("the list has no such transfer so far", evidence=found.evidence)
        wait(claim, unclear, actor, progress=waiting, code="create_unclear")
        return None
    return _absent(claim, found.evidence, actor)


def _absent(claim: Claim, evidence: dict[str, Any], actor: Actor) -> Step:
    """It is proven that no transfer exists: a new quote if that was the trouble, else the refusal stands."""
    progress = claim.attempt.progress
    if "cancel" in progress:
        _withdrawn(claim, evidence, actor)
        return None
    declined = progress["create"]["declined"]
    about_quote = "quoteUuid" in declined["fields"] or _expired(progress["quote"])
    if about_quote and progress["quotes"] < _MOST_QUOTES:
        return commit_step(claim, _without_quote(progress))
    record_failed(claim, declined["code"], declined["message"], evidence, actor=actor)
    return None


def _adopt(claim: Claim, transfer: WiseTransfer, actor: Actor) -> Step:
    """Take this transfer for ours, for good, if it is exactly what was asked for."""
    different = mismatches(claim.transfer, claim.attempt, movement_of(transfer))
    different = [name for name in different if name != "reference"]  # it gets its name below
    if different:
        evidence = {"transfer": transfer.id, "differs_in": different}
        raise_finding(
            subject=f"transfer:{claim.transfer.pk}",
            kind="movement_differs",
            detail=f"Wise made {transfer.id}, which differs in {', '.join(different)}. It was not funded.",
            actor=actor,
            evidence=evidence,
        )
        message = "Wise made another transfer than the one asked for; it was not funded."
        record_failed(claim, "transfer_differs", message, evidence, actor=actor)
        return None
    progress = settled(claim.attempt.progress, transfer={"id": transfer.id})
    return commit_step(claim, progress, funding_reference=transfer.id)


def _not_done(claim: Claim, answer: Any, actor: Actor) -> None:
    """A step that moves nothing was not done: a refusal is proof enough, anything else is simply tried again."""
    if isinstance(answer, Declined):
        record_failed(claim, answer.code, answer.message, answer.evidence, actor=actor)
    else:
        wait(claim, answer, actor)


def _expired(quote: dict[str, Any]) -> bool:
    return parse_moment(quote["expires_at"]) <= timezone.now()


def _without_quote(progress: dict[str, Any]) -> dict[str, Any]:
    kept = {name: part for name, part in progress.items() if name not in ("quote", "create")}
    return settled(kept)
