"""Attack: measure how long a comparison takes, and guess a secret letter by letter. Linted, so that none comes back."""

import ast
import re
from collections.abc import Iterator

from payouts_site.guard_audit.sources import files

SECRET = re.compile(
    r"(?:^|[_.])(token|secret|signature|digest|hmac|mac|otp|totp|password|passphrase|api_key|hexdigest|csrf)s?"
    r"(?:$|[_.(])"
)
# Compared, and no secret: what each is, is said beside it.
NO_SECRETS = {
    # A hash of what the caller was shown, to notice that it changed; whoever asks is told it.
    ("transfers/services/pay_crew.py", "preview_token"),
    # The audit chain's hashes are shown to every auditor.
    ("audit/chain.py", "digest"),
    # Which network a signature is for: public.
    ("passphrase", "passphrase"),
}


def suspicious(tree: ast.AST) -> Iterator[ast.Compare]:
    """Every `==` and `!=` with a side that is named like a secret; beside a constant it proves nothing."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        if not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            continue
        if any(isinstance(side, ast.Constant | ast.List | ast.Tuple) for side in sides):
            continue
        if any(SECRET.search(ast.unparse(side).lower()) for side in sides):
            yield node


def allowed(path: str, text: str) -> bool:
    return any(word in text.lower() and where in (path, word) for where, word in NO_SECRETS)


def test_secrets_are_compared_in_constant_time() -> None:
    found = [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for path, tree in files()
        for node in suspicious(tree)
        if not allowed(path, ast.unparse(node))
    ]
    assert found == []


def test_the_lint_would_notice() -> None:
    planted = "if given == settings.METRICS_TOKEN or sign(body) != signature or kind == other: pass"
    assert len(list(suspicious(ast.parse(planted)))) == 2


def test_what_is_compared_in_constant_time_still_is() -> None:
    wanted = {
        "access/authentication.py": "compare_digest",
        "payouts_site/health.py": "constant_time_compare",
    }
    calls = {
        path: {
            ast.unparse(node.func).rpartition(".")[2]
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
        }
        for path, tree in files()
        if path in wanted
    }
    assert {path for path, name in wanted.items() if name not in calls[path]} == set()
