package model_test

import (
	"testing"
	"time"

	"mlf/aggregate/store/model"
	"mlf/aggregate/store/storetest"
)

// TestTheModelIsAStore: what tests and simulations count into merges as the real one.
func TestTheModelIsAStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Subject {
		return storetest.Subject{Store: model.NewStore(time.Now())}
	})
}
