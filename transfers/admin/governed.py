"""The base of every page about money: seen by capability, never added, changed or deleted through a form."""

from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin

from access.regions import hidden_row, seen_regions
from access.roles import Capability
from transfers.admin.keyset import KeysetChangeList
from transfers.console.export import Column, export_view
from transfers.console.gate import sees


class GovernedAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no type hints
    """A list with keyset paging and a page to look at, for whoever holds `capability`."""

    capability: ClassVar[Capability]
    # What an empty list says: title, text and icon; without a filter, and then what to do.
    empty_title: ClassVar[str] = "Nothing here yet"
    empty_text: ClassVar[str] = ""
    empty_icon: ClassVar[str] = "inbox"
    list_title: ClassVar[str] = ""
    # The columns of the list as a file; none: it is no file.
    export_columns: ClassVar[tuple[Column, ...]] = ()
    export_name: ClassVar[str] = ""

    actions = None
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True
    list_filter_sheet = False
    change_list_template = "console/change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        title = self.list_title or str(self.opts.verbose_name_plural).capitalize()
        context = {"title": title, "exports": self.export_columns, **(extra_context or {})}
        response: TemplateResponse = super().changelist_view(request, context)
        return response

    def get_urls(self) -> list[URLPattern]:
        own = (
            [
                path(
                    "export/",
                    self.admin_site.admin_view(self.export),
                    name=f"{self.opts.app_label}_{self.opts.model_name}_export",
                )
            ]
            if self.export_columns
            else []
        )
        return own + list(super().get_urls())

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as a file, with the list's own filters and search."""

        def rows() -> QuerySet[Any]:
            try:
                found: QuerySet[Any] = self.get_changelist_instance(request).queryset
            except IncorrectLookupParameters as error:
                raise BadRequest("There is no such filter.") from error
            return found

        return export_view(
            request,
            name=self.export_name or f"{self.opts.model_name}s",
            capability=self.capability,
            rows=rows,
            shown=self.export_columns,
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """A list is filtered by its own filters. Django would take any column with any lookup: `reason__regex=`."""
        own = {getattr(one, "parameter_name", "") for one in self.list_filter}
        return "__" not in lookup or lookup in own

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Model | None:
        """The row of a page; there is none for whoever does not see it."""
        found: Model | None = super().get_object(request, object_id, from_field)
        return None if found is None or hidden_row(found, seen_regions(request)) else found

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The audit log is the only history there is; it is shown on the object's own page."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return redirect(reverse(name, args=[object_id]))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return sees(request, self.capability)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees(request, self.capability)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
