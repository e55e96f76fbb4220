#!/usr/bin/env bash
# Stop what up.sh has started, each by the number in its own file.
for file in /run/slurmd.pid /run/slurmctld.pid /run/munge/munged.pid; do
    if [ -s "$file" ]; then
        kill "$(cat "$file")" || true
    fi
done
