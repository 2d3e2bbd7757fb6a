"""Every address of the site. Addresses have no slash at the end, except those that the contract gives one."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from access.console_login import ConsoleLogin
from api import error_pages
from checkout.pay import pay_page
from payouts_site import health
from transfers.webhooks import stripe_webhook, wise_webhook

admin.site.login = ConsoleLogin.as_view()  # type: ignore[method-assign]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin", RedirectView.as_view(pattern_name="admin:index", query_string=True)),
    path("admin/", admin.site.urls),
    path("account/", include("access.account_urls")),
    path("api/v1/", include("payouts_site.api.urls")),
    re_path("^api/", error_pages.unknown_address),
    path("webhooks/stripe", stripe_webhook, name="stripe-webhook"),
    path("webhooks/wise", wise_webhook, name="wise-webhook"),
    re_path("^webhooks/", error_pages.unknown_address),
    path("pay/<str:token>", pay_page, name="pay-page"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.server_error
