#!/bin/sh
# Puts our packages onto the container registry's bare Ubuntu; where there is no registry, mmdebstrap does the same.
#
#   install.sh MIRROR CA-BUNDLE SUITES PACKAGES
set -eu
mirror=$1
bundle=$2
suites=$3
packages=$4

export DEBIAN_FRONTEND=noninteractive
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
for suite in $suites; do echo "deb $mirror $suite main"; done >/etc/apt/sources.list
# The bare image trusts no certificate at all, so a mirror behind https is checked with the machine's own.
[ -s "$bundle" ] && echo "Acquire::https::CAInfo \"$bundle\";" >/etc/apt/apt.conf.d/99bundle
apt-get update
apt-get --yes upgrade
# Unquoted, for it is a list.
apt-get --yes --no-install-recommends install $packages
rm -f /etc/apt/apt.conf.d/99bundle
