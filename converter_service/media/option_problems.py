"""Problems with conversion options, by field."""

import msgspec


class OptionProblem(msgspec.Struct, frozen=True):
    """An invalid field; `message` continues a sentence after the field's name."""

    field: str
    message: str


class BadOptions(ValueError):
    """Invalid or contradictory options; `problems` names each field at fault, at least one."""

    def __init__(self, *problems: OptionProblem) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems
