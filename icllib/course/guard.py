"""What a process gives up for good before it runs a stranger's code.

Limits on memory, time, files; and a filter of the kernel (seccomp) that refuses new processes, new
namespaces and memory outside the limits. A thread is no process: torch keeps its own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

__all__ = ["can_filter", "give_up"]

_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_THREAD = 0x00010000  # CLONE_THREAD
#: architecture → (its number, clone, clone3, seccomp, all that are refused)
_CALLS = {
    # fork, vfork, memfd_create, shmget, ptrace, mount, umount2, setns, unshare, bpf, keyctl,
    # add_key, request_key, userfaultfd, perf_event_open, io_uring_setup, process_vm_readv/writev,
    # mq_open, memfd_secret
    "x86_64": (
        *(0xC000003E, 56, 435, 317),
        "57 58 319 29 101 165 166 308 272 321 250 248 249 323 298 425 310 311 240 447",
    ),
    # the same, without fork and vfork, which this architecture does not have
    "aarch64": (
        *(0xC00000B7, 220, 435, 277),
        "279 194 117 40 39 268 97 280 219 217 218 282 241 425 270 271 180 447",
    ),
}


def can_filter() -> bool:
    """Is there a filter for this kind of machine?"""
    return platform.system() == "Linux" and platform.machine() in _CALLS


def give_up(memory: int, seconds: float) -> None:
    """Accept the limits; none can be raised again.

    Args:
        memory: megabytes.
        seconds: of processor time.

    Raises:
        OSError: the machine does not grant it.
    """
    import resource  # which Windows does not have

    limits = {
        "RLIMIT_AS": memory * 2**20,
        "RLIMIT_CPU": int(seconds) + 10,
        "RLIMIT_FSIZE": 32 * 2**20,
        "RLIMIT_NOFILE": 256,
        "RLIMIT_CORE": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    if os.getuid() != 0:
        limits["RLIMIT_NPROC"] = 4096  # counts all threads of this user
    for name, value in limits.items():
        _, hard = resource.getrlimit(getattr(resource, name))
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(getattr(resource, name), (value, value))
    _filter()


def _filter() -> None:
    number, clone, clone3, seccomp, refused = _CALLS[platform.machine()]
    load, equal, above, has, back = 0x20, 0x15, 0x35, 0x45, 0x06
    lines = [(load, 0, 0, 4), (equal, 1, 0, number), (back, 0, 0, _KILL), (load, 0, 0, 0)]
    lines += [(above, 0, 1, 0x40000000), (back, 0, 0, _KILL)]  # the other way to count calls
    lines += [(equal, 0, 1, clone3), (back, 0, 0, _REFUSE | errno.ENOSYS)]
    for call in map(int, refused.split()):
        lines += [(equal, 0, 1, call), (back, 0, 0, _REFUSE | errno.EPERM)]
    lines += [(equal, 1, 0, clone), (back, 0, 0, _ALLOW), (load, 0, 0, 16)]
    lines += [(has, 0, 1, _THREAD), (back, 0, 0, _ALLOW), (back, 0, 0, _REFUSE | errno.EPERM)]
    program = b"".join(struct.pack("HBBI", *line) for line in lines)
    code = ctypes.create_string_buffer(program)
    whole = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    no_new_rights = libc.prctl(ctypes.c_ulong(38), ctypes.c_ulong(1), zero, zero, zero)
    every_thread = (ctypes.c_ulong(value) for value in (1, 1, ctypes.addressof(whole)))
    if no_new_rights or libc.syscall(ctypes.c_long(seccomp), *every_thread):
        raise OSError(ctypes.get_errno(), "the kernel refuses a filter")
