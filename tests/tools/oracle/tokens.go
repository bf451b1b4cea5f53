package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// Every token has the same time, and keys come from their names, so that the list never changes by itself.
const issued = 1_750_000_000

// Everything that Go's encoder escapes, and what it leaves alone.
const hostile = "a<b>&c \u2028\u2029 \"quoted\\\" \t\n\x01\x7f ünïcode 日本語 🦀 \u202e\ufeff"

type sample struct {
	Name  string `json:"name"`
	Token string `json:"token"`
}

func printTokens(out *json.Encoder) error {
	operator, account := pair(nkeys.PrefixByteOperator, "operator"), pair(nkeys.PrefixByteAccount, "account")
	groups := []struct {
		signer  nkeys.KeyPair
		samples map[string]jwt.Claims
	}{
		{operator, operators()}, {operator, accounts()}, {account, users()}, {account, others()},
		{pair(nkeys.PrefixByteServer, "server"), callouts()},
	}
	for _, group := range groups {
		for _, name := range slices.Sorted(maps.Keys(group.samples)) {
			token, err := issueAt(group.samples[name], group.signer, issued)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := out.Encode(sample{name, token}); err != nil {
				return err
			}
		}
	}
	return nil
}

func operators() map[string]jwt.Claims {
	bare := jwt.NewOperatorClaims(key(nkeys.PrefixByteOperator, "operator"))

	full := jwt.NewOperatorClaims(key(nkeys.PrefixByteOperator, "operator"))
	full.Name = hostile
	full.Audience, full.Expires, full.NotBefore = "aud", issued+1, issued-1
	full.SigningKeys = jwt.StringList{key(nkeys.PrefixByteOperator, "b"), key(nkeys.PrefixByteOperator, "a")}
	full.AccountServerURL = "https://example.com:9090/jwt/v1?a=1&b=2"
	full.OperatorServiceURLs = jwt.StringList{"nats://localhost:4222", "tls://localhost:4443"}
	full.SystemAccount = key(nkeys.PrefixByteAccount, "system")
	full.AssertServerVersion = "2.10.0"
	full.StrictSigningKeyUsage = true
	full.Tags = jwt.TagList{"env:prod", "two"}
	return map[string]jwt.Claims{"operator, bare": bare, "operator, every field": full}
}

func accounts() map[string]jwt.Claims {
	bare := jwt.NewAccountClaims(key(nkeys.PrefixByteAccount, "bare"))

	zero := &jwt.AccountClaims{}
	zero.Subject = key(nkeys.PrefixByteAccount, "zero")

	disabled := jwt.NewAccountClaims(key(nkeys.PrefixByteAccount, "disabled"))
	disabled.Limits.Conn = 0
	disabled.Limits.JetStreamLimits = jwt.JetStreamLimits{
		MemoryStorage: -1, DiskStorage: 1 << 62, Streams: 10, Consumer: -1, MaxAckPending: 100,
		MemoryMaxStreamBytes: -1, DiskMaxStreamBytes: 1 << 40, MaxBytesRequired: true,
	}

	unicode := jwt.NewAccountClaims(key(nkeys.PrefixByteAccount, "unicode"))
	unicode.Name = hostile
	unicode.Description, unicode.InfoURL = hostile, "https://example.com/?q=<&>"
	unicode.Tags = jwt.TagList{"naïve", "日本:語"}
	return map[string]jwt.Claims{
		"account, bare": bare, "account, all zero": zero, "account, no connections and flat JetStream limits": disabled,
		"account, hostile texts": unicode, "account, every field": fullAccount(),
	}
}

