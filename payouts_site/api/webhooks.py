"""Webhook endpoints and deliveries over HTTP. Integrators see their own; what is not theirs does not exist (404)."""

from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from payouts_site.api.webhook_shapes import (
    DeliveryDetailShown,
    DeliveryFilters,
    DeliveryShown,
    EndpointShown,
    EndpointWithSecret,
    NewEndpoint,
    Rotation,
    delivery_detail_document,
    delivery_document,
    endpoint_document,
)
from payouts_site.webhooks.selectors import (
    deliveries,
    endpoints,
    get_delivery,
    get_endpoint,
    owner_seen_by,
)
from payouts_site.webhooks.services.create_endpoint import create_endpoint
from payouts_site.webhooks.services.disable_endpoint import disable_endpoint
from payouts_site.webhooks.services.enable_endpoint import enable_endpoint
from payouts_site.webhooks.services.resend_delivery import resend_delivery
from payouts_site.webhooks.services.rotate_secret import rotate_secret
from transfers.api import operations
from transfers.api.filters import query_values
from transfers.api.requests import Nothing, StrictSerializer, checked, refuse_query
from webhooks.models import WebhookDelivery, WebhookEndpoint
from webhooks.secrets import decrypt, encrypt

_TAGS = ["Webhooks"]
_BIG = {"type": "integer", "format": "int64"}
_ENDPOINT = [OpenApiParameter("endpoint_id", _BIG, OpenApiParameter.PATH), operations.ETAG]
_DELIVERY = [OpenApiParameter("delivery_id", _BIG, OpenApiParameter.PATH), operations.ETAG]
_CONFLICT = operations.refusals(_409="conflict")


def _owner(request: Request) -> int | None:
    assert isinstance(request.user, User)  # noqa: S101 - the permission let nobody else in
    return owner_seen_by(request.user)


def _endpoint_answer(endpoint: WebhookEndpoint, status: int = 200, **shown: str) -> Response:
    headers = {"ETag": etag(endpoint.version)}
    if status == 201:
        headers["Location"] = reverse("webhook-endpoint", kwargs={"endpoint_id": endpoint.pk})
    return Response(endpoint_document(endpoint) | shown, status=status, headers=headers)


def _delivery_answer(delivery: WebhookDelivery, status: int = 200) -> Response:
    headers = {"ETag": etag(delivery.revision)}
    return Response(delivery_detail_document(delivery), status=status, headers=headers)


class _KeepsSecrets:
    """Its answer shows a secret: what is kept of it for a repeated Idempotency-Key is encrypted."""

    def body_to_keep(self, body: bytes) -> bytes:
        return encrypt(body.decode())

    def body_kept(self, kept: bytes) -> bytes:
        return decrypt(kept).encode()


