// Oracle answers, with the Go library that nats-server itself uses, what a token says and whether it is good.
// The tests hold our own codec against it. It is no part of the program.
//
// `oracle` reads requests from standard input, one JSON object a line, and answers each with one line.
// What Go refuses, a bad signature for one, is answered with {"error": "..."}.
//
//	{"op":"decode","token":T}                        kind, claims, payload (Go's exact bytes), issues
//	{"op":"encode","kind":K,"claims":C,"seed":S}     token; an "iat" in the claims is kept
//	{"op":"creds","text":T}                          token, key (the public key of the seed)
//	{"op":"json","text":T} or {"op":"json","bytes":base64}   compact: keys sorted, later duplicates won
//	{"op":"revoked","revocations":R,"key":K,"iat":N} revoked
//
// `oracle tokens` prints tokens of every kind, {"name":N,"token":T} a line, the same ones every time.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	out := json.NewEncoder(os.Stdout)
	switch {
	case len(args) == 0:
		return serve(out)
	case len(args) == 1 && args[0] == "tokens":
		return printTokens(out)
	}
	return fmt.Errorf("unknown arguments %q", args)
}

// serve answers until standard input ends. A line may be as long as a token with every revocation that fits.
func serve(out *json.Encoder) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		reply, err := answer(lines.Bytes())
		if err != nil {
			reply = map[string]string{"error": err.Error()}
		}
		if err := out.Encode(reply); err != nil {
			return err
		}
	}
	return lines.Err()
}

var operations = map[string]func(line []byte) (any, error){
	"decode":  decode,
	"encode":  encode,
	"creds":   creds,
	"json":    reread,
	"revoked": revoked,
}

func answer(line []byte) (any, error) {
	var request struct{ Op string }
	if err := json.Unmarshal(line, &request); err != nil {
		return nil, err
	}
	operation, known := operations[request.Op]
	if !known {
		return nil, errors.New("unknown op " + request.Op)
	}
	return operation(line)
}
