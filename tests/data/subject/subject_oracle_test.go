// What nats-server answers about subjects. The functions asked are not exported, so this runs inside a copy of the module:
//
//	cp -r "$(go list -m -f '{{.Dir}}' github.com/nats-io/nats-server/v2)" srv && chmod -R u+w srv && rm srv/server/*_test.go
//	cp subject_oracle_test.go srv/server/ && cd srv && OUT=<this folder> go test ./server -run TestSubjectOracle
package server

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type parsed struct {
	Text    string    `json:"text"`
	Pattern bool      `json:"pattern"`
	Literal bool      `json:"literal"`
	Entry   *[]string `json:"entry"`
}

type queueAnswer struct {
	Asked   string `json:"asked"`
	Pattern string `json:"pattern"`
	Admits  bool   `json:"admits"`
}

// patterns lists all token sequences of up to max tokens, with ">" only at the end.
func patterns(tokens []string, max int) []string {
	var found []string
	var grow func(prefix []string)
	grow = func(prefix []string) {
		if len(prefix) > 0 {
			found = append(found, strings.Join(prefix, "."))
		}
		if len(prefix) == max || len(prefix) > 0 && prefix[len(prefix)-1] == ">" {
			return
		}
		for _, token := range tokens {
			grow(append(append([]string{}, prefix...), token))
		}
	}
	grow(nil)
	return found
}

// foundFor tells whether a permission list that holds one pattern finds it for what is asked.
func foundFor(asked, kept string) bool {
	list := NewSublistNoCache()
	if err := list.Insert(&subscription{subject: []byte(kept)}); err != nil {
		panic(err)
	}
	return len(list.Match(asked).psubs) > 0
}

func writeWorld(out *bufio.Writer, name string, subjects []string) {
	fmt.Fprintf(out, "# %s subjects\n%s\n", name, strings.Join(subjects, " "))
	for _, relation := range []struct {
		name  string
		holds func(a, b string) bool
	}{{"found_for", foundFor}, {"subset", subjectIsSubsetMatch}, {"collide", SubjectsCollide}} {
		fmt.Fprintf(out, "# %s %s\n", name, relation.name)
		for _, a := range subjects {
			for _, b := range subjects {
				if relation.holds(a, b) {
					out.WriteByte('1')
				} else {
					out.WriteByte('0')
				}
			}
			out.WriteByte('\n')
		}
	}
}

func create(t *testing.T, name string) (*bufio.Writer, func()) {
	file, err := os.Create(filepath.Join(os.Getenv("OUT"), name))
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(file)
	return out, func() { out.Flush(); file.Close() }
}

func TestSubjectOracle(t *testing.T) {
	out, done := create(t, "relations.txt")
	writeWorld(out, "plain", patterns([]string{"a", "b", "*", ">"}, 3))
	writeWorld(out, "odd", patterns([]string{"a", "*", "*b", ">b", ">"}, 2))
	done()

	out, done = create(t, "parsing.jsonl")
	lines := json.NewEncoder(out)
	for _, text := range []string{"a", "", "a.b", ".", ".a", "a.", "a..b", ">", "a.>", ">.a", "a.>.b", ">.>", "*", "a.*", "*.>",
		"foo*bar", ">x", "x>", "*x", "**", ">>", "a b", "a\tb", "a\nb", "a\rb", "a\fb", "a\vb", "a\x00b", "a\x1bb", "a\u0085b",
		"a\u00a0b", "a\u2028b", "a\u202eb", "a\u200bb", "a\ufeffb", "a\u180eb", "a\u3000b", " ", "\t", "\f", "\v", "a. ", "ü.日本", "{{name()}}",
		"a q", " a  q ", "a q r", "a\tq", "a q..r", "a *", "a >", "a q.>", "a.b q*", "a >.x", "a > x", "a..b q", "\n", "> q", "*\vq"} {
		answer := parsed{Text: text, Pattern: IsValidSubject(text), Literal: IsValidPublishSubject(text)}
		if subject, queue, err := splitSubjectQueue(text); err == nil {
			answer.Entry = &[]string{string(subject), string(queue)}
		}
		lines.Encode(answer)
	}
	done()

	out, done = create(t, "queues.jsonl")
	lines = json.NewEncoder(out)
	names := []string{"q", "q.a", "q.a.b", "*", ">", "q.*", "q.>", "*b.a", "*.a", "*b.*", "a..b", "", "q.", "*b", ">b", "q.*b", "*.>b"}
	for _, asked := range names {
		for _, pattern := range names {
			if IsValidSubject(pattern) {
				admits := queueMatches(asked, [][]*subscription{{{queue: []byte(pattern)}}})
				lines.Encode(queueAnswer{asked, pattern, admits})
			}
		}
	}
	done()
}
