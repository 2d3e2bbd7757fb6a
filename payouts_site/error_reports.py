"""What Django's own error pages and reports may show of settings, requests and frames."""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

from audit.redact import HIDDEN, is_telling, redact


class ReportFilter(SafeExceptionReporterFilter):
    """Hides the same as the logs do, whether DEBUG is on or not, without any view asking for it."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def cleanse_setting(self, key: int | str, value: Any) -> Any:
        if is_telling(str(key)):
            return HIDDEN
        shown = super().cleanse_setting(key, value)
        return redact(shown) if isinstance(shown, str | dict | list) else shown

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        if request is None:
            return {}
        return {name: redact({name: value})[name] for name, value in request.POST.items()}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        """Names only: a frame of a payment holds details in any of its variables."""
        return dict.fromkeys(tb_frame.f_locals, HIDDEN).items()
