#!/bin/sh
# Finishes the thin layer that carries the machine's own settings, once its files are in place.
set -eu
cat /etc/localcloud.environment >>/etc/environment
rm /etc/localcloud.environment
update-ca-certificates
# Empty, so that each host makes its own; and nothing here is to be redone at a first boot (see setup.sh).
: >/etc/machine-id
touch /etc/.updated /var/.updated
