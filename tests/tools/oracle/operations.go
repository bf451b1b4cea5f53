package main

import (
	"bytes"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

type issue struct {
	Description string `json:"description"`
	Blocking    bool   `json:"blocking"`
	TimeCheck   bool   `json:"time_check"`
}

// decode says what a token holds. Go's Decode has checked the signature and the kind of key that made it; the issues are
// what Validate finds besides.
func decode(line []byte) (any, error) {
	var request struct{ Token string }
	if err := json.Unmarshal(line, &request); err != nil {
		return nil, err
	}
	claims, err := decodeAny(request.Token)
	if err != nil {
		return nil, err
	}
	// Before Validate, which fills in a missing trace sampling.
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	results := jwt.CreateValidationResults()
	claims.Validate(results)
	issues := []issue{}
	for _, found := range results.Issues {
		issues = append(issues, issue{found.Description, found.Blocking, found.TimeCheck})
	}
	return map[string]any{
		"kind":    claims.ClaimType(),
		"claims":  json.RawMessage(payload),
		"payload": string(payload),
		"issues":  issues,
	}, nil
}

// decodeAny is Go's Decode, but for generic tokens: those it checks by the rules of version 1, whatever their version.
func decodeAny(token string) (jwt.Claims, error) {
	claims, err := jwt.Decode(token)
	if err == nil {
		return claims, nil
	}
	generic, genericErr := jwt.DecodeGeneric(token)
	if genericErr != nil {
		return nil, err
	}
	if kind, _ := generic.Data["type"].(string); !jwt.IsGenericClaimType(kind) {
		return nil, err
	}
	return generic, nil
}

func encode(line []byte) (any, error) {
	var request struct {
		Kind   jwt.ClaimType
		Claims json.RawMessage
		Seed   string
	}
	if err := json.Unmarshal(line, &request); err != nil {
		return nil, err
	}
	claims, err := emptyClaims(request.Kind)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(request.Claims, claims); err != nil {
		return nil, err
	}
	signer, err := nkeys.FromSeed([]byte(request.Seed))
	if err != nil {
		return nil, err
	}
	token, err := issueAt(claims, signer, claims.Claims().IssuedAt)
	if err != nil {
		return nil, err
	}
	return map[string]string{"token": token}, nil
}

func emptyClaims(kind jwt.ClaimType) (jwt.Claims, error) {
	switch kind {
	case jwt.OperatorClaim:
		return &jwt.OperatorClaims{}, nil
	case jwt.AccountClaim:
		return &jwt.AccountClaims{}, nil
	case jwt.UserClaim:
		return &jwt.UserClaims{}, nil
	case jwt.ActivationClaim:
		return &jwt.ActivationClaims{}, nil
	case jwt.GenericClaim:
		return &jwt.GenericClaims{Data: map[string]any{}}, nil
	}
	return nil, errors.New("unknown kind " + string(kind))
}

// issueAt signs as the library does, but with a time of our choice: the library always takes the present one, and a token
// that differs each second cannot be compared. Zero leaves the present time.
func issueAt(claims jwt.Claims, signer nkeys.KeyPair, iat int64) (string, error) {
	token, err := claims.Encode(signer)
	if err != nil || iat == 0 {
		return token, err
	}
	data := claims.Claims()
	data.IssuedAt, data.ID = iat, ""
	outer, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	hash := sha512.Sum512_256(outer)
	data.ID = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(hash[:])
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	header, _, _ := strings.Cut(token, ".")
	signed := header + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := signer.Sign([]byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func creds(line []byte) (any, error) {
	var request struct{ Text string }
	if err := json.Unmarshal(line, &request); err != nil {
		return nil, err
	}
	token, err := jwt.ParseDecoratedJWT([]byte(request.Text))
	if err != nil {
		return nil, err
	}
	pair, err := jwt.ParseDecoratedNKey([]byte(request.Text))
	if err != nil {
		return nil, err
	}
	key, err := pair.PublicKey()
	if err != nil {
		return nil, err
	}
	return map[string]string{"token": token, "key": key}, nil
}

// reread shows a JSON text as Go's generic decoder understands it: numbers as written, keys sorted, `<>&` not escaped.
func reread(line []byte) (any, error) {
	var request struct {
		Text  string
		Bytes []byte
	}
	if err := json.Unmarshal(line, &request); err != nil {
		return nil, err
	}
	text := request.Bytes
	if text == nil {
		text = []byte(request.Text)
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	// A decoder stops after the first value; Unmarshal, which the library uses, refuses what follows it.
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows the value")
	}
	var compact bytes.Buffer
	encoder := json.NewEncoder(&compact)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return map[string]string{"compact": strings.TrimSuffix(compact.String(), "\n")}, nil
}

func revoked(line []byte) (any, error) {
	var request struct {
		Revocations jwt.RevocationList
		Key         string
		Iat         int64
	}
	if err := json.Unmarshal(line, &request); err != nil {
		return nil, err
	}
	is := request.Revocations.IsRevoked(request.Key, time.Unix(request.Iat, 0))
	return map[string]bool{"revoked": is}, nil
}
