"""The queue's page of rows: who waits longest comes first; everything else is newest first. One query a page."""

from typing import Any

from django.http import HttpRequest

from payouts.console.rows import ReviewRow, review_rows
from payouts.models import PayoutRequest, PayoutStatus
from transfers.admin.keyset import NEWER_THAN, OLDER_THAN, KeysetChangeList

_ROW = "_review_row"


class QueueChangeList(KeysetChangeList):
    """Keyset paging in either direction, with each row's surroundings read for the whole page at once."""

    @property
    def oldest_first(self) -> bool:
        """The queue itself is emptied from its old end."""
        return self.get_filters_params().get("status") in (None, [], [PayoutStatus.REQUESTED.value])

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        for payout, row in zip(
            self.result_list, review_rows(request, self.result_list), strict=True
        ):
            setattr(payout, _ROW, row)

    def _page(self) -> list[Any]:
        if not self.oldest_first:
            return super()._page()
        size = self.list_per_page
        if self.older_than is not None:
            rows = list(self.queryset.filter(pk__lt=self.older_than).order_by("-pk")[: size + 1])
            self.has_older, self.has_newer = len(rows) > size, True
            return rows[:size][::-1]
        queryset = self.queryset
        if self.newer_than is not None:
            queryset = queryset.filter(pk__gt=self.newer_than)
        rows = list(queryset.order_by("pk")[: size + 1])
        self.has_older, self.has_newer = self.newer_than is not None, len(rows) > size
        return rows[:size]

    @property
    def next_url(self) -> str:
        """Further down the list; "" at its end."""
        if not self.oldest_first:
            return self.older_url
        return self._at(NEWER_THAN, -1) if self.has_newer and self.result_list else ""

    @property
    def previous_url(self) -> str:
        """Further up; "" at its start."""
        if not self.oldest_first:
            return self.newer_url
        return self._at(OLDER_THAN, 0) if self.has_older and self.result_list else ""


def row_of(payout: PayoutRequest) -> ReviewRow:
    """What `get_results` found around this request."""
    row: ReviewRow = getattr(payout, _ROW)
    return row
