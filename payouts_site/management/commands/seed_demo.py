"""`manage.py seed_demo`: people, bookings and an API token to try everything with, in development only.

Running it again adds what is missing and changes nothing else, so yesterday's data stays as it was.
"""

import json
import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from knox.crypto import hash_token

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from audit.actor import Actor
from money import Money
from payouts.services.approve_payout import approve_payout
from payouts_site.demo_checkout import (
    ask_for_the_impossible,
    can_check_out,
    pages_to_try,
    seed_checkout,
)
from payouts_site.demo_payouts import seed_payouts
from transfers.models import Booking
from transfers.services.create_booking import NewCrewMember, create_booking

_PEOPLE = {
    "ana": Role.SUPER_ADMIN,
    "ben": Role.SUPER_ADMIN,
    "cleo": Role.OPERATOR,
    "dan": Role.AUDITOR,
}

# reference, customer, and per person: name, role, amount in USD, the sandbox account it goes to.
# The accounts whose names say so play a bad day (docs/sandbox.md).
_BOOKINGS: list[tuple[str, str, list[tuple[str, str, str, str]]]] = [
    (
        "BK-19284",
        "Harper family, 3 rooms, Portland",
        [
            ("Luis Ortega", "Crew lead", "450.00", "acct_luis"),
            ("Mina Park", "Mover", "450.00", "acct_mina"),
            ("Jo Becker", "Mover", "450.00", "acct_jo"),
            ("Sam Idowu", "Driver", "450.00", "acct_sam"),
        ],
    ),
    (
        "BK-19285",
        "Lindqvist Design, office",
        [
            ("Luis Ortega", "Crew lead", "520.00", "acct_luis"),
            ("Ada Novak", "Mover", "410.00", "acct_ada"),
            ("Tom Reyes", "Mover", "410.00", "acct_no_transfers_tom"),
            ("Sam Idowu", "Driver", "435.50", "acct_sam"),
        ],
    ),
    (
        "BK-19286",
        "Every bad day in one crew",
        [
            ("Lost Answer", "Mover", "210.00", "acct_lost_answer_demo"),
            ("Five Hundred After", "Mover", "220.00", "acct_500_after_demo"),
            ("Five Hundred Instead", "Mover", "230.00", "acct_500_stored_demo"),
            ("Four Twenty-Nine", "Mover", "240.00", "acct_429_demo"),
            ("Slow Reply", "Mover", "250.00", "acct_slow_demo"),
            ("Empty Balance", "Mover", "260.00", "acct_insufficient_demo"),
            ("Webhook Twice", "Mover", "270.00", "acct_webhook_twice_demo"),
            ("Webhook Early", "Mover", "280.00", "acct_webhook_early_demo"),
        ],
    ),
    (
        "BK-19287",
        "Okafor & Sons, warehouse",
        [
            (f"Crew member {n:02}", "Mover" if n % 5 else "Driver", "185.25", f"acct_okafor_{n:02}")
            for n in range(1, 41)
        ],
    ),
]

_TRY = [
    "Crew payouts: open booking BK-19284 and press Pay All. In BK-19285 Stripe refuses one account: cure it in "
    "the sandbox, then Retry. BK-19286 plays every bad day.",
    "Payout review: open it, press ? for the keys, and decide as ana and as ben in two browsers at once.",
    "Operations: Overview says what needs a person, a transfer's page tells its story; kill -9 a worker meanwhile.",
]


class Command(BaseCommand):
    """Seeds the demo and prints, as JSON on the last line, how to log in."""

    help = "Create demo logins, bookings, payout requests and an API token (development only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--state", type=Path, required=True, help="Where passwords are kept (0600)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demo data is for development; this is not (DEBUG is off).")
        state = _remembered(options["state"])
        for username, role in _PEOPLE.items():
            _person(username, role, state["passwords"])
        for booking in _BOOKINGS:
            _booking(*booking)
        seed_payouts()
        if can_check_out():
            seed_checkout()
            _fail_one_payout()
        if not _token_works(state.get("api_token", "")):
            # A reviewer's token, so that every call of the documentation can be tried with it.
            user = User.objects.get(username="ana")
            _, state["api_token"] = ApiToken.objects.create(user=user, name="demo", scopes=[])
        _remember(options["state"], state)
        self.stdout.write(json.dumps(_summary(state)))


def _remembered(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"passwords": {}}
    return state


def _remember(path: Path, state: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(state, file)


def _person(username: str, role: Role, passwords: dict[str, str]) -> None:
    user, is_new = User.objects.get_or_create(username=username)
    if is_new or username not in passwords:
        passwords[username] = f"{username}-{secrets.token_urlsafe(9)}"
        user.set_password(passwords[username])
        user.save()
        assign_role(user, role)


def _booking(reference: str, customer: str, crew: list[tuple[str, str, str, str]]) -> None:
    if Booking.objects.filter(reference=reference).exists():
        return
    create_booking(
        reference=reference,
        customer_name=customer,
        crew=[
            NewCrewMember(
                user_id=f"{reference[-5:]}-{place}",
                name=name,
                role=role,
                amount=Money.parse(amount, "USD"),
                stripe_account=account,
            )
            for place, (name, role, amount, account) in enumerate(crew, start=1)
        ],
        actor=Actor("command", "seed_demo"),
    )


def _fail_one_payout() -> None:
    """Approved here as ben would; the worker then learns that the account cannot take it."""
    payout = ask_for_the_impossible()
    if payout is not None:
        ben = User.objects.get(username="ben")
        approve_payout(payout_id=payout, actor=Actor("user", ben.username, ben.pk))


def _try() -> list[str]:
    pages = pages_to_try() if can_check_out() else None
    checkout = (
        [f"Checkout: a customer pays at {pages[0]}\n    with the wallet {pages[1]}"]
        if pages
        else []
    )
    return [*_TRY[:2], *checkout, *_TRY[2:]]


def _token_works(secret: str) -> bool:
    return bool(secret) and ApiToken.objects.filter(digest=hash_token(secret)).exists()


def _summary(state: dict[str, Any]) -> dict[str, Any]:
    return {
        "logins": [
            {"username": name, "password": state["passwords"][name], "role": role.value}
            for name, role in _PEOPLE.items()
        ],
        "api_token": state["api_token"],
        "try": _try(),
    }
