"""Ties the life of a process to the one that started it, with Linux' parent death signal.

The kernel delivers that signal even when the parent was SIGKILLed and can clean up nothing.
It follows the *thread* that forked, so everything here forks from the main thread only.
"""

import ctypes
import os
import signal
import threading

_PR_SET_PDEATHSIG = 1
# Loaded once, in the parent: loading a library between fork and exec can deadlock.
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(death_signal: signal.Signals, parent: int) -> None:
    """Ask the kernel to send `death_signal` to this process when process `parent` ends.

    Call it in the child. A parent that died before the call is noticed by its changed pid.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), death_signal)


def make_forked_children_die_with_us() -> None:
    """Give every later `os.fork` of this process, and of its children, the same fate.

    gunicorn's and Celery's own workers are forked that way. They get SIGKILL: it only comes when
    their master died without ending them, and the product must survive that death anyway.
    A fork from another thread is left alone, as its signal would come when that thread ends.
    """
    parent = os.getpid()
    forked_by_main_thread = False

    def remember_parent() -> None:
        nonlocal parent, forked_by_main_thread
        parent = os.getpid()
        forked_by_main_thread = threading.current_thread() is threading.main_thread()

    def follow_parent() -> None:
        if forked_by_main_thread:
            die_with_parent(signal.SIGKILL, parent)

    os.register_at_fork(before=remember_parent, after_in_child=follow_parent)
