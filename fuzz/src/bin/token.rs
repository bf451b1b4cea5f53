//! Tokens: whatever is decoded, its views, what is written of it, and a revocation in it.
#![no_main]

use data_encoding::BASE64URL_NOPAD;
use libfuzzer_sys::fuzz_target;
use nats_oam_fuzz::NoSigner;
use nats_oam_fuzz::jwt::account::Account;
use nats_oam_fuzz::jwt::edit::{self, Edit, Value};
use nats_oam_fuzz::jwt::json::Node;
use nats_oam_fuzz::jwt::keys::UserId;
use nats_oam_fuzz::jwt::operator::Operator;
use nats_oam_fuzz::jwt::time::UnixTime;
use nats_oam_fuzz::jwt::token::{MAX_TOKEN_BYTES, Token, TokenError};
use nats_oam_fuzz::jwt::user::User;

const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ";
const WHO: UserId = UserId::from_bytes([7; 32]);

fuzz_target!(|input: &[u8]| {
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = Token::decode(text); // must not panic, whatever it is
    }
    // Most inputs are payloads: behind base64 no mutation would find its way.
    let payload = BASE64URL_NOPAD.encode(input);
    if let Ok(token) = Token::decode(&format!("{HEADER}.{payload}.")) {
        let _ = (token.verify(), Operator::of(&token), User::of(&token));
        writes_what_it_read(&token);
        reads_itself_again(&token);
        if Account::of(&token).is_ok() {
            holds_a_new_revocation(&token);
        }
    }
});

fn writes_what_it_read(token: &Token) {
    for tree in [token.tree(), token.as_read()] {
        assert_eq!(Node::parse(tree.to_go_json().as_bytes()).as_ref(), Ok(tree));
    }
}

/// What a server reads has nothing left to fold or merge.
fn reads_itself_again(token: &Token) {
    let payload = BASE64URL_NOPAD.encode(token.as_read().to_go_json().as_bytes());
    let text = format!("{HEADER}.{payload}.");
    if text.len() <= MAX_TOKEN_BYTES {
        let again = Token::decode(&text).expect("what was read can be read");
        assert_eq!(again.as_read(), token.as_read());
        assert_eq!(again.oddities(), []);
    }
}

fn holds_a_new_revocation(token: &Token) {
    let now = UnixTime(1_800_000_000);
    let path = ["nats".to_owned(), "revocations".to_owned(), WHO.to_string()];
    let revoke = Edit::set(path.clone(), Value::ServerTime { at_least: None });
    let revoked = edited(token, revoke, now);
    let lifted = revoked
        .as_ref()
        .and_then(|token| edited(token, Edit::remove(path), now));
    if let Some(token) = revoked {
        let list = Account::of(&token)
            .expect("an account stays one")
            .revocations;
        assert_eq!(list.named(WHO), Some(now));
    }
    if let Some(token) = lifted {
        let list = Account::of(&token)
            .expect("an account stays one")
            .revocations;
        assert_eq!(list.named(WHO), None);
    }
}

/// The token with one edit; `None` if it has become too large to be one.
fn edited(token: &Token, edit: Edit, now: UnixTime) -> Option<Token> {
    match Token::issue(&edit::apply(token, &[edit], now), &NoSigner, now) {
        Err(TokenError::TooLarge { .. }) => None,
        issued => Some(issued.expect("an edited account can be read")),
    }
}
