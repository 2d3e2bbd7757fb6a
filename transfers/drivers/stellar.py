"""Stellar: signed transactions under channels' sequence numbers; the transaction's hash is the idempotency key.

    before money can move    a channel, companions, a look at every destination   stellar_group.py, stellar_check.py
    signed and committed     the envelope with all payments in it                 stellar_sign.py
    sent, looked up, proven  the same bytes again, or a proof of absence          stellar_envelopes.py
    recorded                 for each transfer, from the envelope's final state   stellar_conclude.py

Killed anywhere, the next worker finds the attempt without an envelope (nothing was sent: it starts over) or with one
(it may have been sent: it asks first). A new envelope for a debt is made only after the last is proven dead, which the
unique index `one_fundable_movement_per_debt` holds as well, and under the same channel's numbers.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, OuterRef

from audit.actor import Actor
from rails.answers import LookUp, Movement, Seen, Unreachable
from rails.horizon_values import LedgerAccount, LedgerState
from transfers.claim import Claim
from transfers.drivers import stellar_envelopes as envelopes
from transfers.drivers.stellar_channels import (
    ChannelLease,
    free_channel,
    last_used,
    lease_channel,
    pinned_channel,
)
from transfers.drivers.stellar_check import REFUSALS, refusal_of, spendable
from transfers.drivers.stellar_conclude import (
    conclude,
    make_others_due,
    movement,
    tell_the_closed,
)
from transfers.drivers.stellar_group import companions, member_of
from transfers.drivers.stellar_second_look import was_paid_before, without_paid
from transfers.drivers.stellar_sign import commit_envelope
from transfers.drivers.stellar_steps import (
    BUSY,
    BUSY_SECONDS,
    EARLIER,
    RAIL,
    Member,
    turn,
    wait,
)
from transfers.models import (
    LIVE_STATES,
    EnvelopeState,
    StellarEnvelope,
    StellarPayment,
    Transfer,
    TransferAttempt,
)
from transfers.rail_access import horizon_rail, stellar_treasury
from transfers.services.record_answer import record_failed
from transfers.switches import PAUSED, is_paused


class StellarDriver:
    """Rules for exactly-once of the Stellar reference, section 8."""

    def start(self, claim: Claim, actor: Actor) -> None:
        _dispatch(claim, actor)

    def take_up(self, claim: Claim, actor: Actor) -> None:
        if claim.attempt.funding_reference:
            _follow(claim, actor)
        else:
            _dispatch(claim, actor)

    def look_up(self, transfer: Transfer, *, patience_seconds: float | None = None) -> LookUp:
        return _look_up(transfer, patience_seconds)


def _dispatch(claim: Claim, actor: Actor) -> None:
    """Nothing is signed for this attempt: get a channel, and sign with whoever is due as well."""
    if _is_held_back([claim], actor):
        return
    leader = member_of(claim, actor)
    if leader is None or not _is_free_of_earlier(claim, actor):
        return
    lease = lease_channel(pinned_channel(claim.transfer))
    if lease is None:
        _tend_forgotten(actor)
        wait(claim, BUSY, actor, seconds=BUSY_SECONDS)
        return
    try:
        with companions(leader, lease.account, actor) as others:
            _sign_and_send([leader, *others], lease, actor)
    finally:
        free_channel(lease)


def _is_held_back(claims: list[Claim], actor: Actor) -> bool:
    if not is_paused(RAIL):
        return False
    for claim in claims:
        wait(claim, PAUSED, actor, seconds=settings.LEASE_SECONDS)
    return True


def _tend_forgotten(actor: Actor) -> None:
    """A channel is taken by an envelope that nobody asks about any more: ask, so that it is free one day."""
    open_attempts = TransferAttempt.objects.filter(
        stellar_payment__envelope=OuterRef("pk"), outcome__in=("live", "unknown")
    )
    live = StellarEnvelope.objects.filter(state__in=LIVE_STATES)
    for envelope in live.exclude(Exists(open_attempts))[:10]:
        if envelopes.hold(envelope):
            _record(envelope, envelopes.ask(envelope, may_send=False), [], actor)


def _is_free_of_earlier(claim: Claim, actor: Actor) -> bool:
    """Is all that was ever signed for this debt proven dead? People may close an attempt before that is so."""
    earlier = StellarEnvelope.objects.filter(payments__attempt__transfer=claim.transfer).exclude(
        state__in=(EnvelopeState.EXPIRED, EnvelopeState.APPLIED_FAILED)
    )
    for envelope in earlier:
        if envelope.is_live and envelopes.hold(envelope):
            # Never offered again: it is only waited for. The others in it offer it themselves.
            _record(envelope, envelopes.ask(envelope, may_send=False), [], actor)
        envelope.refresh_from_db()
        if envelope.is_live:
            wait(claim, EARLIER, actor, seconds=envelopes.next_look(envelope))
            return False
        if envelope.state == EnvelopeState.APPLIED_OK:
            was_paid_before(claim, envelope, actor)
            return False
    return True


def _sign_and_send(members: list[Member], lease: ChannelLease, actor: Actor) -> None:
    try:
        ledger = _look_at_ledger(lease)
    except _NotNow as reason:
        for member in members:
            wait(member.claim, reason.code, actor, said=reason.said)
        return
    unpaid = without_paid(members, ledger.channel, actor)
    payable = _payable(unpaid, ledger.treasury, actor)
    # The looks took their time.
    if not payable or _is_held_back([member.claim for member in payable], actor):
        return
    sequence = max(ledger.channel.sequence, last_used(lease)) + 1
    try:
        signed = commit_envelope(payable, lease, sequence=sequence, state=ledger.state)
    except IntegrityError:
        # Another envelope of this channel is alive after all: nothing was written, nothing was sent.
        for member in payable:
            wait(member.claim, BUSY, actor, seconds=BUSY_SECONDS)
        return
    if signed is None:
        return
    envelope, claims = signed
    if all(claim.has_time_for_a_call for claim in claims):
        _record(envelope, envelopes.send(envelope), claims, actor)


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What signing needs to know: the ledger's time, the channel's number, the treasury's balances."""

    state: LedgerState
    channel: LedgerAccount
    treasury: LedgerAccount


