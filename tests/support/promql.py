"""What a text in PromQL names, and the left side of an alert's comparison."""

import re

STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
# Labels in selectors, in `by (…)` and `on (…)`, and ranges.
LABELS = re.compile(r"\{[^}]*\}|\b(?:by|on|without|ignoring)\s*\([^)]*\)|\[[^\]]*\]")
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w*\s*\()")
KEYWORDS = frozenset({"and", "or", "unless", "bool", "by", "on", "offset"})
COMPARISON = re.compile(r"(.+?) (?:[<>]=?|==|!=) (-?[\d.]+)", re.DOTALL)


def metric_names(expr: str) -> set[str]:
    """The metrics that an expression reads."""
    bare = LABELS.sub(" ", STRINGS.sub('""', expr))
    return {name for name in NAME.findall(bare) if name not in KEYWORDS}


def without_threshold(expr: str) -> str:
    """The left side of `expression > number`, which has data whether the alert fires or not."""
    found = COMPARISON.fullmatch(expr.strip())
    assert found, f"no comparison with a number at the end: {expr}"
    return found[1]
