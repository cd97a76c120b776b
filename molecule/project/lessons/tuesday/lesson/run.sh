#!/bin/sh
echo "Tuesday runs"
