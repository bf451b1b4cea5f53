//! Tokens with keys in another case, doubled, nested, null, unknown, or with values of a wrong type: we read what Go reads, and
//! refuse what Go refuses. So no permission shown differs from the one that a server enforces.

use nats_oam::jwt::envelope::TokenKind;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::keys::KeyKind;
use nats_oam::jwt::signer::Signer as _;
use nats_oam::jwt::token::Token;
use serde_json::Value;

use super::chance::disturbed;
use super::{ByteKey, read_and_verified, read_by_go, signed, to_decode, value_of, views};
use crate::support::chance::Dice;
use crate::support::skip::needs;
use crate::support::tools::{Tool, Tools};

const CASES_OF_EACH: u64 = 400;

/// Our reader and Go's on one token. What is of a kind that nobody knows counts as refused by both.
struct Case {
    payload: Node,
    ours: Option<Token>,
    go: Value,
}

impl Case {
    /// What Go understood, if it took the token and can write it. Only claims of no known kind keep keys in another case.
    fn claims(&self) -> Option<&Value> {
        let kinds = ["operator", "account", "user", "activation"];
        let body = self.go.pointer("/claims/nats").and_then(Value::as_object);
        let is_known = kinds.iter().any(|kind| self.go["kind"] == *kind)
            && !body.is_some_and(|body| {
                body.keys()
                    .any(|key| key != "type" && key.eq_ignore_ascii_case("type"))
            });
        self.go.get("claims").filter(|_| is_known)
    }

    fn is_taken_by_us(&self) -> bool {
        self.ours
            .as_ref()
            .is_some_and(|token| token.envelope().kind != TokenKind::Generic)
    }

    /// Go says nothing of a token whose import or export has no type, which it reads and cannot write; and nothing of the kind
    /// of one of version 1 that has it where version 2 does. We do not look into activations of version 1.
    fn cannot_be_told(&self) -> bool {
        let error = self.go["error"].as_str().unwrap_or_default();
        let is_old = self.ours.as_ref().is_some_and(|token| {
            let envelope = token.envelope();
            envelope.version < 2
                && (envelope.kind == TokenKind::Activation || self.go["kind"] == "")
        });
        error.contains("calling MarshalJSON") || is_old
    }
}

/// Disturbed tokens, made from every user, account and operator of Go's library.
fn cases(tools: &Tools) -> Vec<Case> {
    let mut payloads = Vec::new();
    for (place, (_, text)) in (1..).zip(tools.oracle_tokens()) {
        let token = Token::decode(&text).unwrap();
        let by = match token.envelope().kind {
            TokenKind::Operator | TokenKind::Account => ByteKey::new(KeyKind::Operator, 1),
            TokenKind::User | TokenKind::Activation => ByteKey::new(KeyKind::Account, 2),
            TokenKind::AuthorizationRequest
            | TokenKind::AuthorizationResponse
            | TokenKind::Generic => continue,
        };
        payloads.extend((0..CASES_OF_EACH).map(|seed| {
            let mut dice = Dice(place << 32 | seed);
            let payload = payload(&mut dice, &token, &by);
            let version = if dice.one_in(16) { 1 } else { 2 };
            let text = signed(&payload, version, &by);
            (payload, text)
        }));
    }
    let requests: Vec<_> = payloads.iter().map(|(_, text)| to_decode(text)).collect();
    let answers = tools.ask_oracle(&requests);
    let case = |((payload, text), go): ((Node, String), Value)| Case {
        payload,
        ours: read_and_verified(&text),
        go,
    };
    payloads.into_iter().zip(answers).map(case).collect()
}

/// The payload disturbed; the keys that the signature is checked by come last, so that they hold.
fn payload(dice: &mut Dice, token: &Token, by: &ByteKey) -> Node {
    let Node::Object(mut pairs) = disturbed(dice, token.tree()) else {
        panic!("a payload is an object");
    };
    let issuer = Node::from(by.public_key().to_string());
    let subject = Node::from(token.envelope().subject.to_string());
    pairs.push((dice.pick(&["iss", "ISS", "i\u{17f}s"]).to_owned(), issuer));
    pairs.push((dice.pick(&["sub", "Sub", "\u{17f}ub"]).to_owned(), subject));
    Node::Object(pairs)
}

/// Fails with the first few faults, which are all that a person can take in.
#[track_caller]
fn assert_none(faults: &[String]) {
    let few = &faults[..faults.len().min(5)];
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        few.join("\n\n")
    );
}

#[test]
fn a_token_is_refused_if_and_only_if_go_refuses_it() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let cases = cases(&tools);
    let judged = || cases.iter().filter(|case| !case.cannot_be_told());
    let taken = judged().filter(|case| case.claims().is_some()).count();
    let refused = judged().count() - taken;

    let faults: Vec<String> = judged()
        .filter(|case| case.is_taken_by_us() != case.claims().is_some())
        .map(|case| format!("Go: {}\n{}", case.go["error"], case.payload.to_go_json()))
        .collect();

    assert_none(&faults);
    assert!(
        taken > 1000 && refused > 200,
        "{taken} taken, {refused} refused"
    );
}

#[test]
fn what_we_read_is_what_go_reads_field_by_field() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let (mut odd, mut viewed, mut faults) = (0, 0, Vec::new());

    for case in cases(&tools) {
        let (Some(token), Some(claims)) = (&case.ours, case.claims()) else {
            continue;
        };
        let read = read_by_go::with_unlimited_templates(value_of(token.as_read()));
        let (read, go) = (read_by_go::whole(read), read_by_go::whole(claims.clone()));
        let mut pairs = vec![(read, go)];
        if let Some(shown) = views::shown(token) {
            pairs.push((shown, read_by_go::shown(&views::account_named(claims))));
            viewed += 1;
        }
        odd += u32::from(!token.oddities().is_empty());
        let differences = pairs
            .iter()
            .filter_map(|(ours, go)| read_by_go::first_difference("", ours, go));
        faults.extend(differences.map(|found| format!("{found}\n{}", case.payload.to_go_json())));
    }

    assert_none(&faults);
    assert!(odd > 1000 && viewed > 1000, "{odd} odd, {viewed} viewed");
}
