"""Each thing that Stripe may answer has one meaning: moved, declined, not now, or unclear."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from rails.answers import Answer, Declined, Moved, NotNow, Seen, Unclear, Unreachable
from rails.stripe import BadSignature, StripeRail, verify_event
from tests.sandbox_process import SandboxProcess

GROUP = "transfer:11111111-1111-4111-8111-111111111111"


@pytest.fixture
def rail(sandbox: SandboxProcess) -> StripeRail:
    sandbox.settings(slow_ms=1_500)
    return StripeRail(api_key="sk_test_rail", api_base=sandbox.url, timeout_seconds=0.7)


def request_to(
    destination: str, amount_minor: int = 45_000, currency: str = "USD"
) -> dict[str, Any]:
    return StripeRail.build_request(
        amount_minor=amount_minor,
        currency=currency,
        destination=destination,
        group=GROUP,
        metadata={"transfer": "x", "attempt": "1"},
    )


def send(rail: StripeRail, destination: str, key: str = "k1", **values: Any) -> Answer:
    return rail.send(request_to(destination, **values), idempotency_key=key)


def test_moved_says_what_moved(rail: StripeRail, sandbox: SandboxProcess) -> None:
    answer = send(rail, "acct_1ok")
    assert isinstance(answer, Moved)
    movement = answer.movement
    assert (movement.amount_minor, movement.currency) == (45_000, "USD")
    assert (movement.destination, movement.group) == ("acct_1ok", GROUP)
    assert movement.metadata == {"transfer": "x", "attempt": "1"}
    assert movement.reference == sandbox.books()["transfers"][0]["id"]
    assert answer.evidence["request_id"].startswith("req_")
    assert answer.evidence["replayed"] is False


def test_the_identical_request_again_is_a_replay_and_moves_nothing(
    rail: StripeRail, sandbox: SandboxProcess
) -> None:
    first, second = send(rail, "acct_1ok"), send(rail, "acct_1ok")
    assert isinstance(first, Moved)
    assert isinstance(second, Moved)
    assert first.movement == second.movement
    assert second.evidence["replayed"] is True
    assert sandbox.totals()["movements"] == 1


@pytest.mark.parametrize(
    ("fault", "moved"),
    [
        ("lost_answer", True),
        ("drop_before", False),
        ("truncated", True),
        ("html_502", False),
        ("html_502_after", True),
        ("500_after", True),
        ("500_stored", False),
        ("409", False),
        ("slow", True),
        ("silent", True),
    ],
)
def test_what_leaves_the_outcome_unclear(
    rail: StripeRail, sandbox: SandboxProcess, fault: str, *, moved: bool
) -> None:
    # A key of its own: the slow one is still in use when the next test begins.
    answer = send(rail, f"acct_{fault}_1", key=f"k-{fault}")
    assert isinstance(answer, Unclear)
    assert answer.spent is False
    assert sandbox.totals()["movements"] == int(moved)


@pytest.mark.parametrize("fault", ["500_after", "500_stored"])
def test_a_stored_500_comes_back_and_the_key_is_spent(
    rail: StripeRail, sandbox: SandboxProcess, fault: str
) -> None:
    assert isinstance(send(rail, f"acct_{fault}_1"), Unclear)
    again = send(rail, f"acct_{fault}_1")
    assert isinstance(again, Unclear)
    assert again.spent is True


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("insufficient", "balance_insufficient"),
        ("no_transfers", "insufficient_capabilities_for_transfer"),
        ("missing", "resource_missing"),
    ],
)
def test_what_is_declined(rail: StripeRail, sandbox: SandboxProcess, fault: str, code: str) -> None:
    answer = send(rail, f"acct_{fault}_1")
    assert isinstance(answer, Declined)
    assert answer.code == code
    assert answer.message
    assert answer.evidence["http_status"] == 400
    assert sandbox.totals()["movements"] == 0


@pytest.mark.parametrize("fault", ["429", "lock_timeout"])
def test_what_may_be_sent_again_later(rail: StripeRail, fault: str) -> None:
    answer = send(rail, f"acct_{fault}_1")
    assert isinstance(answer, NotNow)
    assert answer.retry_after_seconds > 0


@pytest.mark.parametrize(
    ("status", "params", "meaning"),
    [
        (401, {"type": "invalid_request_error"}, NotNow),
        (403, {"code": "account_invalid"}, Declined),
        (404, {"code": "resource_missing"}, Declined),
        (402, {"type": "card_error", "code": "card_declined"}, Declined),
        (400, {"type": "idempotency_error"}, Unclear),
        (408, {"type": "api_error"}, Unclear),
        (425, {"type": "api_error"}, Unclear),
        (409, {"code": "idempotency_key_in_use"}, Unclear),
        (429, {"code": "rate_limit"}, NotNow),
        (500, {"type": "api_error"}, Unclear),
        (503, {"type": "api_error"}, Unclear),
    ],
)
def test_each_status_has_a_meaning(
    rail: StripeRail, sandbox: SandboxProcess, status: int, params: dict[str, str], meaning: type
) -> None:
    sandbox.set_fault("error", params={"status": status, "stored": False, **params})
    assert isinstance(send(rail, "acct_1ok"), meaning)
    assert sandbox.totals()["movements"] == 0


def test_a_key_for_another_request_is_never_taken_for_a_decline(
    rail: StripeRail, sandbox: SandboxProcess
) -> None:
    send(rail, "acct_1ok", amount_minor=100)
    answer = send(rail, "acct_1ok", amount_minor=200)
    assert isinstance(answer, Unclear)
    assert sandbox.totals()["key_conflicts"] == 1


def test_nobody_listens() -> None:
    rail = StripeRail(api_key="sk_test_x", api_base="http://127.0.0.1:9", timeout_seconds=0.5)
    assert isinstance(send(rail, "acct_1ok"), Unclear)
    assert isinstance(rail.find(GROUP), Unreachable)
    assert isinstance(rail.read("tr_1"), Unreachable)
    assert isinstance(rail.find_reversal("tr_1", reversal_id=1), Unreachable)


def test_a_wrong_key_is_not_now_and_nothing_moved(sandbox: SandboxProcess) -> None:
    rail = StripeRail(api_key="wrong", api_base=sandbox.url, timeout_seconds=1)
    answer = send(rail, "acct_1ok")
    assert isinstance(answer, NotNow)
    assert answer.reason == "bad_credentials"


def test_the_library_never_sends_again_by_itself(rail: StripeRail, sandbox: SandboxProcess) -> None:
    before = sandbox.totals()["requests"]
    send(rail, "acct_drop_before_1")
    assert sandbox.totals()["requests"] == before + 1


@pytest.mark.parametrize(
    ("currency", "wire"),
    [("USD", 4_500), ("JPY", 4_500), ("ISK", 450_000), ("MGA", 45), ("KWD", 4_500)],
)
def test_the_wire_amount_and_back(
    rail: StripeRail, sandbox: SandboxProcess, currency: str, wire: int
) -> None:
    sandbox.topup(10_000_000, currency.lower())
    answer = send(rail, "acct_1ok", amount_minor=4_500, currency=currency)
    assert isinstance(answer, Moved)
    assert sandbox.books()["transfers"][0]["amount"] == wire
    assert (answer.movement.amount_minor, answer.movement.currency) == (4_500, currency)


def test_find_lists_every_movement_of_the_group(rail: StripeRail) -> None:
    assert rail.find(GROUP) == Seen(
        [], {"asked": f"GET /v1/transfers?transfer_group={GROUP}", "found": []}
    )
    for number in range(3):
        send(rail, "acct_1ok", key=f"k{number}")
    seen = rail.find(GROUP)
    assert isinstance(seen, Seen)
    assert len(seen.movements) == 3
    assert isinstance(rail.find("transfer:other"), Seen)


def test_the_ledger_finds_what_the_list_does_not_show_yet(
    rail: StripeRail, sandbox: SandboxProcess
) -> None:
    sandbox.settings(list_lag_seconds=3_600)
    since = int(time.time())
    send(rail, "acct_silent_1")
    seen = rail.find(GROUP)
    assert isinstance(seen, Seen)
    assert seen.movements == []
    ledger = rail.find_in_ledger(
        since=since, group=GROUP, idempotency_key="k1", amount_minor=45_000, currency="USD"
    )
    assert isinstance(ledger, Seen)
    assert [movement.group for movement in ledger.movements] == [GROUP]
    other = rail.find_in_ledger(
        since=since,
        group="transfer:other",
        idempotency_key="k9",
        amount_minor=45_000,
        currency="USD",
    )
    assert isinstance(other, Seen)
    assert other.movements == []


def test_read_and_reverse(rail: StripeRail, sandbox: SandboxProcess) -> None:
    answer = send(rail, "acct_1ok")
    assert isinstance(answer, Moved)
    reference = answer.movement.reference
    reversal = {"amount_minor": 1_000, "currency": "USD", "reversal_id": 7}
    first = rail.reverse(reference, **reversal, idempotency_key="r1")  # type: ignore[arg-type]  # one dict of both
    assert isinstance(first, Moved)
    seen = rail.read(reference)
    assert isinstance(seen, Seen)
    assert seen.movements[0].reversed_minor == 1_000
    found = rail.find_reversal(reference, reversal_id=7)
    assert isinstance(found, Seen)
    assert [movement.reference for movement in found.movements] == [first.movement.reference]
    nothing = rail.find_reversal(reference, reversal_id=8)
    assert isinstance(nothing, Seen)
    assert nothing.movements == []
    missing = rail.read("tr_missing")
    assert isinstance(missing, Seen)
    assert missing.movements == []


def _signed(payload: bytes, secret: str, moment: float) -> str:
    stamp = int(moment)
    digest = hmac.new(secret.encode(), b"%d." % stamp + payload, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


class TestSignature:
    """Only what was signed with our secret within 300 s is read."""

    payload = json.dumps({"id": "evt_1", "note": "é"}).encode()

    def test_ours(self) -> None:
        signature = _signed(self.payload, "whsec", time.time())
        assert verify_event(self.payload, signature, "whsec")["id"] == "evt_1"
        other = f"{signature},v1=00,v0=zz"
        assert verify_event(self.payload, other, "whsec")["id"] == "evt_1"

    @pytest.mark.parametrize(
        "signature",
        ["", "t=1", "v1=00", "t=x,v1=00", "é"],
    )
    def test_not_a_signature(self, signature: str) -> None:
        with pytest.raises(BadSignature):
            verify_event(self.payload, signature, "whsec")

    def test_signed_with_another_secret(self) -> None:
        with pytest.raises(BadSignature):
            verify_event(self.payload, _signed(self.payload, "other", time.time()), "whsec")

    def test_too_old(self) -> None:
        with pytest.raises(BadSignature):
            verify_event(self.payload, _signed(self.payload, "whsec", time.time() - 301), "whsec")

    def test_a_changed_body(self) -> None:
        signature = _signed(self.payload, "whsec", time.time())
        with pytest.raises(BadSignature):
            verify_event(self.payload.replace(b"evt_1", b"evt_2"), signature, "whsec")

    @pytest.mark.parametrize("payload", [b"not json", b"\xff\xfe", b""])
    def test_signed_but_not_json(self, payload: bytes) -> None:
        with pytest.raises(BadSignature):
            verify_event(payload, _signed(payload, "whsec", time.time()), "whsec")
