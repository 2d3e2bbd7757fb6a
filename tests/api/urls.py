"""Endpoints with every habit that `api` promises to handle. What they do is visible as groups in the database."""

import uuid
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.http import Http404
from django.urls import path, re_path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api import error_pages
from api.etags import etag, version_from_if_match
from api.fields import AmountText, CurrencyField, MoneyAmount
from api.views import ApiView, ApiViewSet
from guard.belief import require_version
from guard.errors import Conflicted, PermissionDenied, Refused
from money import Money


class Work(serializers.Serializer[Any]):
    """How the work ends."""

    end = serializers.CharField(default="well")
    seconds = serializers.FloatField(default=0)


class RailPaused(Refused):
    """As a rail adapter would refuse."""

    code = "rail_paused"
    http_status = 503


class BrokenOff(BaseException):
    """The process dies here: nothing between the work and its end is run."""


class DoWork(ApiView):
    """Leaves one group behind for each execution, then ends as asked."""

    required_capability = {"POST": "transfer.pay"}

    @extend_schema(request=Work, responses={201: OpenApiResponse(description="Done")})
    def post(self, request: Request, **_: str) -> Response:
        asked = Work(data=request.data)
        asked.is_valid(raise_exception=True)
        with transaction.atomic():
            name = f"done-{uuid.uuid4()}"
            Group.objects.create(name=name)
            if asked.validated_data["seconds"]:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(%s)", [asked.validated_data["seconds"]])
        _end(asked.validated_data["end"])
        return Response(
            {"name": name}, status=201, headers={"Location": f"/x/{name}", "ETag": etag(7)}
        )


def _end(how: str) -> None:  # noqa: C901 - a list of ways to end
    match how:
        case "conflict":
            raise Conflicted("Too late.", current_status="paid")
        case "forbidden":
            raise PermissionDenied("Not you.")
        case "throttled":
            raise Throttled(wait=3)
        case "paused":
            raise RailPaused("The rail rests.", reason="maintenance")
        case "crash":
            raise RuntimeError("secret detail")
        case "killed":
            raise BrokenOff
        case "sql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        case "slow-sql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 20; SELECT pg_sleep(1)")
        case "missing":
            raise Http404
        case "money":
            Money.parse("1.234", "USD")


class DoPaidWork(DoWork):
    """The same, with a key required."""

    idempotency_required = True


class CallRail(DoWork):
    """The same, without a transaction around it."""

    idempotency_atomic = False


class Member(serializers.Serializer[Any]):
    """One person with an amount."""

    name = serializers.CharField()
    amount = MoneyAmount()
    currency = CurrencyField()


class Crew(serializers.Serializer[Any]):
    """Nested, to see dotted paths."""

    crew = Member(many=True)
    tags = serializers.ListField(child=serializers.IntegerField(), required=False)
    part = AmountText(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs["crew"]) > 3:
            raise serializers.ValidationError("Too many.", code="too_many")
        return attrs


class Validate(ApiView):
    """Answers what it understood."""

    required_capability = "transfer.pay"

    @extend_schema(operation_id="validateCrew", request=Crew, responses=Crew)
    def post(self, request: Request) -> Response:
        crew = Crew(data=request.data)
        crew.is_valid(raise_exception=True)
        return Response(Crew(crew.validated_data).data)


class UserRow(serializers.ModelSerializer[User]):
    """A row of a list."""

    class Meta:
        model = User
        fields = ("id", "username", "first_name", "date_joined")


class Users(ListModelMixin, ApiViewSet):
    """A list with an allow-list of orderings, two of them full of ties."""

    required_capability = {"list": "transfer.read"}
    queryset = User.objects.all()
    serializer_class = UserRow
    ordering_fields = ("date_joined", "first_name", "username")


class _Row:
    """What is at version 3."""

    version = 3
    status = "open"


class Thing(ApiView):
    """An object at version 3."""

    required_capability = "transfer.read"

    @extend_schema(
        operation_id="getThing", responses={200: OpenApiResponse(description="The thing")}
    )
    def get(self, request: Request, number: int) -> Response:
        require_version(_Row(), version_from_if_match(request))
        return Response({"version": 3}, headers={"ETag": etag(3)})


urlpatterns = [
    path("api/v1/work", DoWork.as_view()),
    path("api/v1/other-work", DoWork.as_view()),
    path("api/v1/paid-work", DoPaidWork.as_view()),
    path("api/v1/rail", CallRail.as_view()),
    path("api/v1/crew", Validate.as_view()),
    path("api/v1/users", Users.as_view({"get": "list"})),
    path("api/v1/things/<int:number>", Thing.as_view()),
    path("api/v1/long/<path:rest>", DoWork.as_view()),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    re_path(r"^api/", error_pages.unknown_address),
    # The pages of last resort lead back to it.
    path("admin/", admin.site.urls),
]
handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.server_error
