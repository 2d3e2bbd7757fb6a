"""What the pages share: a list for who may read checkout, and a page that is only ever read."""

from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from guard.errors import NotFound
from transfers.admin.governed import GovernedAdmin
from transfers.console.gate import require


class CheckoutAdmin(GovernedAdmin):
    """`get_one`: reads the one thing; `template` shows what `page` puts together."""

    capability = "checkout.read"
    list_display_links = None
    template: ClassVar[str]

    def get_one(self, pk: int) -> Any:
        """What the page is about. Raises NotFound."""
        raise NotImplementedError

    def page(self, request: HttpRequest, about: Any) -> dict[str, Any]:
        """The template's context."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page. Verbs have addresses of their own."""
        require(request, "checkout.read", f"{self.opts.model_name}:{object_id}"[:64])
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET"})
        if not object_id.isdecimal() or len(object_id) > 18:
            raise Http404("There is no such page.")
        try:
            about = self.get_one(int(object_id))
        except NotFound as error:
            raise Http404(error.detail) from error
        context = self.admin_site.each_context(request) | self.page(request, about)
        return TemplateResponse(request, self.template, context)


def row_link(address: str, title: str, below: str) -> SafeString:
    """The first column of a list: the link to the page, with a quiet line below."""
    return format_html(
        '<a class="row-link" href="{}"><strong>{}</strong><span class="quiet">{}</span></a>',
        address,
        title,
        below,
    )


def amount_cell(text: str) -> SafeString:
    """An amount, aligned."""
    return format_html('<span class="amount">{}</span>', text)
