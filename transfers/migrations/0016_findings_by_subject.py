"""All findings about one thing, whatever their state, without reading those about all others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("transfers", "0015_words_on_the_screens"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["subject", "id"], name="finding_by_subject"),
        ),
    ]
