"""What the tools say to a reader: on any terminal, and one sentence instead of a traceback."""

from __future__ import annotations

import errno
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: The machine's faults, not ours: no right, no room, a file where a folder should be.
FAULTS = {"EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR", "EEXIST"}


def speak_anywhere() -> None:
    """Print a question mark for what the terminal cannot show, instead of stopping there."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def in_one_sentence(main: Callable[[], int]) -> int:
    """The status of a tool; a fault of the machine, Ctrl-C and SIGTERM end it with a sentence."""
    speak_anywhere()
    stopped, ended = [], False

    def note(number: int, frame: object) -> None:
        stopped.append(number)
        if not ended:  # what is done is done
            signal.default_int_handler(number, frame)

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, note)
    try:
        status = main()
        ended = True
        if status and stopped:  # what was called has swallowed the interruption, and failed of it
            raise KeyboardInterrupt
        return status
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on from here.", file=sys.stderr)
        return 130
    except OSError as error:
        if errno.errorcode.get(error.errno) not in FAULTS:
            raise
        what = f"{error.filename or 'A file'}: {error.strerror}."
        print(f"\n{what} Mend that, and run the same command again.", file=sys.stderr)
        return 1
