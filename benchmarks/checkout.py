"""Nothing in; the checkout's own package first on the path, whether it is installed or not, out. Import it for that alone."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
