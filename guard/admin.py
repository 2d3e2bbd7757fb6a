"""Idempotency records, for reading only. The stored answer itself is not shown: it may hold personal data."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from guard.models import IdempotencyRecord


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no type hints
    """Nobody edits or deletes a record by hand: that would let a request be executed twice."""

    list_display = ("scope", "key", "status", "response_status", "created_at", "expires_at")
    list_filter = ("status",)
    search_fields = ("key",)
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        "scope",
        "key",
        "status",
        "fence",
        "locked_until",
        "response_status",
        "created_at",
        "completed_at",
        "expires_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
