#!/usr/bin/env bash
# Starts the distribution's real C xenstored without a hypervisor, as a second witness for our store.
#
#   run-xenstored.sh STATE_DIR STUB [xenstored options]
#
# STUB is store-stub.c compiled with -shared -fPIC. Needs xen-utils-4.17; building the stub needs gcc and libxen-dev.
# Socket: STATE_DIR/run/socket (set XENSTORED_PATH to it). Runs in the foreground; end it with SIGTERM.
# Guests: STATE_DIR/page.N is domain N's ring page, alive.N exists while domain N exists,
# dom.N.sock is its event channel (see store-stub.c).
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd)
stub=$2
shift 2
bin=${XENSTORED:-/usr/lib/xen-4.17/bin/xenstored}
[ -x "$bin" ] || { echo "no xenstored: install xen-utils-4.17" >&2; exit 77; }
mkdir -p "$dir/run"
head -c 4096 /dev/zero > "$dir/page.0"
printf 1 > "$dir/port.0"
exec env XSTUB_DIR="$dir" XENSTORED_RUNDIR="$dir/run" LD_PRELOAD="$stub" "$bin" -N "$@"
