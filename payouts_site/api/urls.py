"""Everything below /api/v1/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from api import error_pages
from payouts_site.api import webhooks
from payouts_site.api.audit import AuditEntries, AuditVerification

urlpatterns = [
    path("", include("transfers.api.urls")),
    path("", include("payouts.api.urls")),
    path("", include("checkout.api.urls")),
    path("audit/entries", AuditEntries.as_view({"get": "list"}), name="audit-entries"),
    path("audit/verification", AuditVerification.as_view(), name="audit-verification"),
    path(
        "webhook-endpoints",
        webhooks.WebhookEndpoints.as_view({"get": "list", "post": "create"}),
        name="webhook-endpoints",
    ),
    path(
        "webhook-endpoints/<int:endpoint_id>",
        webhooks.WebhookEndpointDetail.as_view(),
        name="webhook-endpoint",
    ),
    path(
        "webhook-endpoints/<int:endpoint_id>/enable",
        webhooks.EnableWebhookEndpoint.as_view(),
        name="enable-webhook-endpoint",
    ),
    path(
        "webhook-endpoints/<int:endpoint_id>/rotate",
        webhooks.RotateWebhookSecret.as_view(),
        name="rotate-webhook-secret",
    ),
    path(
        "webhook-deliveries",
        webhooks.WebhookDeliveries.as_view({"get": "list"}),
        name="webhook-deliveries",
    ),
    path(
        "webhook-deliveries/<int:delivery_id>",
        webhooks.WebhookDeliveryDetail.as_view(),
        name="webhook-delivery",
    ),
    path(
        "webhook-deliveries/<int:delivery_id>/resend",
        webhooks.ResendWebhookDelivery.as_view(),
        name="resend-webhook-delivery",
    ),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    re_path("", error_pages.unknown_address),
]
