#!/bin/sh
# Boots systemd as the first process of a machine that is this one with the files of $FILES laid over it, in namespaces of
# its own: run by unshare, in cgroups of its own. What it writes is in memory and gone afterwards; $OUT is the host's.
# Of what a boot does only what is named here: never the host's kernel settings, mounts or units.
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$BASE"
mkdir "$BASE/upper" "$BASE/work" "$BASE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$BASE/upper,workdir=$BASE/work" "$BASE/root"
cd "$BASE/root"
cp -a "$FILES/." .
rm -rf etc/systemd/system/*.wants usr/lib/systemd/system/*.target.wants
echo 0123456789abcdef0123456789abcdef > etc/machine-id
mount -t proc proc proc
mount -t sysfs sysfs sys
if [ -d /sys/fs/cgroup/systemd ]; then
  mount -t tmpfs tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd,xattr cgroup sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
else
  mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mount -t tmpfs tmpfs dev
for node in null zero full random urandom tty; do touch "dev/$node"; mount --bind "/dev/$node" "dev/$node"; done
touch dev/console; mount --bind /dev/null dev/console
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir dev/shm dev/mqueue dev/hugepages
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p out old; mount --bind "$OUT" out
mount -o remount,ro,bind proc/sys 2>/dev/null || { mount --bind proc/sys proc/sys; mount -o remount,ro,bind proc/sys; }
pivot_root . old
umount -l /old
exec env -i container=other PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --system --unit=tried.target --log-target=journal --show-status=no
