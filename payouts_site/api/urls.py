"""Everything below /api/v1/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from api import error_pages
from payouts_site.api.audit import AuditEntries, AuditVerification

urlpatterns = [
    path("", include("transfers.api.urls")),
    path("", include("payouts.api.urls")),
    path("", include("checkout.api.urls")),
    path("audit/entries", AuditEntries.as_view({"get": "list"}), name="audit-entries"),
    path("audit/verification", AuditVerification.as_view(), name="audit-verification"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    re_path("", error_pages.unknown_address),
]
