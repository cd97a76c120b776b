import shutil
import sys
from pathlib import Path

folder = Path(sys.argv[-1])
if "--clear" in sys.argv:
    shutil.rmtree(folder, ignore_errors=True)
(folder / "bin").mkdir(parents=True)
(folder / "bin" / "python").symlink_to(sys.executable)
pip = folder / "bin" / "pip"
pip.write_text(f"#!{sys.executable}\n{(Path(__file__).parents[1] / 'pip.py').read_text()}")
pip.chmod(0o755)
