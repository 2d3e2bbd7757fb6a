"""Lists by id cursor: one query a page, first or deep, without count(*), OFFSET or SELECT DISTINCT."""

from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.http import urlencode
from unfold.views import ChangeList as UnfoldChangeList

from access.regions import narrowed, seen_regions

OLDER_THAN: Final = "older"
NEWER_THAN: Final = "newer"
_CURSORS: Final = (OLDER_THAN, NEWER_THAN)
_LARGEST_ID: Final = 2**63 - 1


class KeysetChangeList(UnfoldChangeList):  # type: ignore[misc]  # unfold has no type hints
    """Newest first. `older=ID` and `newer=ID` are the cursors; every filter link starts at the first page again."""

    has_newer = has_older = False

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.older_than = _cursor(request, OLDER_THAN)
        self.newer_than = _cursor(request, NEWER_THAN)
        super().__init__(request, *args, **kwargs)
        # The filters are drawn as pills above the list (console/change_list.html), not in the theme's drawer.
        self.has_filters = False
        self.is_filtered = bool(self.query or self.has_active_filters)

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in _CURSORS}

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """What is listed, and what the list's file holds: only what this person sees."""
        return narrowed(super().get_queryset(request, *args, **kwargs), seen_regions(request))

    def get_query_string(
        self, new_params: dict[str, Any] | None = None, remove: list[str] | None = None
    ) -> str:
        text: str = super().get_query_string(new_params, [*(remove or []), *_CURSORS])
        return text

    def get_results(self, request: HttpRequest) -> None:
        rows = self._page()
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = False
        self.paginator = None

    def _page(self) -> list[Any]:
        size = self.list_per_page
        queryset: QuerySet[Any] = self.queryset
        if self.newer_than is not None:
            rows = list(queryset.filter(pk__gt=self.newer_than).order_by("pk")[: size + 1])
            self.has_newer, self.has_older = len(rows) > size, True
            return rows[:size][::-1]
        if self.older_than is not None:
            queryset = queryset.filter(pk__lt=self.older_than)
        rows = list(queryset.order_by("-pk")[: size + 1])
        self.has_newer, self.has_older = self.older_than is not None, len(rows) > size
        return rows[:size]

    @property
    def older_url(self) -> str:
        """The next page; "" when this is the last one."""
        return self._at(OLDER_THAN, -1) if self.has_older and self.result_list else ""

    @property
    def newer_url(self) -> str:
        """The page before; "" when this is the first one."""
        return self._at(NEWER_THAN, 0) if self.has_newer and self.result_list else ""

    @property
    def first_url(self) -> str:
        """The newest rows, with the same filters."""
        return self.get_query_string()

    def _at(self, cursor: str, place: int) -> str:
        kept = {name: value for name, value in self.filter_params.items() if name not in _CURSORS}
        return f"?{urlencode({**kept, cursor: self.result_list[place].pk}, doseq=True)}"


def _cursor(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return min(int(text), _LARGEST_ID) if text.isdecimal() else None
