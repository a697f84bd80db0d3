package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strconv"
	"time"

	"mlf/proof/child"
	"mlf/proof/country"
)

// A player plays one country after the other and adds up what was found.
type player struct {
	service *service
	log     *slog.Logger
}

// roundsBarrenMax is how many rounds in a row may end before a vote was cast:
// enrolling takes a log that answers, and nobody promised it one.
const roundsBarrenMax = 20

// A round that begins so close to the faults' end is a small one: after the last
// fault, the service is given time to recover, not to play on.
const (
	smallWithin = 30 * time.Second
	smallPart   = 5 // Of the terminals.
)

// rounds plays until a whole round ended after the last fault, which is due
// when the duration is over. It adds to r what each round found, and returns when the last one agreed
// with what was cast.
func (l *player) rounds(ctx context.Context, faults <-chan struct{}, r *Report) (time.Time, error) {
	end := time.Now().Add(l.service.cfg.Duration)
	barren := 0
	for seed := l.service.cfg.Seed; ; seed++ {
		terminals := l.service.cfg.Terminals
		if time.Until(end) < smallWithin {
			terminals = max(1, terminals/smallPart)
		}
		one, err := l.round(ctx, seed, terminals)
		if ctx.Err() != nil {
			return time.Now(), ctx.Err()
		}
		if err != nil && one.Votes == 0 { // Nothing was cast, so nothing can be lost.
			l.log.Info("round ended before a vote was cast", slog.Any("err", err))
			if barren++; barren == roundsBarrenMax {
				return time.Now(), fmt.Errorf("%d rounds ended before a vote was cast: %w", barren, err)
			}
			r.RoundsBarren++
			if err := pause(ctx, time.Second); err != nil {
				return time.Now(), err
			}
			continue
		}
		barren = 0
		r.add(one, err)
		l.log.Info("round compared", slog.Uint64("votes", one.Votes), slog.Int("cells", one.Cells),
			slog.Int("differences", one.DifferencesTotal), slog.Duration("took", one.Elapsed))
		if err != nil {
			return time.Now(), fmt.Errorf("round with seed %d: %w", seed, err)
		}
		exact := time.Now()
		select {
		case <-faults:
			return exact, l.compareMemory(ctx, &r.Memory, true)
		default:
			_ = l.compareMemory(ctx, &r.Memory, false) // Something is broken, so some may not be compared.
		}
	}
}

// round plays one country against the service, through its lines, and compares.
func (l *player) round(ctx context.Context, seed uint64, terminals int) (country.Report, error) {
	cfg := &l.service.cfg
	args := []string{
		"--log-level", "error",
		"simulate", "--foreign", "--json", "--kafka", l.service.kafkaAddrs(), "--query", "http://" + l.service.queryLine.Addr(),
		"--terminals", strconv.Itoa(terminals), "--days", strconv.Itoa(cfg.Days), "--seed", strconv.FormatUint(seed, 10),
		"--resend-share", "0.1", "--give-up", giveUp.String(),
	}
	for _, p := range l.service.ingestLines {
		args = append(args, "--ingest", "http://"+p.Addr())
	}
	cmd := exec.Command(cfg.Binary, args...) //nolint:noctx // Asked to end when ctx does.
	var said bytes.Buffer
	cmd.Stdout = &said
	p, err := child.Start(cmd)
	if err != nil {
		return country.Report{}, err
	}
	err = p.Wait(ctx)
	var r country.Report
	if decodeErr := json.Unmarshal(said.Bytes(), &r); decodeErr != nil {
		return r, errors.Join(err, fmt.Errorf("read report: %w", decodeErr))
	}
	return r, err
}

// giveUp is above every fault and its recovery, and below patience at the end.
const giveUp = 3 * time.Minute
