"""What can go wrong between a program and the module. The module's own words are in no message: it is not trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import LoadReport, Problem


class OxpeckerError(Exception):
    """The root of all errors of this package."""


class RuleError(OxpeckerError):
    """The rules or filters have errors; nothing was loaded. `problems` holds all of them, warnings too."""

    def __init__(self, report: LoadReport) -> None:
        self.report = report
        errors = [problem for problem in report.problems if problem.severity == "error"]
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__("\n  ".join([f"the rules have {count}:", *map(str, errors)]))

    @property
    def problems(self) -> list[Problem]:
        """Errors and warnings, by file and place."""
        return self.report.problems


class InputError(OxpeckerError):
    """A file of events could not be read to its end. What came before it was handed out."""


class RefusedError(OxpeckerError):
    """The module refused a call and can be used on. `status` is the ABI's number."""

    MEANINGS = {
        -1: "the range is not inside one live block",
        -2: "the batch is not framed as the ABI says",
        -3: "nothing is loaded",
        -4: "the load request is not of the expected shape; lists hold texts, numbers and booleans, or these with values",
        -6: "the result is too large for its length fields",
        -7: "a call came while another was running",
        -8: "the state was written by another version, or is not whole",
    }

    def __init__(self, during: str, status: int) -> None:
        self.during = during
        self.status = status
        super().__init__(f"the module refused {during}: {self.MEANINGS.get(status, 'unknown status')} ({status})")


class NoRoomError(OxpeckerError):
    """The module has no memory for what it was to be given. It can be used on."""

    def __init__(self, during: str, size: int) -> None:
        self.during = during
        self.size = size
        super().__init__(f"the module has no room for {size:,} bytes in {during}; raise Limits.memory_bytes")


class ModuleError(OxpeckerError):
    """The bytes are no module that can run here: no WebAssembly, imports, a missing export, another ABI."""


class BrokenError(OxpeckerError):
    """The module failed. This engine is over: load a new one and give it the state that you saved last.

    `during` is the call of the ABI that failed. Its batch counts neither as evaluated nor as rejected.
    """

    def __init__(self, during: str, what: str) -> None:
        self.during = during
        super().__init__(f"the module failed in {during}: {what}")


class TrapError(BrokenError):
    """The module trapped; also where it needed more memory than `Limits.memory_bytes`."""


class DeadlineError(BrokenError):
    """A call took longer than `Limits.deadline`."""


class AnswerError(BrokenError):
    """The module's answer contradicts the ABI, or itself."""


class ClosedError(OxpeckerError):
    """The engine was closed, or has failed before."""
