"""What happened, for tests to ask about: calls, violations, and gates that hold an answer back."""

import threading
import time
from dataclasses import asdict, dataclass, field


@dataclass
class Call:
    number: int
    provider: str
    method: str
    path: str
    tag: str
    headers: dict[str, str]
    body: object
    status: int = 0
    # `open`, then `complete`, `broken` (on purpose) or `left` (the peer closed the connection).
    ending: str = "open"
    violations: list[str] = field(default_factory=list)


class Journal:
    """Shared by all connections; every wait is for a condition, with a limit."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: list[Call] = []
        self._released: set[str] = set()
        self._tries: dict[str, int] = {}

    def begin(self, provider: str, method: str, path: str, tag: str, headers: dict[str, str], body: object) -> Call:
        with self._changed:
            call = Call(len(self._calls), provider, method, path, tag, headers, body)
            self._calls.append(call)
            self._changed.notify_all()
            return call

    def end(self, call: Call, ending: str) -> None:
        with self._changed:
            call.ending = ending
            self._changed.notify_all()

    def count_try(self, tag: str) -> int:
        """How many calls of this tag came before."""
        with self._changed:
            before = self._tries.get(tag, 0)
            self._tries[tag] = before + 1
            return before

    def release(self, tag: str) -> None:
        with self._changed:
            self._released.add(tag)
            self._changed.notify_all()

    def is_released(self, tag: str) -> bool:
        with self._changed:
            return tag in self._released

    def calls(self, tag: str | None = None) -> list[dict]:
        with self._changed:
            return [asdict(call) for call in self._calls if tag in (None, call.tag)]

    def violations(self) -> list[dict]:
        with self._changed:
            return [asdict(call) for call in self._calls if call.violations]

    def wait(self, tag: str, ending: str, seconds: float) -> list[dict]:
        """The calls of the tag, once one of them has this ending; or as they are when the time is over."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                found = [call for call in self._calls if call.tag == tag]
                left = deadline - time.monotonic()
                if any(call.ending == ending for call in found) or left <= 0:
                    return [asdict(call) for call in found]
                self._changed.wait(left)

    def reset(self) -> None:
        with self._changed:
            self._calls.clear()
            self._released.clear()
            self._tries.clear()
