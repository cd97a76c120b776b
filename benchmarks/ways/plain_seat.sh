# What a careful person would type on every seat, as root; plain.sh puts the values before it and pipes it into one
# ssh per seat. It has no shebang and no notion of what is already there: run again, it does it all again.
# shellcheck shell=bash disable=SC2154
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
home=/home/ubuntu
as_student() { sudo -n -H -u ubuntu -- "$@"; }

cloud-init status --wait >/dev/null || [ $? -eq 2 ]

# The student's own key
grep -qxF "$student_key" "$home/.ssh/authorized_keys" || echo "$student_key" >>"$home/.ssh/authorized_keys"

# The PPA, by its pinned key
[ -x /usr/bin/gpg ] && [ -x /usr/bin/curl ] || { apt-get update -qq && apt-get install -qq gpg curl; } >/dev/null
curl -fsS "$ppa_key_url" -o /etc/apt/keyrings/deadsnakes.asc
gpg --show-keys --with-colons /etc/apt/keyrings/deadsnakes.asc 2>/dev/null | grep -q "^fpr:*$ppa_fingerprint:"
# shellcheck source=/dev/null
. /etc/os-release
cat >/etc/apt/sources.list.d/deadsnakes.sources <<EOF
Types: deb
URIs: $ppa_url
Suites: $VERSION_CODENAME
Components: main
Signed-By: /etc/apt/keyrings/deadsnakes.asc
EOF
apt-get update -qq
apt-get install -qq -o DPkg::Lock::Timeout=300 --no-install-recommends \
    "python$python" "python$python-venv" "python$python-dev" "${packages[@]}" >/dev/null

# pip for that Python, beside it
[ -x "/opt/plain/bin/pip$python" ] || "python$python" -m venv /opt/plain
/opt/plain/bin/pip install "${pip_options[@]}" --upgrade pip
ln -sf "/opt/plain/bin/pip$python" "/usr/local/bin/pip$python"

# The student's virtual environment, active at login
[ -x "$home/venv/bin/python" ] || as_student "python$python" -m venv "$home/venv"
as_student "$home/venv/bin/pip" install "${pip_options[@]}" --upgrade pip
grep -qxF '. ~/venv/bin/activate' "$home/.profile" || echo '. ~/venv/bin/activate' >>"$home/.profile"

# The project and what it needs
as_student mkdir -p "$home/$project"
base64 -d <<<"$archive" | as_student tar -xz -C "$home/$project"
[ ! -f "$home/$project/requirements.txt" ] ||
    as_student "$home/venv/bin/pip" install "${pip_options[@]}" -r "$home/$project/requirements.txt"

"python$python" --version >/dev/null
"pip$python" --version >/dev/null
