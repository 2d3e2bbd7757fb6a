"""The customer's page of a session: no login, an unguessable address, nothing private."""

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from checkout.console.formats import plain_amount
from checkout.models import CheckoutSession, SessionStatus
from checkout.parts import waiting_parts
from money import Money
from rails.stellar_addresses import muxed_address, pay_link

_LIVE_SECONDS = 4


@never_cache
@require_safe
def pay_page(request: HttpRequest, token: str) -> HttpResponse:
    """Account, memo, amount, a QR code and a link for wallets, and how it stands. It asks again by itself."""
    session = CheckoutSession.objects.filter(pay_token=token).first()
    if session is None:
        raise Http404("There is no such payment.")
    is_undecided = session.status in (SessionStatus.PENDING, SessionStatus.PROCESSING)
    # It expires only once the ledger is known up to then; nobody is asked to pay meanwhile.
    is_open = is_undecided and timezone.now() < session.expires_at
    parts = waiting_parts(session) if is_open else []
    received = sum(part.amount_minor for part in parts)
    missing = Money(max(0, session.amount_minor - received), session.currency)
    link = _link(session, missing)
    context = {
        "session": session,
        "code": session.currency.partition(":")[0],
        "issuer": session.currency.partition(":")[2],
        "missing": plain_amount(missing.minor),
        "asked": plain_amount(session.amount_minor),
        "received": plain_amount(received) if received else "",
        "is_open": is_open,
        "muxed": muxed_address(session.account, session.address) if is_open else "",
        "link": link,
        "qr": _qr(link) if is_open else "",
        "sandbox_wallet": _sandbox_wallet(link) if is_open else "",
        "live_seconds": _LIVE_SECONDS if is_undecided else None,
    }
    return render(request, "checkout/pay.html", context)


def _link(session: CheckoutSession, missing: Money) -> str:
    return pay_link(
        account=session.account,
        memo=session.address,
        amount=plain_amount(missing.minor),
        currency=session.currency,
        passphrase=settings.STELLAR_NETWORK_PASSPHRASE,
    )


def _sandbox_wallet(link: str) -> str:
    """In development, where a person can pay it: the sandbox's wallet, filled in."""
    wallet: str = settings.SANDBOX_WALLET_URL
    return f"{wallet}?{link.partition('?')[2]}" if wallet else ""


def _qr(link: str) -> SafeString:
    """An inline SVG; segno writes numbers and its own class names only."""
    drawn = segno.make(link, error="m").svg_inline(border=2, omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - made of the link's bits, not of its text
