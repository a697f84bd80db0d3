package ailing

import "syscall"

// mount puts a file system in memory of so many bytes over dir.
func mount(dir, bytes string) error { return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+bytes) }

func unmount(dir string) error { return syscall.Unmount(dir, syscall.MNT_DETACH) }

// room returns how many bytes are free on dir's disk, and how many it has.
func room(dir string) (free, total float64, err error) {
	var now syscall.Statfs_t
	err = syscall.Statfs(dir, &now)
	return float64(now.Bavail) * float64(now.Bsize), float64(now.Blocks) * float64(now.Bsize), err
}
