"""A rail's own wish to be left alone is told from a queue that is long."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("transfers", "0013_switches_stay"),
    ]

    operations = [
        migrations.AddField(
            model_name="pace",
            name="held_until",
            field=models.DateTimeField(null=True),
        ),
    ]
