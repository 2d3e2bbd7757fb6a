from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0004_region_scope")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="rotated_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        )
    ]
