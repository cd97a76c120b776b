#!/bin/sh
echo 'Good morning, class.' >/etc/motd