class _NotNow(Exception):
    """Something is missing, so everybody waits."""

    def __init__(self, code: str, said: str = "") -> None:
        super().__init__(code)
        self.code, self.said = code, said


def _look_at_ledger(lease: ChannelLease) -> _Ledger:
    """Raises _NotNow."""
    turn()
    state = horizon_rail().state()
    if isinstance(state, Unreachable):
        raise _NotNow("unreachable", state.reason)
    channel = _read_account(lease.account, missing="channel_missing")
    payer = stellar_treasury().account
    if payer == lease.account:
        return _Ledger(state.value, channel, channel)
    return _Ledger(state.value, channel, _read_account(payer, missing="treasury_missing"))


def _read_account(account: str, *, missing: str) -> LedgerAccount:
    turn()
    read = horizon_rail().account(account)
    if isinstance(read, Unreachable):
        raise _NotNow("unreachable", read.reason)
    if read.value is None:
        raise _NotNow(missing)
    return read.value


def _payable(members: list[Member], treasury: LedgerAccount, actor: Actor) -> list[Member]:
    """Those whose payment could arrive and is covered; for the others it is recorded why not.

    A slow Horizon must not use up the leases with looks: whoever was not looked at in time goes with the next one.
    """
    left: dict[str, int | None] = {}
    payable = []
    for place, member in enumerate(members):
        if place and not members[0].claim.has_time_for_a_call:
            wait(member.claim, "not_looked_at", actor, seconds=BUSY_SECONDS)
            continue
        order = member.order
        turn()
        read = horizon_rail().account(stellar_treasury().account_of(order.destination))
        if isinstance(read, Unreachable):
            wait(member.claim, "unreachable", actor, said=read.reason)
            continue
        refusal = refusal_of(order, read.value, memo=member.memo.text)
        if refusal:
            record_failed(
                member.claim, refusal, REFUSALS[refusal], dict(read.evidence), actor=actor
            )
            continue
        funds = left.setdefault(order.asset, spendable(treasury, order.asset))
        if funds is not None and funds < order.stroops:
            wait(member.claim, "treasury_underfunded", actor)
            continue
        left[order.asset] = None if funds is None else funds - order.stroops
        payable.append(member)
    return payable


def _follow(claim: Claim, actor: Actor) -> None:
    """An envelope was committed for this attempt: what became of it? One of its transfers asks for all of them."""
    payment = StellarPayment.objects.select_related("envelope").get(attempt=claim.attempt)
    envelope = payment.envelope
    if envelope.is_live and envelopes.hold(envelope):
        _record(envelope, envelopes.ask(envelope, may_send=not is_paused(RAIL)), [claim], actor)
        return
    envelope.refresh_from_db()
    conclude(claim, envelope, None, actor)


def _record(
    envelope: StellarEnvelope,
    standing: envelopes.Standing | None,
    claims: list[Claim],
    actor: Actor,
) -> None:
    envelope.refresh_from_db()
    if envelope.is_live:
        envelopes.let_go(envelope, envelopes.next_look(envelope))
    for claim in claims:
        conclude(claim, envelope, standing, actor)
    if not envelope.is_live:
        tell_the_closed(envelope, actor)
        make_others_due(envelope, claims)


def _look_up(transfer: Transfer, patience_seconds: float | None) -> LookUp:
    """Every envelope that was ever signed for this debt, also those proven dead: a movement is a fact."""
    payments = StellarPayment.objects.filter(attempt__transfer=transfer).select_related(
        "attempt", "envelope"
    )
    movements: list[Movement] = []
    asked: list[str] = []
    # Whoever has no patience for a turn has none for an answer either.
    quick = patience_seconds is not None
    for payment in payments.order_by("-attempt__number"):
        if payment.envelope.network_passphrase != horizon_rail().network_passphrase:
            return Unreachable("one of its transactions was signed for another network")
        turn(patience_seconds)
        found = horizon_rail().transaction(payment.envelope.hash, quick=quick)
        if isinstance(found, Unreachable):
            return found
        asked.append(found.evidence["asked"])
        if found.value is None or not found.value.successful:
            continue
        turn(patience_seconds)
        read = horizon_rail().operations(payment.envelope.hash, quick=quick)
        if isinstance(read, Unreachable):
            return read
        moved = [envelopes.moved(one) for one in read.value or () if one.index == payment.operation_index]  # fmt: skip
        movements += [movement(transfer, payment, one) for one in moved]
    return Seen(movements, {"asked": asked or "nothing: no transaction was signed for it"})
