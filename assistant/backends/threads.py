"""How threads wait for one another: GNU OpenMP lets them spin, which on a busy machine takes the cores from those that work.

Measured on 2 cores beside another program that used both, a small model's tokens a second: 0.5 as it comes, 8 with 10,000
spins, 20 with 1,000. Alone on the machine there was no difference within noise. Must be set before the library is loaded.
"""

from __future__ import annotations

import os

SPINS = "1000"


def wait_politely() -> None:
    """Have OpenMP's threads give up the core soon while they wait; what the person has set stays."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
