"""Detection rules over log events, in a WebAssembly sandbox inside your own process.

```python
with Engine.load("rules/") as engine:
    for alert in engine.replay(read_events("cloudtrail/")):
        print(alert.severity, alert.title)
```
"""

from .alert import Alert, AlertEvent, Matched
from .batch import Reject
from .engine import Engine, Verdict
from .errors import (
    AnswerError,
    BrokenError,
    ClosedError,
    DeadlineError,
    InputError,
    ModuleError,
    NoRoomError,
    OxpeckerError,
    RefusedError,
    RuleError,
    TrapError,
)
from .events import Event, Events, read_events
from .guest import Limits, shipped_rules
from .report import LoadReport, Problem, Restored, RuleStats, Stats

__all__ = [
    "Alert", "AlertEvent", "AnswerError", "BrokenError", "ClosedError", "DeadlineError", "Engine", "Event", "Events",
    "InputError", "LoadReport", "Limits", "Matched", "ModuleError", "NoRoomError", "OxpeckerError", "Problem",
    "RefusedError", "Reject", "Restored", "RuleError", "RuleStats", "Stats", "TrapError", "Verdict", "read_events",
    "shipped_rules",
]  # fmt: skip
