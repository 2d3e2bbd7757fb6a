"""A crew is paid over HTTP from the first call to the last, by callers who repeat themselves."""

from collections.abc import Callable

import pytest

from tests.sandbox_process import SandboxProcess
from tests.transfers_api.conftest import Caller, booking_body, person
from transfers.sweep import sweep_once

pytestmark = pytest.mark.django_db(transaction=True)

BAD = "acct_no_transfers_2"


def test_a_crew_is_paid_once(caller: Callable[[str], Caller], sandbox: SandboxProcess) -> None:
    program, operator, auditor = caller("integrator"), caller("operator"), caller("auditor")
    body = booking_body("BK-19284", person("u1"), person("u2", stripe_account=BAD), person("u3"))
    assert program.post("bookings", body, idempotency_key="b").status_code == 201

    preview = operator.get("bookings/BK-19284/transfers/preview").json()
    pay = {"preview_token": preview["preview_token"]}
    for _ in range(2):
        paid = operator.post("bookings/BK-19284/transfers", pay, idempotency_key="p")
        assert [one["outcome"] for one in paid.json()["results"]] == ["enqueued"] * 3
    again = program.post("bookings/BK-19284/transfers").json()
    assert [one["outcome"] for one in again["results"]] == ["in_progress"] * 3

    sweep_once()
    seen = program.get("bookings/BK-19284/transfers").json()
    assert [one["transfer"]["status"] for one in seen["results"]] == [
        "success",
        "failed",
        "success",
    ]
    assert seen["payment_summary"]["state"] == "attention"
    assert seen["payment_summary"]["paid"] == "900.00"
    failed = seen["results"][1]["transfer"]
    assert failed["failure"]["code"]
    rest = operator.post("bookings/BK-19284/transfers").json()
    assert [one["outcome"] for one in rest["results"]] == [
        "already_paid",
        "failed_needs_retry",
        "already_paid",
    ]

    sandbox.cure(BAD)
    retried = operator.post(f"transfers/{failed['id']}/retry", idempotency_key="r")
    assert retried.status_code == 202
    sweep_once()
    booking = program.get("bookings/BK-19284").json()
    assert booking["is_paid"] is True
    assert booking["payment_summary"]["state"] == "paid"
    assert booking["payment_summary"]["remaining"] == "0.00"
    assert sandbox.totals()["movements"] == 3
    confirmed = operator.post(f"transfers/{failed['id']}/confirm").json()
    assert (confirmed["status"], confirmed["result"]) == ("success", "known already")

    story = auditor.get("audit/entries", subject=f"transfer:{failed['id']}").json()["results"]
    assert [one["new_status"] for one in reversed(story) if one["outcome"] == "won"] == [
        "pending",
        "processing",
        "failed",
        "pending",
        "processing",
        "success",
    ]
    assert auditor.get("audit/verification").json()["intact"] is True
    assert auditor.get("findings").json()["results"] == []
