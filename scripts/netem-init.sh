#!/bin/bash
# The first process of a user-mode Linux that has this machine's files, read-only, as its own: see uml.mjs.
# From the kernel's command line: TAPWIRE_ROOT is the clone, TAPWIRE_COMMAND what to run there, in base64.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sys /sys
for folder in /run "$TAPWIRE_ROOT"/node_modules/{.vite,.vite-temp}; do mount -t tmpfs tmpfs "$folder"; done
export TMPDIR=/run
mount -t devtmpfs dev /dev 2>/dev/null # the kernel may have done it already
modules=/usr/lib/uml/modules/$(uname -r)/kernel
for module in lib/crc-ccitt net/ipv6/ipv6 drivers/net/tun drivers/net/veth net/sched/sch_netem; do
  insmod "$modules/$module.ko" || echo "the module $module could not be loaded"
done
cd "$TAPWIRE_ROOT" || exit 1
bash -o pipefail -c "$(base64 -d <<<"$TAPWIRE_COMMAND")"
echo "the command ended with $?"
halt -f -p
