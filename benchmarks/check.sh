# What holds for a seat that is ready, whichever way it came: run in the student's login shell, with the wanted values
# before it. The first thing that does not hold is said, and fails the measurement.
# shellcheck shell=bash disable=SC2154
not() { echo "$1" && exit 1; }

"python$python" --version | grep -q "^Python $python\." || not "There is no python$python."
"pip$python" --version | grep -qF "(python $python)" || not "There is no pip of Python $python."
dpkg --status "${packages[@]}" >/dev/null || not "Packages are missing."
grep -qF "$student_key" ~/.ssh/authorized_keys || not "The student's key is not let in."
[ "$(command -v python)" = "$HOME/venv/bin/python" ] || not "The environment is not active at login."
python -m pip --version | grep -qF "(python $python)" || not "The environment has no pip."
python - "$requirements" "$imports" <<'END' || not "The environment lacks what the project requires."
import importlib, importlib.metadata, sys

wanted, imports = (words.split() for words in sys.argv[1:])
for name, _, version in (each.partition("==") for each in wanted):
    assert importlib.metadata.version(name) == version, f"{name} is not {version}"
for name in imports:
    importlib.import_module(name)
END
{ cd "$project" && sha256sum --check --quiet <<<"$digests"; } || not "The project is not there as it is."
echo proven
