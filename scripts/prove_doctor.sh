#!/bin/sh
# All sick runs of the tests and their healthy twins: prints what the doctor says and the counts of
# docs/guide/doctor.md. Usage: scripts/prove_doctor.sh [BUILD_FOLDER]
set -e
cd "$(dirname "$0")/.."
CHAINRULE_ALL_RUNS=1 "${1:-build/dev}"/tests/doctor_test --gtest_filter='DoctorCollection.*'
