"""A list whose rows have a page that is only ever read; what a reader may do there has addresses of its own."""

from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar

from django.forms import MediaDefiningClass
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse

from guard.errors import NotFound
from transfers.admin.governed import GovernedAdmin
from transfers.console.gate import require


class _AbstractAdmin(ABCMeta, MediaDefiningClass):
    """Django's metaclass of an admin, and the one that refuses a class without its page."""


class PageAdmin(GovernedAdmin, metaclass=_AbstractAdmin):
    """`noun` is what the audit log calls a row: "transfer" for "transfer:12"."""

    noun: ClassVar[str]
    list_display_links = None

    @abstractmethod
    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One row's page. Raises NotFound."""

    def shown(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        """A page inside the console's frame."""
        return TemplateResponse(request, template, self.admin_site.each_context(request) | context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Django's name for a row's page."""
        require(request, self.capability, f"{self.noun}:{object_id}")
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        if not object_id.isdecimal() or len(object_id) > 18:
            raise Http404("There is no such page.")
        try:
            return self.page(request, int(object_id))
        except NotFound as error:
            raise Http404(error.detail) from error
