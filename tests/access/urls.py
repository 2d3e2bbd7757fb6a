"""Views that only say who called; one declares no capability and must stay closed."""

from django.contrib import admin
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response

from api.views import ApiView


class WhoAmI(ApiView):
    """GET reads, POST pays."""

    required_capability = {"GET": "transfer.read", "POST": "transfer.pay"}

    def get(self, request: Request) -> Response:
        return Response({"actor": str(self.actor), "request_id": self.actor.request_id})

    def post(self, request: Request) -> Response:
        return Response({"actor": str(self.actor)})


class Undeclared(ApiView):
    """Forgot to say what it needs."""

    def get(self, request: Request) -> Response:
        return Response({"open": True})


urlpatterns = [
    path("admin/", admin.site.urls),
    path("account/", include("access.account_urls")),
    path("api/v1/me", WhoAmI.as_view()),
    path("api/v1/undeclared", Undeclared.as_view()),
]
