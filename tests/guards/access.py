"""Who sees and does what: regions, and the second factor."""

from tests.guards.guard import Edit, Guard

REGIONS = "tests/payouts/test_regions.py"

GUARDS = (
    Guard(
        "regions: what a call of the API is about",
        (Edit("api/views.py", "hidden = hidden_argument(kwargs, seen_regions(request))", 'hidden = ""'),),
        f"{REGIONS}::test_no_operation_finds_what_belongs_to_another_region",
    ),
    Guard(
        "regions: lists of the API",
        (Edit("api/views.py", "narrowed(queryset, seen_regions(self.request))", "narrowed(queryset, None)"),),
        f"{REGIONS}::test_lists_hold_what_is_seen_and_cost_one_query_less_than_they_could",
    ),
    Guard(
        "regions: pages of the console",
        (
            Edit(
                "transfers/console/gate.py",
                "    if allowed and not hidden_subject(subject, seen_regions(request)):",
                "    if allowed:",
            ),
        ),
        f"{REGIONS}::test_no_page_shows_what_belongs_to_another_region",
    ),
    Guard(
        "regions: lists of the console",
        (
            Edit(
                "transfers/admin/keyset.py",
                "narrowed(super().get_queryset(request, *args, **kwargs), seen_regions(request))",
                "narrowed(super().get_queryset(request, *args, **kwargs), None)",
            ),
        ),
        f"{REGIONS}::test_no_page_shows_what_belongs_to_another_region",
    ),
    Guard(
        "regions: commands in a person's name",
        (
            Edit(
                "payouts/management/by_person.py",
                "        elif hidden_subject(subject, regions_of(user)):",
                "        elif user is None:",
            ),
        ),
        f"{REGIONS}::test_commands_ask_as_well",
    ),
    Guard(
        "second factor: before every page",
        (
            Edit(
                "payouts_site/middleware.py",
                "        missing = missing_second_factor(request)",
                "        missing = missing_second_factor(request) and None",
            ),
        ),
        "tests/attacks/test_sessions.py::TestSecondFactor::test_the_api_with_a_session_needs_it_too",
    ),
    Guard(
        "second factor: not set up by a session that did not show it",
        (
            Edit(
                "payouts_site/middleware.py",
                "(missing.may_set_up and request.path.startswith(_SET_UP))",
                "request.path.startswith(_SET_UP)",
            ),
        ),
        "tests/attacks/test_sessions.py::TestSecondFactor"
        "::test_a_session_from_before_finds_no_recovery_codes_and_adds_no_passkey",
    ),
)  # fmt: skip
