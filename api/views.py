"""Base classes of the endpoints: authenticated, permitted by capability, idempotent POSTs, problems for errors."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from access.actors import actor_from_request
from access.roles import Capability
from api.idempotent import IdempotentPostMixin
from audit.actor import Actor


class ApiView(IdempotentPostMixin):
    """A view. `required_capability` is one capability or a mapping from method to one; none closes the view."""

    metadata_class = None  # OPTIONS says nothing: the schema does
    required_capability: ClassVar[Capability | Mapping[str, Capability] | None] = None

    @property
    def actor(self) -> Actor:
        """Who is asking, for the service that is about to be called."""
        return actor_from_request(self.request)


class ApiViewSet(IdempotentPostMixin, GenericViewSet[Any]):
    """The same for viewsets; `required_capability` maps actions (or methods) to capabilities."""

    metadata_class = None
    required_capability: ClassVar[Capability | Mapping[str, Capability] | None] = None
    request: Request

    @property
    def actor(self) -> Actor:
        """Who is asking, for the service that is about to be called."""
        return actor_from_request(self.request)
