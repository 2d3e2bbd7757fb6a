"""One row of every kind, so that an attack has something to hit; every text of them is the attacker's if wanted."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from rest_framework.views import APIView

from access.models import ApiToken
from access.policy import assign_role
from access.roles import Role
from audit.actor import Actor
from audit.seal import seal_entries
from checkout.services.create_refund import create_refund
from checkout.services.create_session import create_session
from checkout.services.open_dispute import open_dispute
from checkout.services.reconcile_sessions import reconcile_sessions
from guard.models import IdempotencyRecord
from money import Money
from payouts.models import Commission, PayoutRequest
from payouts.services.accrue_commission import accrue_commission
from payouts.services.approve_commission import approve_commission
from payouts.services.approve_payout import approve_payout
from payouts.services.create_payout import NewPayee, create_payout
from payouts.services.include_commissions import include_commissions_in_payout
from payouts.services.reject_payout import reject_payout
from payouts.services.set_kyc import set_kyc
from payouts_site.guard_audit.found import patterns
from tests.checkout.ledger import OTHER_PAYER, TEN, process
from tests.payouts.requests import IBAN, move_transfer
from transfers.models import Finding, RailEvent, Transfer, TransferAttempt, TransferReversal
from transfers.services.create_booking import NewCrewMember, create_booking
from transfers.services.pay_crew import pay_crew
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookTry
from webhooks.secrets import encrypt, new_secret

PASSWORD = "correct-horse-battery"
# Being looked at may touch these: sessions, the last use of a token, who was refused.
NOT_COMPARED = {
    "sessions.session",
    "usersessions.usersession",
    "contenttypes.contenttype",
    "admin.logentry",
    "access.apitoken",
    "audit.entry",
    "auth.user",
    "guard.idempotencyrecord",
    "transfers.pace",
}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
Say = Callable[[str, int], str]


def plainly(what: str, most: int) -> str:
    """What a harmless person would write."""
    return f"some {what}"[:most]


@dataclass
class Town:
    """`say(what, most)` is every text that somebody outside could have written, at most so long."""

    say: Say = plainly
    ids: dict[str, str] = field(default_factory=dict)

    def build(self) -> "Town":
        """Through the services, except where a rail or a colleague would have had to write."""
        self.people()
        self.money_out()
        self.money_in()
        self.rest()
        return self

    def person(self, role: str, name: str = "") -> User:
        user, new = User.objects.get_or_create(username=name or f"the-{role}")
        if new:
            assign_role(user, Role(role))
        return user

    def people(self) -> None:
        self.actor = Actor("user", self.say("user name", 150), user_id=9_001, request_id="req-1")
        self.other = Actor("user", self.say("reviewer", 150), user_id=9_002)
        victim = User.objects.create_user(
            self.say("user name", 150),
            password=PASSWORD,
            first_name=self.say("first name", 150),
            last_name=self.say("last name", 150),
        )
        assign_role(victim, Role.AUDITOR)
        token, _ = ApiToken.objects.create(user=victim, name=self.say("token name", 100))
        self.ids |= {"auth_user": str(victim.pk), "access_apitoken": str(token.pk)}

    def money_out(self) -> None:
        say = self.say
        crew = [
            NewCrewMember(f"u{n}", say("crew name", 200), say("role", 64), Money(4_500, "USD"), f"acct_1{n}")
            for n in (1, 2)
        ]  # fmt: skip
        booking = create_booking(
            reference=say("reference", 60).replace("/", "|"),
            customer_name=say("customer name", 200),
            crew=crew,
            actor=self.actor,
        )
        pay_crew(reference=booking.reference, actor=self.actor)
        failed, unknown = Transfer.objects.filter(source_id=booking.pk).order_by("id")
        Transfer.objects.filter(pk=failed.pk).update(status="processing", due_at=None)
        Transfer.objects.filter(pk=failed.pk).update(
            status="failed", failure_code=say("failure", 64), failure_message=say("failure", 300)
        )
        Transfer.objects.filter(pk=unknown.pk).update(status="processing", outcome_unknown=True)
        TransferAttempt.objects.create(
            transfer=unknown,
            number=1,
            idempotency_key=say("key", 100),
            request={say("key", 30): say("request", 100)},
        )
        self.payouts()
        finding = Finding.objects.create(
            subject=f"transfer:{unknown.pk}",
            kind=say("kind", 30),
            detail=say("finding", 300),
            evidence={say("key", 30): say("evidence", 99)},
        )
        self.ids |= {
            "booking_id": str(booking.pk),
            "reference": booking.reference,
            "transfer_id": str(failed.pk),
            "unknown_id": str(unknown.pk),
            "finding_id": str(finding.pk),
            "transfers_booking": str(booking.pk),
            "transfers_transfer": str(failed.pk),
            "transfers_finding": str(finding.pk),
        }

    def payouts(self) -> None:
        holder = self.say("account holder", 140)
        recipient = {"type": "iban", "iban": IBAN, "account_holder": holder}
        made = [self._payout(recipient, f"payee-{n}") for n in range(4)]
        reject_payout(payout_id=made[1].pk, actor=self.other, reason=self.say("reason", 300))
        for one in (made[2], made[3]):
            approve_payout(payout_id=one.pk, actor=self.other, reason=self.say("reason", 300))
        move_transfer(made[3].pk, "processing")
        move_transfer(made[3].pk, "failed", failure_message=self.say("failure", 300))
        commissions = [self._commission(n) for n in (1, 2)]
        approve_commission(commission_id=commissions[1].pk, actor=self.other)
        include_commissions_in_payout(
            commission_ids=[commissions[1].pk], rail="wise", recipient=recipient, actor=self.actor
        )
        self.ids |= {
            "payout_id": str(made[0].pk),
            "failed_payout": str(made[3].pk),
            "external_id": made[0].payee.external_id,
            "commission_id": str(commissions[0].pk),
            "payouts_commission": str(commissions[0].pk),
            "payouts_payoutrequest": str(made[0].pk),
        }

    def _payee(self, external_id: str) -> NewPayee:
        return NewPayee(external_id, self.say("payee name", 200), self.say("region", 8))

    def _payout(self, recipient: dict[str, Any], payee: str) -> PayoutRequest:
        made = create_payout(
            payee=self._payee(payee),
            amount=Money(10_000, "EUR"),
            rail="wise",
            recipient=recipient,
            actor=self.actor,
        )
        set_kyc(
            external_id=payee, status="approved", actor=self.other, note=self.say("kyc note", 300)
        )
        return made

    def _commission(self, number: int) -> Commission:
        return accrue_commission(
            reference=f"C{number}{self.say('commission', 50)}".replace("/", "|"),
            payee=self._payee("affiliate-1"),
            amount=Money(10_000, "EUR"),
            earned_for=self.say("earned for", 200),
            actor=self.actor,
        )

    def money_in(self) -> None:
        say = self.say
        session = create_session(
            merchant_reference=say("merchant reference", 64),
            amount=TEN,
            expires_in=3600,
            actor=self.actor,
        )
        first = process(session)
        process(session, sender=OTHER_PAYER)
        process(None, memo_type="text", memo=say("memo", 60))
        refund = create_refund(
            session_id=session.pk, amount="2.50", reason=say("reason", 300), actor=self.actor
        )
        dispute = open_dispute(
            session_id=session.pk, amount="4", reason=say("reason", 300), actor=self.actor
        )
        waiting = create_session(
            merchant_reference=say("merchant reference", 64), amount=TEN, expires_in=3600,
            actor=self.actor,
        )  # fmt: skip
        run = reconcile_sessions()
        self.ids |= {
            "session_id": str(session.pk),
            "receipt_id": str(first.receipt_id),
            "refund_id": str(refund.pk),
            "dispute_id": str(dispute.pk),
            "token": str(waiting.pay_token),
            "checkout_checkoutsession": str(session.pk),
            "checkout_receipt": str(first.receipt_id),
            "checkout_refund": str(refund.pk),
            "checkout_reconcilerun": str(getattr(run, "pk", 1)),
        }

    def rest(self) -> None:
        say = self.say
        event = RailEvent.objects.create(
            rail="stripe",
            event_id=say("event id", 200),
            type=say("event type", 100),
            payload={say("key", 40): say("payload", 300)},
            result=say("result", 200),
        )
        self.endpoint = WebhookEndpoint.objects.create(
            url=f"https://shop.example/{say('url', 200)}",
            events=["payout.paid"],
            secret=encrypt(new_secret()),
            owner=say("owner", 100),
            owner_id=7,
            disabled_at=timezone.now(),
            disabled_why=say("reason", 100),
        )
        delivery = WebhookDelivery.objects.create(
            endpoint=self.endpoint,
            webhook_id="msg_1",
            event_type="payout.paid",
            subject="payout:1",
            version=1,
            payload=json.dumps({"data": say("body", 300)}),
        )
        WebhookTry.objects.create(
            delivery=delivery, number=1, http_status=500, answer=say("answer", 300)
        )
        WebhookTry.objects.create(delivery=delivery, number=2, error=say("error", 300))
        task = PeriodicTask.objects.create(
            name=say("task", 100),
            task="audit.seal",
            enabled=False,
            description=say("description", 100),
            interval=IntervalSchedule.objects.create(every=10, period="seconds"),
        )
        later = timezone.now() + timedelta(days=1)
        record = IdempotencyRecord.objects.create(
            scope="1:POST:/x", key=say("key", 100), fingerprint="f", locked_until=later,
            expires_at=later,
        )  # fmt: skip
        seal = seal_entries()
        assert seal is not None
        self.ids |= {
            "transfers_railevent": str(event.pk),
            "endpoint_id": str(self.endpoint.pk),
            "delivery_id": str(delivery.pk),
            "webhooks_webhookendpoint": str(self.endpoint.pk),
            "webhooks_webhookdelivery": str(delivery.pk),
            "django_celery_beat_periodictask": str(task.pk),
            "guard_idempotencyrecord": str(record.pk),
            "audit_entry": str(seal.first_entry_id),
            "audit_seal": str(seal.pk),
            "app_label": "transfers",
        }

    def reversal(self) -> TransferReversal:
        return TransferReversal.objects.create(
            transfer_id=int(self.ids["transfer_id"]), amount_minor=1, idempotency_key="k",
            reason=self.say("reason", 100), requested_by=self.say("user name", 100),
        )  # fmt: skip

    def browser(self, role: str, **options: Any) -> Client:
        """A session of somebody of that role."""
        client = Client(raise_request_exception=False, **options)
        client.force_login(self.person(role))
        return client

    def program(self, role: str = "super_admin", name: str = "", *scopes: Any) -> Client:
        """A client with a token."""
        user = self.person(role, name)
        _, secret = ApiToken.objects.create(user=user, name="attack", scopes=list(scopes))
        headers = {"authorization": f"Bearer {secret}"}
        return Client(raise_request_exception=False, headers=headers)

    def rows(self) -> dict[str, str]:
        """A checksum of every table that an attack must not change."""
        return {
            model._meta.label_lower: hashlib.sha256(
                repr(list(model._default_manager.order_by("pk").values())).encode()
            ).hexdigest()
            for model in apps.get_models()
            if model._meta.label_lower not in NOT_COMPARED
        }

    def addresses(self) -> Iterator[tuple[str, str, Any]]:
        """(name, address, view) of every pattern of the site, filled with what is there."""
        for route, pattern in patterns(get_resolver()):
            name = pattern.name or ""
            model = re.sub(r"_(change|delete|history|password_change|changelist|add)$", "", name)

            def value(found: re.Match[str], model: str = model) -> str:
                return self.ids.get(found[1] or "", self.ids.get(model, "1"))

            path = re.sub(r"<(?:\w+:)?(\w+)>", value, route)
            if "(?P" in path:
                path = re.sub(r"\(\?P<\w+>[^)]*\)", "transfers", path)
            yield name, "/" + re.sub(r"[\^$]|\\Z|\.\*", "", path), pattern.callback

    def api_routes(self) -> Iterator[tuple[str, str]]:
        """(method, address) of every unsafe call of the API; what has none is told as GET."""
        for _, address, view in self.addresses():
            cls = getattr(view, "cls", None)
            if not (isinstance(cls, type) and issubclass(cls, APIView)):
                continue
            actions = getattr(view, "actions", None)
            has = [
                method
                for method in UNSAFE
                if (method.lower() in actions if actions else hasattr(cls, method.lower()))
            ]
            for method in has or ["GET"]:
                yield method, address
