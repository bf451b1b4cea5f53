// Crowd adds users to an account of an nsc store, so that a screen can be looked at when it is full.
//
//	go run ./crowd STORES KEYS OPERATOR ACCOUNT COUNT
//
// STORES and KEYS are nsc's folders, those that `nats-oam demo` prints for one. The users are crowd-00000 and so on; every
// tenth has a name longer than its column. Their seeds are not kept.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("five arguments: STORES KEYS OPERATOR ACCOUNT COUNT")
	}
	stores, keys, operator, name := args[0], args[1], args[2], args[3]
	count, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	folder := filepath.Join(stores, operator, "accounts", name)
	account, err := accountKey(filepath.Join(folder, name+".jwt"), keys)
	if err != nil {
		return err
	}
	for n := range count {
		if err := addUser(filepath.Join(folder, "users"), account, userName(n)); err != nil {
			return err
		}
	}
	return nil
}

// accountKey is the key whose seed nsc keeps for the account of a token.
func accountKey(token, keys string) (nkeys.KeyPair, error) {
	text, err := os.ReadFile(token)
	if err != nil {
		return nil, err
	}
	claims, err := jwt.DecodeAccountClaims(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, err
	}
	id := claims.Subject
	seed, err := os.ReadFile(filepath.Join(keys, "keys", id[:1], id[1:3], id+".nk"))
	if err != nil {
		return nil, err
	}
	return nkeys.FromSeed(seed)
}

func userName(n int) string {
	name := fmt.Sprintf("crowd-%05d", n)
	if n%10 == 0 {
		name += "-" + strings.Repeat("of-a-long-name-", 6)
	}
	return name
}

func addUser(folder string, account nkeys.KeyPair, name string) error {
	key, err := nkeys.CreateUser()
	if err != nil {
		return err
	}
	id, err := key.PublicKey()
	if err != nil {
		return err
	}
	claims := jwt.NewUserClaims(id)
	claims.Name = name
	token, err := claims.Encode(account)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".jwt"), []byte(token), 0o600)
}
