"""What `pip install` does of the small project; other requirements it takes as there."""

import sys
from pathlib import Path

sys.path.append(".")
import backend

if "--editable" in sys.argv:
    backend.wait_while_slow()
    program = Path(sys.argv[0]).with_name("classlab")
    program.write_text(f"#!{sys.executable}\n{backend.CLASSLAB}\nmain()\n")
    program.chmod(0o755)
