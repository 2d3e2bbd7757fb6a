"""Which rails were ever paused, and the pages that pause and resume one."""

from django.contrib import admin
from django.urls import URLPattern, path

from transfers.admin.governed import GovernedAdmin
from transfers.console.rails import pause_view, resume_view
from transfers.models import RailSwitch


@admin.register(RailSwitch)
class RailSwitchAdmin(GovernedAdmin):
    """A list to look at; switches are turned on pages of their own, linked from the overview."""

    capability = "transfer.read"
    list_title = "Paused rails"
    empty_title = "No rail was ever paused"
    empty_text = "A rail is paused from the overview."
    empty_icon = "play_circle"
    list_display = ("rail", "status", "reason", "changed_by", "updated_at")
    list_display_links = None

    def get_urls(self) -> list[URLPattern]:
        pages = {"pause": pause_view, "resume": resume_view}
        return [
            path(
                f"<slug:rail>/{verb}/",
                self.admin_site.admin_view(view),
                name=f"transfers_railswitch_{verb}",
            )
            for verb, view in pages.items()
        ] + super().get_urls()
