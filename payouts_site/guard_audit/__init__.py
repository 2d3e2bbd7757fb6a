"""What `manage.py guard_audit` knows: the ways in that exist, the ways in that are declared, and code that cheats."""
