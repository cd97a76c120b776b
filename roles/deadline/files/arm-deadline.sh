#!/bin/sh
# The seat's deadline: at that time it powers itself off, which ends it and its bill, whether or not anybody looks.
#
#   arm-deadline.sh 2026-11-20T18:00:00Z          from user data, at each boot: arms what is not armed yet
#   arm-deadline.sh --move 2026-11-20T20:00:00Z   from `make extend`: this time counts from now on
#
# What /etc/classlab/deadline says decides. User data is run again at each boot and must not undo a move: it counts when
# it says another time than it said before, as it does to a seat whose deadline was moved while it was stopped. So the
# record has the time, the seat's id, because an image made of a seat takes the file along, and what user data has said.
set -eu
record=/etc/classlab/deadline check=/usr/local/sbin/classlab-deadline units=/etc/systemd/system
seat=$(cat /var/lib/cloud/data/instance-id)
move=no
if [ "$1" = --move ]; then
	move=yes
	shift
fi
ends=$1
told=$1
if [ -s "$record" ] && read -r known of before <"$record" && [ "$of" = "$seat" ]; then
	if [ "$move" = yes ]; then
		told=$before
	elif [ "$before" = "$1" ]; then
		ends=$known
	fi
fi
# Fails, and changes nothing, when it is no time.
calendar=$(date -u -d "$ends" '+%Y-%m-%d %H:%M:%S UTC')

changed=no
put() { # FILE MODE: the file gets what is on stdin, whole or not at all
	text=$(cat)
	[ "$text" = "$(cat "$1" 2>/dev/null)" ] && return
	printf '%s\n' "$text" >"$1.new"
	chmod "$2" "$1.new"
	mv -f "$1.new" "$1"
	changed=yes
}

mkdir -p /etc/classlab "$units/timers.target.wants"
put "$check" 755 <<'END'
#!/bin/sh
# Power off when the time in /etc/classlab/deadline has come.
set -eu
look() {
	read -r ends seat _ </etc/classlab/deadline
	[ "$seat" = "$(cat /var/lib/cloud/data/instance-id)" ]
	end=$(date -d "$ends" +%s)
	left=$((end - $(date +%s)))
}
look
# After a boot user data may be about to tell a later time; but for two minutes only.
waited=0
while [ "$left" -le 0 ] && [ ! -e /run/classlab-deadline ] && [ "$waited" -lt 120 ]; do
	sleep 1
	waited=$((waited + 1))
	look
done
if [ "$left" -le 0 ]; then
	exec systemctl poweroff
elif [ "$left" -le 600 ]; then
	wall "This machine ends at $ends, with all that is on it: fetch now what you want to keep."
fi
END
put "$units/classlab-deadline.service" 644 <<END
[Unit]
Description=End of this seat

[Service]
Type=oneshot
ExecStart=$check
END
# Should it be killed before systemd has heard of a new time, the look every five minutes still holds the new one.
put "$units/classlab-deadline.timer" 644 <<END
[Unit]
Description=Deadline of this seat

[Timer]
OnCalendar=$calendar
Persistent=true
OnBootSec=30s
OnUnitInactiveSec=5min
AccuracySec=1s

[Install]
WantedBy=timers.target
END
put "$record" 644 <<END
$ends $seat $told
END
# Gone with each boot: user data has told what it has to tell.
: >/run/classlab-deadline
ln -sf ../classlab-deadline.timer "$units/timers.target.wants/"
# Early in the boot systemd is still busy: nobody waits here.
if [ "$changed" = yes ]; then
	systemctl daemon-reload
	systemctl --no-block restart classlab-deadline.timer
else
	systemctl --no-block start classlab-deadline.timer
fi
