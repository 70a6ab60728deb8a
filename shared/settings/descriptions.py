"""Descriptions of settings: the strings below the fields of settings structs (attribute docstrings)."""

import ast
import inspect
import textwrap
from itertools import pairwise

import msgspec

from shared.settings.loader import fields_of


def descriptions_of(cls: type[msgspec.Struct]) -> dict[str, str]:
    """The description of each variable that has one, as one line of text; those of base classes too."""
    by_field = dict[str, str]()
    for base in reversed(cls.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            by_field |= _attribute_docstrings(base)
    variables = {field.field: field.variable for field in fields_of(cls)}
    return {variables[name]: text for name, text in by_field.items() if name in variables}


def _attribute_docstrings(cls: type) -> dict[str, str]:
    body = next(
        each.body
        for each in ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        if isinstance(each, ast.ClassDef)
    )
    found = dict[str, str]()
    for field, follower in pairwise(body):
        match field, follower:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found
