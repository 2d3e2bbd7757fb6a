"""The table of Django's database cache, which counts tries to log in (what `createcachetable` makes)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("access", "0002_roles")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE access_cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX access_cache_expires ON access_cache (expires);
            """,
            "DROP TABLE access_cache",
        )
    ]
