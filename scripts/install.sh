#!/usr/bin/env bash
# Make .venv in the folder of the project if it is missing, and install the project into it, with the
# extras named in the first argument, such as "[test]", in the versions of constraints.txt. Needs Python 3.10 or
# later.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
    for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10 python; do
        if [ -n "$name" ] && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Python 3.10 or later is needed and was not found. Install it, or name it: PYTHON=/path/to/python bash $0" >&2
    exit 1
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    rm -rf .venv
    "$python" -m venv .venv || {
        echo "$python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    }
fi

# installing again is needed only where the requirements have changed, or others were asked for
wanted=$(cat setup.py constraints.txt; echo "${1:-}")
if [ ! -f .venv/installed ] || [ "$(cat .venv/installed)" != "$wanted" ]; then
    echo "Installing into .venv; the first time takes some minutes."
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517 \
        --constraint constraints.txt --editable ".${1:-}"
    echo "$wanted" > .venv/installed
fi
