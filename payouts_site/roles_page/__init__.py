"""What `manage.py generate_roles` knows: who may do what, read from the code that decides it."""
