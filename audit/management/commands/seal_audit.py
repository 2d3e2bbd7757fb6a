"""`manage.py seal_audit`: seal everything committed so far (the scheduler does it every minute)."""

from typing import Any

from django.core.management.base import BaseCommand

from audit.seal import seal_entries


class Command(BaseCommand):
    """Make one seal now."""

    help = "Seal all audit entries committed so far."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was sealed."""
        seal = seal_entries()
        self.stdout.write(str(seal) if seal else "Nothing new to seal.")
