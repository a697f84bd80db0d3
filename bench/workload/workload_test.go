package workload_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"mlf/bench/workload"
	"mlf/schema/votepb"
)

// TestEveryFormSaysTheSame reads the requests with other programs than ours.
func TestEveryFormSaysTheSame(t *testing.T) {
	sender := workload.Sender{Token: "secret", Stream: "stream", Services: []string{"anagrafe", "tributi"}}
	messages := make(map[workload.Form]*votepb.VotesRequest)
	for _, form := range []workload.Form{workload.JSON, workload.JSONZstd, workload.Protobuf} {
		text, err := sender.Request(form, 100, 7, 1)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Method + " " + r.URL.Path + " " + r.Header.Get("Authorization"); got != "POST /v1/votes Bearer secret" {
			t.Errorf("%s: got %s", form, got)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if r.Header.Get("Content-Encoding") == "zstd" {
			z, err := zstd.NewReader(nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, err = z.DecodeAll(body, nil); err != nil {
				t.Fatal(err)
			}
			z.Close()
		}
		messages[form] = read(t, body, r.Header.Get("Content-Type"))
	}
	want := messages[workload.Protobuf]
	if len(want.Votes) != 100 || want.Votes[0].GetSeq() != 7 || want.Votes[99].GetSeq() != 106 || want.Stream != "stream" {
		t.Errorf("got %d votes from %d", len(want.Votes), want.Votes[0].GetSeq())
	}
	for form, got := range messages {
		if !proto.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", form, got, want)
		}
	}
}

// read reads a body. protojson takes the names of fields as they are in the .proto, too.
func read(t *testing.T, body []byte, contentType string) *votepb.VotesRequest {
	t.Helper()
	m := new(votepb.VotesRequest)
	if contentType == "application/x-protobuf" {
		if err := proto.Unmarshal(body, m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	if !json.Valid(body) {
		t.Fatalf("no JSON: %s", body)
	}
	if err := protojson.Unmarshal(body, m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAnUnknownFormIsRefused(t *testing.T) {
	if _, err := new(workload.Sender).Request("xml", 1, 1, 1); err == nil {
		t.Error("got no error")
	}
}