func fullAccount() *jwt.AccountClaims {
	full := jwt.NewAccountClaims(key(nkeys.PrefixByteAccount, "account"))
	full.Name, full.Expires = "ORDERS", issued+86400
	full.Imports = imports()
	full.Exports = exports()
	full.Limits.NatsLimits = jwt.NatsLimits{Subs: 10, Data: 1 << 53, Payload: 1024}
	full.Limits.AccountLimits = jwt.AccountLimits{
		Imports: 9, Exports: 9, WildcardExports: true, DisallowBearer: true, Conn: 100, LeafNodeConn: 3,
	}
	full.Limits.JetStreamTieredLimits = jwt.JetStreamTieredLimits{
		"R3": {DiskStorage: 1 << 40, Streams: 10, Consumer: 100}, "R1": {MemoryStorage: -1, MaxBytesRequired: true},
	}
	full.SigningKeys.Add(key(nkeys.PrefixByteAccount, "plain"))
	full.SigningKeys.AddScopedSigner(role("worker"))
	full.SigningKeys.AddScopedSigner(jwt.NewUserScope())
	full.Revocations = jwt.RevocationList{
		jwt.All: issued - 100, key(nkeys.PrefixByteUser, "gone"): issued, key(nkeys.PrefixByteUser, "lost"): issued - 5,
	}
	full.DefaultPermissions.Pub.Deny.Add("secret.>")
	full.DefaultPermissions.Sub.Allow.Add("open.>", "queue.> workers")
	full.Mappings = jwt.Mapping{
		"old.*.>": {{Subject: "new.$1.>", Weight: 80}, {Subject: "canary.$1.>", Weight: 20, Cluster: "eu"}},
		"all":     {{Subject: "every"}},
	}
	full.Authorization = jwt.ExternalAuthorization{
		AuthUsers:       jwt.StringList{key(nkeys.PrefixByteUser, "callout")},
		AllowedAccounts: jwt.StringList{jwt.AnyAccount},
		XKey:            key(nkeys.PrefixByteCurve, "callout"),
	}
	full.Trace = &jwt.MsgTrace{Destination: "trace.here", Sampling: 25}
	full.ClusterTraffic = jwt.ClusterTrafficOwner
	full.Description, full.InfoURL = "orders & more", "https://example.com"
	full.Tags = jwt.TagList{"team:orders"}
	return full
}

func imports() jwt.Imports {
	other := key(nkeys.PrefixByteAccount, "other")
	return jwt.Imports{
		{Name: "b", Subject: "z.*.stream.>", Account: other, LocalSubject: "here.$1.>", Type: jwt.Stream, AllowTrace: true},
		{Name: "a", Subject: "a.service", Account: other, Token: "https://example.com/token", To: "deprecated", Type: jwt.Service, Share: true},
	}
}

func exports() jwt.Exports {
	return jwt.Exports{
		{
			Name: "svc", Subject: "svc.*", Type: jwt.Service, TokenReq: true,
			Revocations:  jwt.RevocationList{key(nkeys.PrefixByteAccount, "other"): issued},
			ResponseType: jwt.ResponseTypeStream, ResponseThreshold: 1500 * time.Millisecond,
			Latency:              &jwt.ServiceLatency{Sampling: 40, Results: "latency.results"},
			AccountTokenPosition: 2, Advertise: true, AllowTrace: true,
			Info: jwt.Info{Description: hostile, InfoURL: "https://example.com"},
		},
		{
			Subject: "by.header", Type: jwt.Service, ResponseType: jwt.ResponseTypeChunked,
			Latency: &jwt.ServiceLatency{Sampling: jwt.Headers, Results: "latency.headers"},
		},
		{Subject: ">", Type: jwt.Stream},
	}
}

func role(name string) *jwt.UserScope {
	scope := jwt.NewUserScope()
	scope.Key, scope.Role, scope.Description = key(nkeys.PrefixByteAccount, name), name, "does the <work>"
	scope.Template.Pub.Allow.Add("orders.{{name()}}.>", "{{tag(team)}}.done")
	scope.Template.Sub.Deny.Add("{{account-tag(zone)}}.>")
	scope.Template.Resp = &jwt.ResponsePermission{MaxMsgs: -1}
	scope.Template.Subs = 4
	scope.Template.AllowedConnectionTypes = jwt.StringList{jwt.ConnectionTypeStandard}
	return scope
}

