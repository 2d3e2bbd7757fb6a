"""Adapters to the rails that move money. Plain Python: no Django, no database, no decision about what to do next.

An adapter translates one request into one HTTP call and the answer into one of the types in `rails.answers`.
"""
