"""`manage.py verify_audit`: is the audit log what was written? Exit status 1 and the entry's name if not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.chain import damaged_entries, damaged_seals
from audit.models import Entry, Seal


class Command(BaseCommand):
    """Recompute every chain and every seal."""

    help = "Recompute every chain and seal of the audit log; names each entry that was changed or removed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each damage found; raise CommandError if there was one."""
        damages = [*damaged_entries(), *damaged_seals()]
        for damage in damages:
            self.stderr.write(self.style.ERROR(f"{damage.where}: {damage.what}"))
        if damages:
            raise CommandError(f"The audit log was tampered with: {len(damages)} places.")
        self.stdout.write(
            self.style.SUCCESS(
                f"{Entry.objects.count()} entries and {Seal.objects.count()} seals are as they were written."
            )
        )
