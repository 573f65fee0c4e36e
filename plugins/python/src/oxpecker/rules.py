"""Rule files, from wherever a program has them, into one request to load."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Optional, Union

from .guest import shipped_rules

#: A path of a rule file or of a folder of them; the text of a rule file (it has line breaks); names with texts; or
#: several of these.
Rules = Union[str, "os.PathLike[str]", Mapping[str, str], Iterable[Union[str, "os.PathLike[str]", Mapping[str, str]]]]
#: Names with entries: keys, or keys with values for lookups.
Lists = Mapping[str, Union[Iterable[Any], Mapping[Any, Any]]]


def request(
    rules: Optional[Rules], filters: Iterable[str], lists: Optional[Lists], event_type: Optional[str], **options: Any
) -> bytes:
    """The request of `ox_load`. Without rules and filters it asks for the shipped rules."""
    filters = [filters] if isinstance(filters, str) else list(filters)
    if rules is None:
        found = [] if filters else _folder(shipped_rules(), shipped_rules().parent)
    else:
        found = _documents(rules)
        if not found and not filters:
            raise ValueError("no rules: name a rule file, a folder of them, or filters")
    asked = {
        "documents": [{"name": name, "text": text} for name, text in found],
        "filters": filters,
        "lists": {name: _entries(entries) for name, entries in (lists or {}).items()},
        "event_type": event_type,
        "options": {name: value for name, value in options.items() if value is not None},
    }
    return json.dumps(asked, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _documents(rules: Any) -> list[tuple[str, str]]:
    if isinstance(rules, Mapping):
        for name, text in rules.items():
            if not isinstance(text, str):
                raise TypeError(f"the text of {name!r} is no str but {type(text).__name__}")
        return [(str(name), text) for name, text in rules.items()]
    if rules == "":
        raise ValueError("no rules: the text is empty")
    if isinstance(rules, str) and "\n" in rules:
        return [("rules", rules)]
    if isinstance(rules, (str, os.PathLike)):
        return _path(Path(rules))
    found = [document for one in rules for document in _documents(one)]
    texts = sum(name == "rules" for name, _ in found)
    if texts < 2:
        return found
    # Problems are told by the document's name.
    numbers = iter(range(1, texts + 1))
    return [(f"rules {next(numbers)}" if name == "rules" else name, text) for name, text in found]


def _path(path: Path) -> list[tuple[str, str]]:
    if path.is_dir():
        found = _folder(path, Path())
        if not found:
            raise FileNotFoundError(f"no rule files (.yaml, .yml) in {path}")
        return found
    try:
        return [(str(path), _text(path))]
    except FileNotFoundError:
        hint = "a text of rules has line breaks, or is given with a name: {'mine.yaml': text}"
        raise FileNotFoundError(f"no rule file {str(path)!r} ({hint})") from None


def _folder(folder: Path, base: Path) -> list[tuple[str, str]]:
    """The YAML files of a folder and its sub-folders in the order of names; hidden ones are passed over."""
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            found += _folder(entry, base)
        elif entry.suffix.lower() in (".yaml", ".yml") and entry.is_file():
            name = entry.relative_to(base) if base != Path() else entry
            found.append((name.as_posix(), _text(entry)))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text: byte {error.start}") from None


def _entries(entries: Any) -> list[Any]:
    if isinstance(entries, (str, bytes)):
        raise TypeError("the entries of a list are an iterable of texts and numbers, or a mapping of keys to values")
    if isinstance(entries, Mapping):
        return [{"key": key, "value": value} for key, value in entries.items()]
    return list(entries)
