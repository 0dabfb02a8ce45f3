#!/usr/bin/env bash
# Check everything: style, types, layers, tests. With --all, the slow tests too; other arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/install.sh "[test]"
if [ "${1:-}" = "--all" ]; then
    shift
    set -- -m "slow or not slow" "$@"
fi
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports
# one thread each: the tests themselves run in parallel
OMP_NUM_THREADS=1 .venv/bin/pytest --numprocesses auto "$@"
