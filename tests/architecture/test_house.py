"""The rules of the house that a program can check: who may import whom, and that only the door writes a status."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django_fsm import FSMFieldMixin

from guard.guarded_model import GuardedModel

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = (
    "access",
    "api",
    "audit",
    "checkout",
    "guard",
    "money",
    "payouts",
    "payouts_site",
    "rails",
    "transfers",
    "webhooks",
)
GUARDED = [
    model
    for model in apps.get_models()
    if any(isinstance(field, FSMFieldMixin) for field in model._meta.concrete_fields)
]


def sources(*rooms: str) -> Iterator[tuple[str, ast.Module, str]]:
    """Path, tree and text of every file in these rooms, without migrations."""
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                text = path.read_text()
                yield str(path.relative_to(ROOT)), ast.parse(text), text


def test_the_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_models_triggers_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def _calls(tree: ast.Module, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in names
        ):
            yield node


def test_nobody_updates_a_status_past_the_door() -> None:
    found = [
        f"{path}:{call.lineno}"
        for path, tree, _ in sources(*PRODUCT)
        for call in _calls(tree, "update", "update_or_create", "bulk_update", "aupdate")
        if any(keyword.arg == "status" for keyword in call.keywords)
        or "'status'" in ast.unparse(call)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("model", "only"),
    [("PayoutRequest", "payouts/change.py"), ("Commission", "payouts/commissions.py")],
)
def test_whoever_must_follow_hears_of_each_step(model: str, only: str) -> None:
    """A request's commissions follow it, so its steps are made in one place."""
    found = {
        path
        for path, tree, _ in sources(*PRODUCT)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "change_status"
        and node.args
        and ast.unparse(node.args[0]) == model
    }
    assert found == {only}


def test_nobody_saves_a_guarded_row() -> None:
    """Rows are created by services and changed by the door. What is saved anywhere is a user."""
    allowed = {
        "access/management/commands/create_operator.py",
        "payouts_site/management/commands/seed_demo.py",
    }
    found = {path for path, tree, _ in sources(*PRODUCT) for _ in _calls(tree, "save", "asave")}
    assert found <= allowed


def test_nobody_assigns_a_status() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, tree, _ in sources(*PRODUCT)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "status"
        and isinstance(node.ctx, ast.Store)
    ]
    # The number of an HTTP answer is called status as well.
    assert [place for place in found if place.startswith(("transfers/", "guard/", "audit/"))] == []


def test_no_sql_of_the_product_sets_a_guarded_status() -> None:
    tables = "|".join(model._meta.db_table for model in GUARDED)
    assert tables
    pattern = re.compile(
        rf'UPDATE\s+"?({tables})"?\b[^;]*?\bSET\b(?P<sets>.*?)\bWHERE\b', re.S | re.I
    )
    for path, _, text in sources(*PRODUCT):
        for match in pattern.finditer(text):
            assert not re.search(r"(?<!\w)\"?status\"?\s*=", match["sets"]), path


@pytest.mark.parametrize("model", GUARDED, ids=lambda model: model.__name__)
def test_every_guarded_model_has_what_the_door_needs(model: type) -> None:
    columns = {field.name for field in model._meta.concrete_fields}  # type: ignore[attr-defined]  # a model class
    assert {"status", "version", "updated_at"} <= columns
    triggers = getattr(model._meta, "triggers", ())  # type: ignore[attr-defined]  # a model class
    assert "OnlyDeclaredSteps" in {type(trigger).__name__ for trigger in triggers}
    assert issubclass(model, GuardedModel)


def test_the_names_that_say_nothing_are_not_used() -> None:
    forbidden = {"utils", "helpers", "common", "core", "misc"}
    named = {part for path, _, _ in sources(*PRODUCT) for part in Path(path).with_suffix("").parts}
    assert named & forbidden == set()


def test_no_signals_and_no_eta_for_money() -> None:
    for path, tree, _ in sources("transfers", "guard", "audit", "webhooks", "rails", "money"):
        modules = {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
        }
        assert not {module for module in modules if "signals" in module}, path
        words = {
            keyword.arg
            for call in _calls(tree, "apply_async", "send_task", "retry", "delay")
            for keyword in call.keywords
        }
        assert not words & {"eta", "countdown"}, path


def test_plain_rooms_compute_money_without_floats() -> None:
    for path, tree, _ in sources("money"):
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        numbers = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
        assert "float" not in names, path
        assert not [number for number in numbers if isinstance(number, float)], path
