#!/usr/bin/env bash
# Proves that a machine with nothing but a Debian 12 base system and git is enough: makes such a
# root folder with debootstrap, clones the present commit into it, and runs there what a new user
# runs. Needs root, debootstrap and the network; not part of scripts/test.sh.
#
#   scripts/test_fresh_root.sh [COMMAND...]    default: demo.sh, then test.sh --core
#
# Prints how long each command took, and removes the folder at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if (($# == 0)); then set -- scripts/demo.sh 'scripts/test.sh --core'; fi
if [[ $(id -u) -ne 0 ]]; then
  echo "test_fresh_root: needs root (chroot and mount)" >&2
  exit 1
fi
if ! command -v debootstrap >/dev/null; then
  echo "test_fresh_root: please install debootstrap" >&2
  exit 1
fi

root=$(mktemp -d "${TMPDIR:-/var/tmp}/chainrule-root.XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
debootstrap --variant=minbase --include=git,ca-certificates bookworm "$root" >"$root.log" 2>&1 ||
  { cat "$root.log"; exit 1; }
rm -f "$root.log"
git clone --quiet --no-hardlinks . "$root/root/chainrule"
cp /etc/resolv.conf "$root/etc/resolv.conf"

for command in "$@"; do
  echo "== in a fresh Debian 12: $command"
  SECONDS=0
  # The mounts live in a name space of their own and vanish with it, so the folder can be removed.
  unshare --mount bash -euc '
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    mount --rbind /sys "$0/sys"
    exec chroot "$0" /usr/bin/env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin \
      bash -c "cd /root/chainrule && exec $1"' "$root" "$command"
  echo "== $command: $SECONDS s"
done
