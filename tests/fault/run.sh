#!/bin/sh
# Kills the agent at every fault point of every scenario, lets every request to the provider fail
# in every way, lets commits and deliveries fail, and does all of it at random.
#
#   tests/fault/run.sh [--short] [--seed N] [--rotations K] [--scenario NAME] BUILD
#
# BUILD has -DKEYTURN_FAULT=ON. --short takes a sample, about four minutes on two cores.
# --seed N repeats the random run of that seed; --rotations K does K of them. --help has the rest.
set -eu
folder=$(dirname "$0")
exec env PYTHONDONTWRITEBYTECODE=1 python3 "$folder/main.py" "$@"
