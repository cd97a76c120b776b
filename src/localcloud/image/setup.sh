#!/bin/sh
# Turns an Ubuntu with our packages in it into what Ubuntu's own EC2 image is, as far as a container can be that.
# Runs as root inside the new system, whichever way that came about; a change here rebuilds the image.
#
#   setup.sh CODENAME MIRROR
set -eu
codename=$1
mirror=$2

# The container registry's image forbids services to start, deletes downloaded packages and brings its own user:
# on a machine of EC2 `apt-get install nginx` starts nginx, and cloud-init makes the user, sudo rule and keys.
rm -f /usr/sbin/policy-rc.d /etc/apt/apt.conf.d/docker-* /etc/apt/apt.conf.d/99mmdebstrap
if id ubuntu >/dev/null 2>&1; then userdel --remove ubuntu; fi

# Package sources as Ubuntu ships them, all from one archive: mirrors carry the security suite too.
keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
components='main restricted universe multiverse'
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
if [ "$codename" = jammy ]; then
    for suite in jammy jammy-updates jammy-security; do echo "deb $mirror $suite $components"; done >/etc/apt/sources.list
else
    cat >/etc/apt/sources.list.d/ubuntu.sources <<END
Types: deb
URIs: $mirror
Suites: $codename $codename-updates $codename-security
Components: $components
Signed-By: $keyring
END
fi

# No translations of package descriptions: they are a third of `apt-get update`.
echo 'Acquire::Languages "none";' >/etc/apt/apt.conf.d/90localcloud
# mmdebstrap's copy of what definition.py says to dpkg; the other way (install.sh) has it in place.
if [ -e /etc/dpkg/dpkg.cfg.d/99mmdebstrap ]; then
    mv /etc/dpkg/dpkg.cfg.d/99mmdebstrap /etc/dpkg/dpkg.cfg.d/localcloud
fi
# Tells packagekit about each apt run, by starting it: 20 MB a host for nothing.
rm -f /etc/apt/apt.conf.d/20packagekit

localedef -i en_US -f UTF-8 en_US.UTF-8
printf 'LANG=C.UTF-8\n' >/etc/default/locale

# cloud-init puts its user into these and would make them anew, with the numbers that belong to the first user.
for group in lxd netdev; do groupadd --system --force $group; done

# As in Ubuntu's image for EC2, where a key is the only way in.
echo 'PasswordAuthentication no' >/etc/ssh/sshd_config.d/60-cloudimg-settings.conf

cat >/etc/cloud/cloud.cfg.d/90_localcloud.cfg <<END
# Instance data and user data come in a folder, as the NoCloud source reads it; looking for other clouds takes seconds.
datasource_list: [NoCloud]
# Name and network are set by the engine before the host starts, and a container may not change them.
preserve_hostname: true
network: {config: disabled}
# The image's own sources name the archive that this image was made from.
apt: {preserve_sources_list: true}
# An RSA key takes up to a second of each first boot, and every SSH client of today speaks the other two.
ssh_genkeytypes: [ed25519, ecdsa]
# There is no disk to grow and no boot loader to keep.
grub_dpkg: {enabled: false}
growpart: {mode: 'off'}
resize_rootfs: false
END

# One process for all stages of a boot, as cloud-init has it from Ubuntu 24.10 on; here each stage would be a Python of
# its own, and a boot take twice as long. Each stage's service has only to say when its time has come.
cat >/etc/systemd/system/cloud-init-main.service <<END
[Unit]
Description=Cloud-init: Single Process
DefaultDependencies=no
RequiresMountsFor=/var/lib/cloud
Before=shutdown.target
Conflicts=shutdown.target

[Service]
Type=notify
# On EC2 user data is read anew at each boot; the NoCloud source would take what it remembers of this instance.
ExecStartPre=/bin/sh -c 'rm -f /var/lib/cloud/instances/*/obj.pkl'
ExecStart=/usr/bin/cloud-init --all-stages
KillMode=process
TasksMax=infinity
TimeoutStartSec=infinity
RemainAfterExit=yes
StandardOutput=journal+console
END
for stage in init-local=local init=network config=config final=final; do
    folder=/etc/systemd/system/cloud-${stage%=*}.service.d
    mkdir "$folder"
    cat >"$folder/localcloud.conf" <<END
[Unit]
Requires=cloud-init-main.service
After=cloud-init-main.service

[Service]
ExecStart=
ExecStart=sh -c 'echo start | nc -U /run/cloud-init/share/${stage#*=}.sock | sh'
END
done

# The engine keeps the journal in memory, and journald takes 8 MB at once for each file it opens.
mkdir -p /etc/systemd/journald.conf.d
cat >/etc/systemd/journald.conf.d/localcloud.conf <<END
[Journal]
SplitMode=none
SystemMaxUse=4M
SystemMaxFileSize=1M
RuntimeMaxUse=4M
RuntimeMaxFileSize=1M
END

# Marked as needing CAP_NET_RAW, which a host has not, it would not start; unmarked it asks the kernel for a plain socket.
python3 - <<END
import os
if "security.capability" in os.listxattr("/usr/bin/ping"):
    os.removexattr("/usr/bin/ping", "security.capability")
END

# Of no use in a container, or in the way: a fresh machine of EC2 fights apt's own timers for apt's lock.
systemctl mask \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    motd-news.timer packagekit.service systemd-resolved.service

# A login prompt on the console hangs up whoever writes there at that moment, and what was on its way is lost: host keys
# of a slow boot, say. Nobody logs in there.
systemctl mask console-getty.service

# Done here once, so that no host does it at its first boot: systemd compares these two stamps with /usr.
ldconfig
journalctl --update-catalog
systemd-sysusers
touch /etc/.updated /var/.updated

# Made anew by each host, or never to be shared by two.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: >/etc/machine-id
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/cache/debconf/*-old \
    /var/lib/dpkg/*-old /var/log/*.log /var/log/apt/*
