#!/bin/sh
echo "Monday runs"