class WebhookEndpoints(_KeepsSecrets, ApiViewSet):
    """The list, and new ones."""

    required_capability: ClassVar = {"list": "webhook.read", "create": "webhook.manage"}
    filter_backends = ()
    queryset = WebhookEndpoint.objects.none()

    @extend_schema(
        operation_id="listWebhookEndpoints",
        tags=_TAGS,
        responses=EndpointShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Endpoints, newest first, disabled ones too."""
        query_values(request, StrictSerializer)
        rows = self.paginate_queryset(endpoints(_owner(request)))
        return self.get_paginated_response([endpoint_document(row) for row in rows or ()])

    @extend_schema(
        operation_id="createWebhookEndpoint",
        tags=_TAGS,
        parameters=[operations.ETAG],
        request=NewEndpoint,
        responses={201: EndpointWithSecret, **operations.refusals(_422="validation_error")},
    )
    def create(self, request: Request) -> Response:
        """Be told of events from now on. The answer is the only one that shows the secret."""
        values = checked(NewEndpoint, request)
        endpoint, secret = create_endpoint(actor=self.actor, **values)
        return _endpoint_answer(endpoint, 201, secret=secret)


class WebhookEndpointDetail(ApiView):
    """One endpoint."""

    required_capability: ClassVar = {"GET": "webhook.read", "DELETE": "webhook.manage"}

    @extend_schema(
        operation_id="getWebhookEndpoint", tags=_TAGS, parameters=_ENDPOINT, responses=EndpointShown
    )
    def get(self, request: Request, endpoint_id: int) -> Response:
        """An endpoint, without its secret."""
        refuse_query(request)
        return _endpoint_answer(get_endpoint(endpoint_id, _owner(request)))

    @extend_schema(
        operation_id="disableWebhookEndpoint",
        tags=_TAGS,
        parameters=[*_ENDPOINT, operations.IF_MATCH],
        request=None,
        responses={200: EndpointShown, **_CONFLICT},
    )
    def delete(self, request: Request, endpoint_id: int) -> Response:
        """Be told no more. What waits is withdrawn; what was delivered stays to be read."""
        refuse_query(request)
        endpoint = disable_endpoint(
            endpoint_id=endpoint_id,
            owner_id=_owner(request),
            actor=self.actor,
            expected_version=version_from_if_match(request),
        )
        return _endpoint_answer(endpoint)


class EnableWebhookEndpoint(ApiView):
    """Back again."""

    required_capability = "webhook.manage"

    @extend_schema(
        operation_id="enableWebhookEndpoint",
        tags=_TAGS,
        parameters=[*_ENDPOINT, operations.IF_MATCH],
        request=Nothing,
        responses={
            200: EndpointShown,
            **operations.refusals(_409="conflict", _422="validation_error"),
        },
    )
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Be told again, of what happens from now on."""
        checked(Nothing, request)
        endpoint = enable_endpoint(
            endpoint_id=endpoint_id,
            owner_id=_owner(request),
            actor=self.actor,
            expected_version=version_from_if_match(request),
        )
        return _endpoint_answer(endpoint)


class RotateWebhookSecret(_KeepsSecrets, ApiView):
    """Another secret."""

    required_capability = "webhook.manage"

    @extend_schema(
        operation_id="rotateWebhookSecret",
        tags=_TAGS,
        parameters=[*_ENDPOINT, operations.IF_MATCH],
        request=Rotation,
        responses={
            200: EndpointWithSecret,
            **operations.refusals(_409="conflict", _422="validation_error"),
        },
    )
    def post(self, request: Request, endpoint_id: int) -> Response:
        """A new secret; the old one signs as well until the overlap is over."""
        values = checked(Rotation, request)
        endpoint, secret = rotate_secret(
            endpoint_id=endpoint_id,
            owner_id=_owner(request),
            actor=self.actor,
            expected_version=version_from_if_match(request),
            **values,
        )
        return _endpoint_answer(endpoint, secret=secret)


class WebhookDeliveries(ApiViewSet):
    """The list."""

    required_capability: ClassVar = {"list": "webhook.read"}
    filter_backends = ()
    queryset = WebhookDelivery.objects.none()

    @extend_schema(
        operation_id="listWebhookDeliveries",
        tags=_TAGS,
        parameters=[DeliveryFilters],
        responses=DeliveryShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Deliveries, newest first."""
        values: dict[str, Any] = query_values(request, DeliveryFilters)
        rows = self.paginate_queryset(deliveries(_owner(request)).filter(**values))
        return self.get_paginated_response([delivery_document(row) for row in rows or ()])


class WebhookDeliveryDetail(ApiView):
    """One delivery."""

    required_capability = "webhook.read"

    @extend_schema(
        operation_id="getWebhookDelivery",
        tags=_TAGS,
        parameters=_DELIVERY,
        responses=DeliveryDetailShown,
    )
    def get(self, request: Request, delivery_id: int) -> Response:
        """A delivery with its payload and every try."""
        refuse_query(request)
        return _delivery_answer(get_delivery(delivery_id, _owner(request)))


class ResendWebhookDelivery(ApiView):
    """Once more."""

    required_capability = "webhook.manage"

    @extend_schema(
        operation_id="resendWebhookDelivery",
        tags=_TAGS,
        parameters=[*_DELIVERY, operations.IF_MATCH],
        request=Nothing,
        responses={202: DeliveryDetailShown, **operations.refusals(_409="conflict")},
    )
    def post(self, request: Request, delivery_id: int) -> Response:
        """Send the same message again, under the same id, with a schedule that begins anew."""
        checked(Nothing, request)
        delivery = resend_delivery(
            delivery_id=delivery_id,
            owner_id=_owner(request),
            actor=self.actor,
            expected_revision=version_from_if_match(request),
        )
        return _delivery_answer(delivery, 202)
