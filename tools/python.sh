#!/bin/sh
# Prints the first Python here that rlnb can use: 3.11 or newer, able to make a virtual environment.
for name in python3.13 python3.12 python3.11 python3.14 python3 python; do
  path=$(command -v "$name" 2>/dev/null) || continue
  if "$path" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    echo "$path"
    exit 0
  fi
done
