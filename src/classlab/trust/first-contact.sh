#!/bin/sh
# Run as root on a seat by the first ssh to it. $1 is the one-use host key (its public half) that the seat was born with.
#
# It says the host key that the seat has made for itself, waits until this key is pinned, then uses it from now on. Cut
# off at any moment, the next run goes on from there: the key in use is always one that is pinned already.
set -eu
umask 077
cd /etc/ssh
key=ssh_host_ed25519_key
new=$key.classlab
public() { # FILE: the public half of a private key, without its type
	line=$(ssh-keygen -y -P '' -f "$1") || return 1
	line=${line#* }
	echo "${line%% *}"
}

in_use=$(public "$key")
if [ "$in_use" = "$1" ]; then
	if ! public "$new" >/dev/null 2>&1; then # none yet, or only half of one
		rm -f "$new" "$new.pub"
		ssh-keygen -q -t ed25519 -N '' -C '' -f "$new"
		sync "$new"
	fi
	own=$(public "$new")
else
	own=$in_use
	rm -f "$new"
fi

echo "classlab-key $own"
read -r answer
[ "$answer" = pinned ]

if [ -e "$new" ]; then
	mv -f "$new" "$key"
fi
# The public half beside it, and no host key of another kind: whoever can read the user data knows the one-use key only.
echo "ssh-ed25519 $own" >"$new.pub"
chmod 644 "$new.pub"
mv -f "$new.pub" "$key.pub"
rm -f ssh_host_dsa_key* ssh_host_ecdsa_key* ssh_host_rsa_key*
systemctl try-reload-or-restart ssh.service

# Not before it answers with its own key: what comes next expects that.
tries=0
until ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | grep -qF "$own"; do
	tries=$((tries + 1))
	[ "$tries" -lt 50 ]
	sleep 0.2
done
echo classlab-done
