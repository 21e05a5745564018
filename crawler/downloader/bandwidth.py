"""BANDWIDTH_MAX: how many bytes a second a run takes from the line, all hosts together.

In: the requests as they are handed out, the bytes of each exchange as it ends. Out: when the next
request may be handed out. An answer comes as fast as its host sends it, for a slowed one would run
into its time-out; the requests after it wait until its time is over. A request under way counts as
large as answers were of late, so that many at once are no burst. Times are monotonic seconds, from
the caller.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

# What an exchange is taken to be until there were some.
_FIRST_GUESS = 32 * 1024.0

# The weight of the newest exchange in what the next ones are taken to be.
_WEIGHT = 0.2


@dataclass(slots=True)
class Bandwidth:
    """The state of a run. `per_second` 0 is no bound."""

    per_second: int
    _free_at: float = 0.0
    _usual: float = _FIRST_GUESS
    _under_way: deque[float] = field(default_factory=deque)  # what each is taken to be

    def ready_at(self, under_way: int) -> float:
        """The earliest time of the next request; 0 without a bound. `under_way`: so many are, which
        is fewer than were handed out when some were dropped before they were sent."""
        while len(self._under_way) > under_way:
            self._free_at -= self._under_way.popleft() / self.per_second
        return self._free_at

    def handed_out(self, now: float) -> None:
        """A request is on its way."""
        if self.per_second:
            self._under_way.append(self._usual)
            self._free_at = max(self._free_at, now) + self._usual / self.per_second

    def spent(self, count: int, began: float) -> None:
        """An exchange that began then took so many bytes."""
        if self.per_second:
            guessed = self._under_way.popleft() if self._under_way else 0.0
            self._free_at = max(self._free_at, began) + (count - guessed) / self.per_second
            self._usual += _WEIGHT * (count - self._usual)
