"""`python -m tests.site.broken`: a web process with a page that breaks, with canaries wherever something could leak."""

import logging
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path

CANARIES = {
    "iban": "DE89370400440532013000",
    "bearer": "canaryOfABearerToken0123456789",
    "secret": "whsec_canaryMfKQ9r8GKYqrTwjUPD8I",
    "password": "canary-of-a-passphrase-9",
    "name": "Canary Muster",
}


def breaks(request: HttpRequest) -> HttpResponse:
    """A frame full of canaries, and a text that repeats three of them."""
    held = dict(CANARIES)
    structlog.get_logger("house").warning(
        "before it broke", recovery_code=held["password"], to=held["iban"]
    )
    message = f"to {held['iban']} with Bearer {held['bearer']} and {held['secret']}"
    raise ValueError(message)


urlpatterns: list[Any] = [path("breaks", breaks)]


def _started(status: str, *_: Any) -> Callable[[bytes], object]:
    sys.stdout.write(f"{status}\n")
    return lambda _: None


def main() -> None:
    """Break once, log one error of the house's kind and one of a library's, and end as a server would."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "payouts_site.settings"
    settings.ROOT_URLCONF = __name__
    # Without a database: nobody is looked up.
    settings.MIDDLEWARE = [
        "api.middleware.RequestIdMiddleware",
        "django.middleware.common.CommonMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ]
    # As a production server loads it; only its address book is ours.
    from payouts_site.wsgi import application  # noqa: PLC0415 - it starts the reporting

    urlpatterns.extend(import_module("payouts_site.urls").urlpatterns)
    request = RequestFactory().post(
        f"/breaks?search={CANARIES['name']}",
        data={"iban": CANARIES["iban"], "password": CANARIES["password"]},
        headers={
            "Authorization": f"Bearer {CANARIES['bearer']}",
            "Cookie": f"sessionid={CANARIES['secret']}",
        },
    )
    answer = application(request.environ, _started)
    b"".join(answer)
    answer.close()
    structlog.get_logger("house").error("it broke", recovery_code=CANARIES["password"], payout=7)
    logging.getLogger("library").error("sent to %s", CANARIES["iban"])


if __name__ == "__main__":
    main()
