"""Base classes of the endpoints: authenticated, permitted by capability, idempotent POSTs, problems for errors."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from access.actors import actor_from_request
from access.permissions import record_refusal, required_capability
from access.regions import hidden_argument, narrowed, seen_regions
from access.roles import Capability
from api.idempotent import IdempotentPostMixin
from audit.actor import Actor
from guard.errors import NotFound


class _InRegions(IdempotentPostMixin):
    """What the caller may not see is not found, whatever the view is about to do with it."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After permissions and before the handler, and before a stored answer is given again."""
        super().initial(request, *args, **kwargs)
        hidden = hidden_argument(kwargs, seen_regions(request))
        if not hidden:
            return
        method = request.method or ""
        if method not in SAFE_METHODS:
            record_refusal(request, required_capability(self, method), "other_region")
        raise NotFound(f"There is no {hidden}.")


class ApiView(_InRegions):
    """A view. `required_capability` is one capability or a mapping from method to one; none closes the view."""

    metadata_class = None  # OPTIONS says nothing: the schema does
    required_capability: ClassVar[Capability | Mapping[str, Capability] | None] = None

    @property
    def actor(self) -> Actor:
        """Who is asking, for the service that is about to be called."""
        return actor_from_request(self.request)


class ApiViewSet(_InRegions, GenericViewSet[Any]):
    """The same for viewsets; `required_capability` maps actions (or methods) to capabilities."""

    metadata_class = None
    required_capability: ClassVar[Capability | Mapping[str, Capability] | None] = None
    request: Request

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page of what the caller may see."""
        if isinstance(queryset, QuerySet):
            queryset = narrowed(queryset, seen_regions(self.request))
        return super().paginate_queryset(queryset)

    @property
    def actor(self) -> Actor:
        """Who is asking, for the service that is about to be called."""
        return actor_from_request(self.request)
