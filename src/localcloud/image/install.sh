#!/bin/sh
# Puts our packages onto the container registry's bare Ubuntu; where there is no registry, mmdebstrap does the same.
#
#   install.sh MIRROR SUITE...        with packages, dpkg.cfg and perhaps ca.crt beside it
set -eu
mirror=$1
shift
cd "$(dirname "$0")"

rm -f /etc/dpkg/dpkg.cfg.d/*
cp dpkg.cfg /etc/dpkg/dpkg.cfg.d/localcloud
export DEBIAN_FRONTEND=noninteractive
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
for suite; do echo "deb $mirror $suite main"; done >/etc/apt/sources.list
# The bare image trusts no certificate at all, so a mirror behind https is checked with the machine's own.
if [ -e ca.crt ]; then echo "Acquire::https::CAInfo \"$PWD/ca.crt\";" >/etc/apt/apt.conf.d/99bundle; fi
apt-get update
apt-get --yes upgrade
xargs apt-get --yes --no-install-recommends install <packages
rm -f /etc/apt/apt.conf.d/99bundle
