"""`manage.py generate_roles`: write docs/roles.md from the policy and from what each way in asks."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from payouts_site.roles_page.page import roles_page

TARGET = Path(settings.BASE_DIR) / "docs" / "roles.md"


class Command(BaseCommand):
    """`--check` writes nothing and fails when the page is not what the code says."""

    help = __doc__ or ""
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        text = roles_page()
        if not options["check"]:
            TARGET.write_text(text)
        elif not TARGET.is_file() or TARGET.read_text() != text:
            raise CommandError("docs/roles.md is not up to date: ./dev roles")
