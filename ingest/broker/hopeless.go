package broker

import (
	"errors"
	"slices"

	"github.com/segmentio/kafka-go"

	"mlf/schema"
)

var (
	// errUnsafe: a topic is set up so that it loses acknowledged records, or takes none.
	errUnsafe = errors.New("the topics must not be used like this")

	errPartitions  = errors.New("the count is fixed for its life")
	errSeveralLogs = errors.New("the topic was put together from several logs")
)

// Hopeless tells whether no waiting mends err: wrong credentials, no rights, or a
// log that is not what it must be. What it means is in its text.
func Hopeless(err error) bool {
	return refused(err) || slices.ContainsFunc([]error{
		errPartitions, errSeveralLogs, errUnsafe, schema.ErrOffsetOutOfRange, schema.ErrUndecodable, schema.ErrFormat, schema.ErrGap,
	}, func(final error) bool { return errors.Is(err, final) })
}

// refused tells whether a broker knows who asks, or does not want to.
func refused(err error) bool {
	var code kafka.Error
	return errors.As(err, &code) && slices.Contains([]kafka.Error{
		kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState,
		kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed,
	}, code)
}
