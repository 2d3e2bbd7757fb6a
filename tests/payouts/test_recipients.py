"""Bank details: checked by real rules, encrypted at rest, found again blind, and told to nobody who may not know."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from django.contrib.auth.models import User
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings
from stellar_sdk import Keypair

from audit.actor import Actor
from audit.models import Entry
from guard.errors import Invalid, NotFound, PermissionDenied
from payouts.encryption import blind_index, decrypt, encrypt
from payouts.errors import RecipientUnreadable
from payouts.models import Approval, Payee, PayoutRequest, Recipient
from payouts.recipients import check_recipient
from payouts.selectors import same_account_elsewhere
from payouts.services.add_recipient import add_recipient
from payouts.services.reveal_recipient import reveal_recipient
from tests.payouts.conftest import Caller
from tests.payouts.requests import IBAN, MAKER, MOVED_TO, OTTO, dispatch, make_payout
from transfers.models import Transfer

# A valid IBAN that occurs nowhere else: wherever it turns up, it leaked.
CANARY = "GB33BUKB20201555555555"
CANARY_HOLDER = "Canary Wharfson"
SORT_CODE = {
    "type": "sort_code",
    "sort_code": "23-14-70",
    "account_number": "28821822",
    "account_holder": "Ann Other",
}
ABA = {
    "type": "aba",
    "routing_number": "111000025",
    "account_number": "12345678",
    "account_type": "checking",
    "account_holder": "Ann Other",
    "address": {
        "country": "US",
        "state": "OR",
        "city": "Portland",
        "postCode": "97201",
        "firstLine": "1 Main St",
    },
}
# A fixed seed: every test process must name its cases alike.
KEYS = Keypair.from_raw_ed25519_seed(b"paidonce recipient test seed 32b")
STELLAR = {"type": "stellar", "address": KEYS.public_key, "memo": "inv-7"}


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        (OTTO, "DE•• •••• 3000"),
        ({**OTTO, "iban": "de89 3704 0044 0532 0130 00"}, "DE•• •••• 3000"),
        (SORT_CODE, "UK ••••1822"),
        (ABA, "US ••••5678"),
        (STELLAR, f"{STELLAR['address'][:4]}…{STELLAR['address'][-4:]}"),
    ],
)
def test_what_is_valid(given: dict[str, Any], masked: str) -> None:
    checked = check_recipient(given)
    assert (checked.type, checked.masked) == (given["type"], masked)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "type"),
        ({"type": "cash"}, "type"),
        ({"type": ["iban"]}, "type"),
        ({**OTTO, "iban": "DE89370400440532013001"}, "iban"),  # check digits
        ({**OTTO, "iban": "DE8937040044053201300"}, "iban"),  # length
        ({**OTTO, "iban": "XX89370400440532013000"}, "iban"),  # country
        ({**OTTO, "iban": 89}, "iban"),
        ({**OTTO, "iban": None}, "iban"),
        ({**OTTO, "account_holder": " "}, "account_holder"),
        ({**OTTO, "account_holder": "A\nB"}, "account_holder"),
        ({**OTTO, "account_holder": "A" * 141}, "account_holder"),
        ({**OTTO, "bic": "X"}, "bic"),
        ({**SORT_CODE, "sort_code": "23147"}, "sort_code"),
        ({**SORT_CODE, "sort_code": "\u0662\u0663\u0661\u0664\u0667\u0660"}, "sort_code"),
        ({**SORT_CODE, "account_number": "2882182"}, "account_number"),
        ({**ABA, "routing_number": "111000026"}, "routing_number"),
        ({**ABA, "account_number": "123"}, "account_number"),
        ({**ABA, "account_type": "GOLD"}, "account_type"),
        ({**ABA, "address": "1 Main St"}, "address"),
        ({**ABA, "address": {"country": "US"}}, "address"),
        ({**STELLAR, "address": "G" + "A" * 55}, "address"),
        ({**STELLAR, "address": KEYS.secret}, "address"),
        ({**STELLAR, "memo": "é" * 15}, "memo"),
    ],
)
def test_what_is_not(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_recipient(given)
    (error,) = refusal.value.extra["errors"]
    assert error["field"] == f"recipient.{field}"
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
    assert "370400440532" not in json.dumps(refusal.value.extra)


@given(st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.lists(st.text())))
def test_nonsense_is_invalid_and_never_an_error_of_ours(noise: dict[str, Any]) -> None:
    for kind in ("iban", "sort_code", "aba", "stellar"):
        with pytest.raises(Invalid):
            check_recipient({**noise, "type": kind})


def test_a_rotated_key_still_reads_what_the_old_one_wrote(settings: Settings) -> None:
    settings.RECIPIENT_KEYS = ["old"]
    written, index = encrypt({"iban": IBAN}), blind_index("iban", {"iban": IBAN})
    settings.RECIPIENT_KEYS = ["new", "old"]
    assert decrypt(written) == {"iban": IBAN}
    assert blind_index("iban", {"iban": IBAN}) == index
    fresh = encrypt({"iban": IBAN})
    settings.RECIPIENT_KEYS = ["old"]
    with pytest.raises(InvalidToken):
        decrypt(fresh)


@pytest.mark.django_db
def test_details_that_no_key_fits_are_followed_by_a_version_that_can_be_read(
    settings: Settings,
) -> None:
    settings.RECIPIENT_KEYS = ["lost"]
    first = make_payout().recipient
    settings.RECIPIENT_KEYS = ["new"]
    with pytest.raises(RecipientUnreadable):
        first.details()
    again = add_recipient(payee_id=first.payee_id, details=OTTO, actor=MAKER)
    assert (again.version, again.details()["iban"]) == (2, IBAN)
    assert add_recipient(payee_id=first.payee_id, details=OTTO, actor=MAKER) == again


def test_the_index_names_accounts_not_holders() -> None:
    one = check_recipient(OTTO).details
    other = check_recipient({**OTTO, "account_holder": "Somebody Else"}).details
    assert blind_index("iban", one) == blind_index("iban", other)
    assert blind_index("iban", one) != blind_index("iban", check_recipient(MOVED_TO).details)
    assert IBAN not in blind_index("iban", one)
    savings = {**ABA, "account_type": "SAVINGS"}
    assert len({blind_index("aba", check_recipient(raw).details) for raw in (ABA, savings)}) == 1


@pytest.mark.django_db
def test_the_same_account_elsewhere_is_found_without_reading_any() -> None:
    mine, theirs = make_payout().recipient, make_payout().recipient
    make_payout(recipient=MOVED_TO)
    assert list(same_account_elsewhere(mine)) == [theirs]


@pytest.mark.django_db
def test_versions_are_never_changed() -> None:
    payout = make_payout()
    first = payout.recipient
    assert add_recipient(payee_id=payout.payee_id, details=OTTO, actor=MAKER) == first
    second = add_recipient(payee_id=payout.payee_id, details=MOVED_TO, actor=MAKER)
    assert (first.version, second.version) == (1, 2)
    back = add_recipient(payee_id=payout.payee_id, details=OTTO, actor=MAKER)
    assert back.version == 3
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        Recipient.objects.filter(pk=first.pk).update(masked="x")
    with pytest.raises(Exception, match="Cannot delete"), transaction.atomic():
        first.delete()


@pytest.mark.django_db
def test_seeing_all_of_it_is_a_permission_and_leaves_a_trace(caller: Callable[..., Caller]) -> None:
    recipient = make_payout().recipient
    boss, clerk = caller("super_admin", "boss").user, caller("operator", "clerk").user

    def as_user(user: User) -> Actor:
        return Actor("user", user.username, user_id=user.pk)

    details = reveal_recipient(recipient_id=recipient.pk, actor=as_user(boss), reason="call back")
    assert details == {"type": "iban", "iban": IBAN, "account_holder": "Otto Muster"}
    for nobody in (as_user(clerk), Actor("worker", "w")):
        with pytest.raises(PermissionDenied):
            reveal_recipient(recipient_id=recipient.pk, actor=nobody, reason="curious")
    log = Entry.objects.filter(action="payee.recipient_revealed").order_by("seq")
    assert [(one.outcome, one.actor_name, one.reason) for one in log] == [
        ("noted", "boss", "call back"),
        ("denied", "clerk", "curious"),
        ("denied", "w", "curious"),
    ]
    assert IBAN not in str([one.snapshot for one in log])
    with pytest.raises(NotFound):
        reveal_recipient(recipient_id=0, actor=as_user(boss), reason="x")


@pytest.mark.django_db
def test_a_canary_leaks_nowhere(shop: Caller, ana: Caller, ben: Caller) -> None:
    """Asked, refused, quoted, approved, dispatched, reissued, looked at: no column, log line or answer knows it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    answers: list[bytes] = []

    def keep(answer: Any) -> Any:
        answers.append(answer.content)
        return answer.json()

    try:
        recipient = {"type": "iban", "iban": CANARY, "account_holder": CANARY_HOLDER}
        body = {
            "payee": {"external_id": "canary"},
            "amount": "10.00",
            "currency": "GBP",
            "rail": "wise",
            "recipient": recipient,
        }
        broken = {**body, "recipient": {**recipient, "iban": CANARY[:-1] + "6"}}
        keep(shop.post("payouts", broken, idempotency_key="broken"))
        payout = keep(shop.post("payouts", body, idempotency_key="good"))
        keep(shop.post("payouts", body, idempotency_key="good"))
        keep(ana.post("payees/canary/kyc", {"status": "approved", "note": "ok"}))
        keep(ana.post(f"payouts/{payout['id']}/approve", {"reason": "ok"}))
        keep(ben.post(f"payouts/{payout['id']}/reject"))
        keep(ana.post(f"payouts/{payout['id']}/cancel"))
        keep(shop.post(f"payouts/{payout['id']}/reissue", {"recipient": recipient, "reason": "r"}))
        for path in (
            "payouts",
            f"payouts/{payout['id']}",
            f"payouts/{payout['id']}/timeline",
            "payees/canary",
            "transfers",
            "audit/entries",
        ):
            keep(ana.get(path))
    finally:
        logging.getLogger().removeHandler(handler)
    secrets = [CANARY, CANARY[:-1] + "6", CANARY[4:-4], CANARY_HOLDER]
    told = stream.getvalue() + b"".join(answers).decode() + _whole_database()
    assert "GB•• •••• 5555" in told
    assert [secret for secret in secrets if secret in told] == []


def _whole_database() -> str:
    """Every row of every table that this room writes to, as text."""
    models = [Entry, Approval, PayoutRequest, Payee, Recipient, Transfer]
    names = [model._meta.db_table for model in models]
    rows = []
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f'SELECT "{name}"::text FROM "{name}"')
            rows += [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT convert_from(response_body, 'UTF8') FROM guard_idempotencyrecord")
        rows += [row[0] or "" for row in cursor.fetchall()]
    return "\n".join(rows)


@pytest.mark.django_db
def test_dispatch_carries_no_details(caplog: pytest.LogCaptureFixture) -> None:
    payout = make_payout("approved")
    add_recipient(payee_id=payout.payee_id, details=MOVED_TO, actor=MAKER)
    assert not dispatch(payout.pk)
    assert "approval_void" in caplog.text
    assert IBAN not in caplog.text + _whole_database()
