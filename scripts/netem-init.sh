#!/bin/bash
# The first process of a user-mode Linux that has this machine's files, read-only, as its own: see test-netem.mjs.
# TAPWIRE_ROOT, from the kernel's command line, is the clone.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sys /sys
for folder in /run "$TAPWIRE_ROOT"/node_modules/{.vite,.vite-temp}; do mount -t tmpfs tmpfs "$folder"; done
export TMPDIR=/run
mount -t devtmpfs dev /dev 2>/dev/null # the kernel may have done it already
modules=/usr/lib/uml/modules/$(uname -r)/kernel
for module in lib/crc-ccitt net/ipv6/ipv6 drivers/net/tun net/sched/sch_netem; do
  insmod "$modules/$module.ko" || echo "the module $module could not be loaded"
done
cd "$TAPWIRE_ROOT" || exit 1
node node_modules/vitest/vitest.mjs run test/kernel/netem -t 'tc netem' --reporter=verbose 2>&1 | cat
echo "netem tests ended with ${PIPESTATUS[0]}"
halt -f -p
