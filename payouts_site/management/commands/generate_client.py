"""`manage.py generate_client`: write the Python client's `api.py` from the OpenAPI document."""

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from drf_spectacular.generators import SchemaGenerator

from payouts_site.openapi_client.source import client_source

TARGET = Path(settings.BASE_DIR) / "clients" / "python" / "paidonce" / "api.py"


def generated() -> str:
    """The module as it should be, formatted. Needs ruff, a development tool."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(TARGET), "-"],
        input=client_source(document),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


class Command(BaseCommand):
    """`--check` writes nothing and fails when the file is not what the document says."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        text = generated()
        if not options["check"]:
            TARGET.write_text(text)
        elif TARGET.read_text() != text:
            raise CommandError("The client is not up to date: ./dev client")
