"""Another attempt after a proven failure; never from an outcome that nobody knows."""

from contextlib import nullcontext
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from psycopg import errors as postgres

from audit.actor import Actor
from guard.door import Conflict, Illegal, Result, change_status, refuse
from guard.errors import Conflicted, IllegalTransition, NotFound, Refused
from guard.statement import SecondsFromNow, run
from transfers.models import SourceType, Transfer, TransferStatus
from transfers.prepared import columns_of, from_row
from transfers.sources import source_of
from transfers.switches import paused_condition, refuse_while_paused
from transfers.wake import wake_after_commit


class OutcomeUnknown(Refused):
    """Money may have moved; a retry could pay twice."""

    code = "outcome_unknown"
    title = "Nobody knows yet whether this was paid"


class ObligationLive(Refused):
    """The earlier try is not proven dead, or a new one is under way already."""

    code = "obligation_live"
    title = "This is being paid already"


class BookingCancelled(Refused):
    """The booking is cancelled: nobody is paid for it any more."""

    code = "booking_cancelled"
    title = "The booking is cancelled"


def booking_cancelled(error: IntegrityError) -> BookingCancelled:
    """The refusal for what the trigger on transfers refused; anything else is raised again."""
    cause = error.__cause__
    name = cause.diag.constraint_name if isinstance(cause, postgres.Error) else None
    if name != "cancelled_booking_pays_nobody":
        raise error
    return BookingCancelled("The booking was cancelled, so nobody is paid for it.")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A transfer with what is asked about it before another attempt. A failure that an open finding contradicts is
    not proven; `present_account` is None where the money does not go to a person of a booking.
    """

    transfer: Transfer
    disputed: bool
    present_account: str | None
    paused: bool


# One prepared statement instead of three queries through the ORM, which were most of the request.
_LOOK = f"""
    SELECT {", ".join(f"transfer.{name}" for name in columns_of(Transfer))},
        EXISTS (
            SELECT FROM transfers_finding WHERE subject = 'transfer:' || transfer.id AND state = 'open'
        ) AS disputed,
        (SELECT stripe_account FROM transfers_crewmember AS member
         WHERE transfer.source_type = '{SourceType.BOOKING}' AND member.booking_id = transfer.source_id
            AND member.user_id = transfer.user_id) AS present_account,
        {paused_condition("transfer.rail")} AS paused
    FROM transfers_transfer AS transfer WHERE transfer.id = %s::bigint
"""


def retry_transfer(*, transfer_id: int, actor: Actor, version: int | None = None) -> Transfer:
    """Failed -> pending, with the payee's present account; workers are woken after the commit. One statement, which
    is a transaction of its own unless the caller has one open.

    The next attempt gets a new number and so a new key: the rail keeps the old answer under the old one. Raises
    NotFound, OutcomeUnknown, ObligationLive and BookingCancelled (409), IllegalTransition (422, also where a source
    decides), Conflicted (409: somebody was faster), RailPaused (503).
    """
    seen = _look(transfer_id)
    transfer = seen.transfer
    _refuse_while_live(transfer, seen.disputed, actor)
    _refuse_if_its_source_decides(transfer, actor)
    if seen.paused and transfer.status == TransferStatus.FAILED:
        refuse_while_paused(transfer.rail)
    try:
        result = _reopen(seen, version, actor)
    except IntegrityError as error:
        raise _audited(booking_cancelled(error), transfer, actor) from error
    if isinstance(result, Illegal):
        raise result.error()
    if isinstance(result, Conflict):
        raise result.error(Conflicted)
    wake_after_commit([transfer_id])
    return from_row(Transfer, result.row)


def _look(transfer_id: int) -> _Seen:
    rows = run(_LOOK, [transfer_id])
    if not rows:
        raise NotFound(f"There is no transfer {transfer_id}.")
    return _Seen(
        from_row(Transfer, rows[0]),
        rows[0]["disputed"],
        rows[0]["present_account"],
        rows[0]["paused"],
    )


def _reopen(seen: _Seen, version: int | None, actor: Actor) -> Result:
    # A savepoint only where a refusal by the database would break the caller's transaction.
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        return change_status(
            Transfer,
            seen.transfer.pk,
            believed=seen.transfer.status,
            to=TransferStatus.PENDING,
            version=version,
            actor=actor,
            reason="retry",
            changes={
                "due_at": SecondsFromNow(0),
                "destination": seen.present_account or seen.transfer.destination,
            },
            returning=columns_of(Transfer),
        )


def _audited(error: Refused, transfer: Transfer, actor: Actor) -> Refused:
    refuse(
        Transfer,
        transfer.pk,
        to=TransferStatus.PENDING,
        actor=actor,
        outcome="conflict",
        reason=error.code,
        status=transfer.status,
    )
    return error


def _refuse_while_live(transfer: Transfer, disputed: bool, actor: Actor) -> None:  # noqa: FBT001
    error: Refused
    if transfer.outcome_unknown:
        error = OutcomeUnknown(
            "The rail has not said what became of the last attempt. It is asked again by itself; "
            "do not pay this by hand.",
            next_check_at=transfer.due_at,
        )
    elif transfer.status in (TransferStatus.PENDING, TransferStatus.PROCESSING):
        error = ObligationLive(f"It is {transfer.status} now.", current_status=transfer.status)
    elif transfer.status == TransferStatus.FAILED and disputed:
        error = ObligationLive(
            "The rail shows a movement for it although it failed here. Resolve the finding first.",
            current_status=transfer.status,
        )
    else:
        return
    raise _audited(error, transfer, actor)


def _refuse_if_its_source_decides(transfer: Transfer, actor: Actor) -> None:
    """A payout request is decided about anew before it is sent anew; its own retry leads there."""
    if source_of(transfer) is None:
        return
    refuse(
        Transfer,
        transfer.pk,
        to=TransferStatus.PENDING,
        actor=actor,
        outcome="illegal",
        reason="its source decides",
        status=transfer.status,
    )
    source = f"{transfer.source_type} {transfer.source_reference}"
    raise IllegalTransition(
        f"{source} decides whether this is tried again: retry that.",
        **{"from": transfer.status, "to": TransferStatus.PENDING.value, "allowed": []},
    )
