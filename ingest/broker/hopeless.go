package broker

import (
	"errors"
	"slices"

	"github.com/segmentio/kafka-go"

	"mlf/schema"
)

var (
	errPartitions  = errors.New("the count is fixed for the topic's life")
	errSeveralLogs = errors.New("the topic was put together from several logs")
)

// Hopeless tells whether no waiting mends err: wrong credentials, no rights, or a
// log that is not what it must be. What it means is in its text.
func Hopeless(err error) bool {
	var code kafka.Error
	if errors.As(err, &code) {
		return slices.Contains([]kafka.Error{
			kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState,
			kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		}, code)
	}
	return slices.ContainsFunc([]error{
		errPartitions, errSeveralLogs, schema.ErrOffsetOutOfRange, schema.ErrUndecodable, schema.ErrFormat, schema.ErrGap,
	}, func(final error) bool { return errors.Is(err, final) })
}