func users() map[string]jwt.Claims {
	bare := jwt.NewUserClaims(key(nkeys.PrefixByteUser, "bare"))

	zero := &jwt.UserClaims{}
	zero.Subject = key(nkeys.PrefixByteUser, "zero")

	scoped := jwt.NewUserClaims(key(nkeys.PrefixByteUser, "scoped"))
	scoped.SetScoped(true)
	scoped.Name, scoped.IssuerAccount = "worker", key(nkeys.PrefixByteAccount, "account")
	scoped.Tags = jwt.TagList{"team:orders"}

	bearer := jwt.NewUserClaims(key(nkeys.PrefixByteUser, "bearer"))
	bearer.Name, bearer.BearerToken, bearer.ProxyRequired, bearer.Expires = hostile, true, true, issued+60

	full := jwt.NewUserClaims(key(nkeys.PrefixByteUser, "full"))
	full.Name, full.Audience, full.Expires, full.NotBefore = "full", "aud", issued+3600, issued-3600
	full.Pub = jwt.Permission{Allow: jwt.StringList{"orders.>", "$JS.API.>"}, Deny: jwt.StringList{"orders.*.secret"}}
	full.Sub = jwt.Permission{Allow: jwt.StringList{"_INBOX.>", "work.* queue.>"}, Deny: jwt.StringList{"a&b"}}
	full.Resp = &jwt.ResponsePermission{MaxMsgs: 1, Expires: 2 * time.Second}
	full.Src = jwt.CIDRList{"10.2.0.0/16", "2001:db8::/32"}
	full.Times, full.Locale = []jwt.TimeRange{{Start: "06:00:00", End: "22:00:00"}, {Start: "23:00:00"}}, "Europe/Berlin"
	full.NatsLimits = jwt.NatsLimits{Subs: 4, Data: 0, Payload: 64 << 10}
	full.AllowedConnectionTypes = jwt.StringList{jwt.ConnectionTypeStandard, jwt.ConnectionTypeLeafnodeWS}
	full.IssuerAccount = key(nkeys.PrefixByteAccount, "account")
	full.Tags = jwt.TagList{"a", "b"}
	return map[string]jwt.Claims{
		"user, bare": bare, "user, all zero": zero, "user, scoped": scoped, "user, bearer with a hostile name": bearer,
		"user, every field": full,
	}
}

func others() map[string]jwt.Claims {
	activation := jwt.NewActivationClaims(key(nkeys.PrefixByteAccount, "other"))
	activation.Name, activation.ImportSubject, activation.ImportType = "svc.>", "svc.>", jwt.Service
	activation.IssuerAccount = key(nkeys.PrefixByteAccount, "account")
	activation.Tags = jwt.TagList{"tag"}

	stream := jwt.NewActivationClaims(key(nkeys.PrefixByteAccount, "other"))
	stream.ImportSubject, stream.ImportType, stream.Expires = "events.*", jwt.Stream, issued+60

	generic := jwt.NewGenericClaims(key(nkeys.PrefixByteAccount, "generic"))
	generic.Name = hostile
	generic.Data["accounts"] = []string{key(nkeys.PrefixByteAccount, "account")}
	generic.Data["<nested>"] = map[string]any{"z": nil, "a": true, "number": 1.5e300, "whole": 12, "empty": []any{}}
	return map[string]jwt.Claims{"activation of a service": activation, "activation of a stream": stream, "generic": generic}
}

func callouts() map[string]jwt.Claims {
	request := jwt.NewAuthorizationRequestClaims(key(nkeys.PrefixByteUser, "callout"))
	request.Audience, request.UserNkey = "nats-authorization-request", key(nkeys.PrefixByteUser, "callout")
	request.Server = jwt.ServerID{Name: "n1", Host: "127.0.0.1", ID: key(nkeys.PrefixByteServer, "server")}
	request.ClientInformation = jwt.ClientInformation{Host: "127.0.0.1", ID: 1<<64 - 1, Name: hostile, Kind: "Client"}
	request.ConnectOptions = jwt.ConnectOptions{Token: "<token>", Protocol: 1}
	request.TLS = &jwt.ClientTLS{Version: "1.3", VerifiedChains: []jwt.StringList{{"pem"}}}
	return map[string]jwt.Claims{"authorization request": request}
}

func key(prefix nkeys.PrefixByte, name string) string {
	public, err := pair(prefix, name).PublicKey()
	if err != nil {
		panic(err)
	}
	return public
}

func pair(prefix nkeys.PrefixByte, name string) nkeys.KeyPair {
	seed := sha256.Sum256([]byte(name))
	encoded, err := nkeys.EncodeSeed(prefix, seed[:])
	if err != nil {
		panic(err)
	}
	made, err := nkeys.FromSeed(encoded)
	if err != nil {
		panic(err)
	}
	return made
}
