"""`manage.py import_legacy_transfers FILE.csv`: coming from a system with one transfer per booking."""

import csv
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actor import Actor
from transfers.services.import_legacy_transfer import LegacyRow, import_legacy_transfer

_COLUMNS = ("booking", "amount", "currency", "status", "stripe_transfer")


class Command(BaseCommand):
    """Imports row by row; a refused row is reported and spoils no other."""

    help = (
        "Import an old transfers table. The file is CSV with a header and the columns "
        + ", ".join(_COLUMNS)
        + ". Repeatable. Rows that are not certain are refused and listed; exit status 1 if there were any."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Report only.")

    def handle(self, *args: Any, **options: Any) -> None:
        results: Counter[str] = Counter()
        for line, row in enumerate(_rows(options["file"]), start=2):
            imported = import_legacy_transfer(
                row=row,
                actor=Actor("command", "import_legacy_transfers"),
                dry_run=options["dry_run"],
            )
            results[imported.result] += 1
            self.stdout.write(f"line {line}: {row.booking}: {imported.result}: {imported.detail}")
        summary = ", ".join(f"{count} {result}" for result, count in sorted(results.items()))
        self.stdout.write(("would be: " if options["dry_run"] else "") + (summary or "no rows"))
        if results["refused"]:
            raise CommandError(f"{results['refused']} rows were refused; see the lines above.")


def _rows(path: Path) -> list[LegacyRow]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise CommandError(f"The file lacks the columns {', '.join(missing)}.")
            return [LegacyRow(**{name: row[name] or "" for name in _COLUMNS}) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The file cannot be read: {error}") from error
