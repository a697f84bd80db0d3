package deployed

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"mlf/proof/cluster"
)

// deniedNothing looks at what the broker has decided of the stages' users, and of the
// one who has enrolled.
func (s *site) deniedNothing(context.Context) (string, error) {
	decided, err := s.kafka.Decisions()
	users := make(map[string]bool)
	for d, times := range decided {
		users[d.User] = true
		if !d.Allowed {
			err = errors.Join(err, fmt.Errorf("denied %d times: %+v", times, d))
		}
	}
	if len(decided) == 0 {
		err = errors.Join(err, errors.New("the broker has decided nothing"))
	}
	return fmt.Sprintf("%d decisions of %d users", len(decided), len(users)), err
}

// operators are the groups of APIs that are there only with the definitions of
// cluster.DefinitionsVariable.
func operators() []string {
	return []string{"kafka.strimzi.io/", "clickhouse.altinity.com/"}
}

// acceptsProd has the server judge the whole of overlays/prod, and keep nothing: its
// image is nowhere. What no definition is there for is left out, and said.
func (s *site) acceptsProd(ctx context.Context) (string, error) {
	text, err := s.Kubectl(ctx, "kustomize", filepath.Join(s.Manifests, "../prod"))
	if err != nil {
		return "", err
	}
	served, err := s.Kubectl(ctx, "api-versions")
	if err != nil {
		return "", err
	}
	all := strings.Split(text, "\n---\n")
	var judged []string
	for _, object := range all {
		if judgeable(object, served) {
			judged = append(judged, object)
		}
	}
	said := fmt.Sprintf("%d objects", len(judged))
	if left := len(all) - len(judged); left > 0 {
		said += fmt.Sprintf("; %d OF STRIMZI AND ALTINITY WERE NOT JUDGED: %s names no definitions", left, cluster.DefinitionsVariable)
	}
	return said, s.Judge(ctx, strings.Join(judged, "\n---\n"))
}

// judgeable tells whether the server knows the kind of object.
func judgeable(object, served string) bool {
	for _, group := range operators() {
		if strings.Contains("\n"+object, "\napiVersion: "+group) {
			return strings.Contains(served, group)
		}
	}
	return true
}
