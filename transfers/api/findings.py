"""Findings: where our books and a rail disagree, and what a person made of it."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.etags import etag, version_from_if_match
from api.views import ApiView, ApiViewSet
from transfers.api import operations
from transfers.api.documents import finding_document
from transfers.api.filters import FindingFilters, findings_like, query_values
from transfers.api.requests import Resolution, checked, refuse_query
from transfers.api.serializers import FindingShown
from transfers.models import Finding
from transfers.selectors import get_finding
from transfers.services.resolve_finding import resolve_finding


class Findings(ApiViewSet):
    """The list of findings."""

    required_capability: ClassVar = {"list": "finding.read"}
    filter_backends = ()
    queryset = Finding.objects.none()

    @extend_schema(
        operation_id="listFindings",
        tags=["Findings"],
        parameters=[FindingFilters],
        responses=FindingShown(many=True),
    )
    def list(self, request: Request) -> Response:
        """Findings, newest first."""
        rows = self.paginate_queryset(findings_like(query_values(request, FindingFilters)))
        return self.get_paginated_response([finding_document(row) for row in rows or ()])


def _answer(finding: Finding) -> Response:
    return Response(finding_document(finding), headers={"ETag": etag(finding.version)})


class FindingDetail(ApiView):
    """One finding."""

    required_capability = "finding.read"

    @extend_schema(
        operation_id="getFinding",
        tags=["Findings"],
        parameters=[operations.FINDING_ID, operations.ETAG],
        responses=FindingShown,
    )
    def get(self, request: Request, finding_id: int) -> Response:
        """A finding with its evidence."""
        refuse_query(request)
        return _answer(get_finding(finding_id))


class ResolveFinding(ApiView):
    """Say what a finding came to."""

    required_capability = "finding.resolve"

    @extend_schema(
        operation_id="resolveFinding",
        tags=["Findings"],
        parameters=[operations.FINDING_ID, operations.ETAG, operations.IF_MATCH],
        request=Resolution,
        responses={200: FindingShown, **operations.refusals(_409="conflict")},
    )
    def post(self, request: Request, finding_id: int) -> Response:
        """Resolve an open finding. It moves no money and changes no transfer."""
        values = checked(Resolution, request)
        finding = resolve_finding(
            finding_id=finding_id,
            resolution=values["resolution"],
            note=values["note"],
            actor=self.actor,
            expected_version=version_from_if_match(request),
        )
        return _answer(finding)
