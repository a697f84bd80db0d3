package uplink

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Buttons is how many buttons a Smilio has: 1 top left, 2 top right, 3 in the middle,
// 4 bottom left, 5 bottom right.
const Buttons = 5

// A Kind is what a frame of a Smilio is about.
type Kind uint8

// The kinds of frames.
const (
	Counters  Kind = 1 // How often each button was pressed since the device was started.
	Boot      Kind = 2 // The device was started, or its reset button pressed: it counts from 0.
	KeepAlive Kind = 3 // Batteries, every 24 hours.

	// Pulse has counters since the frame before it. A frame that is lost takes its
	// votes with it, so who wants every vote sets the device to another running mode.
	Pulse Kind = 4

	// Code is the mode in which the buttons are a keypad. Nothing of what was keyed
	// in is read.
	Code Kind = 5
)

// String returns the code of k.
func (k Kind) String() string {
	switch k {
	case Counters:
		return "counters"
	case Boot:
		return "boot"
	case KeepAlive:
		return "keep_alive"
	case Pulse:
		return "pulse"
	case Code:
		return "code"
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// A Reading is what a frame says of a Smilio.
type Reading struct {
	Kind     Kind
	Counters [Buttons]uint16 // Of Counters and Pulse. After 65,535 comes 0.
	Badge    bool            // Of Counters: sent because somebody held the magnetic badge to it.
	IdleMV   uint16          // Of KeepAlive: the battery at rest, in mV.
	SendMV   uint16          // Of KeepAlive: the battery while sending, in mV.
}

// The frames of a Smilio by their first byte (firmware 2.0.1.x; fields and examples as
// in the decoder of ZENNER's ELEMENT IoT, which is public).
const (
	headKeepAlive = 0x01
	headCounters  = 0x02
	headBadge     = 0x03
	headBoot      = 0x04
	headPulse     = 0x40

	tailKeepAlive = 0x64
)

// The length of each frame, in bytes. A frame of another length is of another device.
const (
	keepAliveBytes = 1 + 2 + 2 + 1
	countersBytes  = 1 + 2*Buttons
	bootBytes      = 1 + 1 + 2 + 4
	codeBytes      = 1 + 1 + 2 + 3 + 3
)

// Smilio reads a frame. Frames that are not known are refused: whatever they hold,
// read as counters it would be votes that nobody cast. The error of an empty payload is
// ErrOther.
func Smilio(payload []byte) (Reading, error) {
	if len(payload) == 0 {
		return Reading{}, ErrOther
	}
	head, length := payload[0], len(payload)
	switch {
	case head == headCounters && length == countersBytes:
		return Reading{Kind: Counters, Counters: countersOf(payload)}, nil
	case head == headBadge && length == countersBytes:
		return Reading{Kind: Counters, Counters: countersOf(payload), Badge: true}, nil
	case head == headPulse && length == countersBytes:
		return Reading{Kind: Pulse, Counters: countersOf(payload)}, nil
	case head == headKeepAlive && length == keepAliveBytes:
		if payload[length-1] != tailKeepAlive {
			return Reading{}, errors.New("frame of a Smilio: want a keep-alive to end with 64")
		}
		return Reading{
			Kind:   KeepAlive,
			IdleMV: binary.BigEndian.Uint16(payload[1:]), SendMV: binary.BigEndian.Uint16(payload[3:]),
		}, nil
	case head == headBoot && length == bootBytes:
		return Reading{Kind: Boot}, nil
	case isCode(head) && length == codeBytes:
		return Reading{Kind: Code}, nil
	}
	return Reading{}, fmt.Errorf("frame of a Smilio begins with %02X and has %d bytes: want 02, 03 or 40 and %d, 01 and %d, 04 and %d, or a code and %d",
		head, length, countersBytes, keepAliveBytes, bootBytes, codeBytes)
}

// isCode tells whether a frame of the code mode may begin with head: half a byte for
// each of the last two codes says how it was ended, 3 by the badge; 0 stands for no
// second code.
func isCode(head byte) bool {
	first, second := head>>4, head&0xF
	return (first == 1 || first == 3) && (second == 0 || second == 1 || second == 3)
}

func countersOf(payload []byte) (counters [Buttons]uint16) {
	for i := range counters {
		counters[i] = binary.BigEndian.Uint16(payload[1+2*i:])
	}
	return counters
}
