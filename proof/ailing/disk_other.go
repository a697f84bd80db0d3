//go:build !linux

package ailing

import "errors"

var errLinux = errors.New("that needs Linux")

func mount(string, string) error { return errLinux }

func unmount(string) error { return errLinux }

func room(string) (free, total float64, err error) { return 0, 0, errLinux }
