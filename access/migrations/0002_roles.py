"""The four roles as groups, so that they can be chosen in the console from the first start."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLES = ("super_admin", "operator", "auditor", "integrator")


def create_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Repeatable: a group of that name may exist already."""
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    """Going back leaves the groups: people may be members by then."""

    dependencies = [
        ("access", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(create_roles, migrations.RunPython.noop)]
