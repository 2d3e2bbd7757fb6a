from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('webhooks', '0001_initial'),
    ]

    operations = [
        migrations.RenameField(
            model_name='webhooktry',
            old_name='status',
            new_name='http_status',
        ),
    ]
