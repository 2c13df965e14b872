"""Put the checkout's own package first on the import path, whether or not it is installed. Imported for this effect only."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
