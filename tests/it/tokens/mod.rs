//! Tokens, held against the Go library that servers use: what is read, what is written, what is refused.
//! The oracle (`tests/tools/oracle`) judges; random cases come from fixed seeds, so that a failure can be seen again.

mod chance;
mod creds;
mod issued;
mod json;
mod odd_keys;
mod read_by_go;
mod views;
mod written_by_go;

use data_encoding::BASE64URL_NOPAD;
use nats_oam::jwt::json::Node;
use nats_oam::jwt::signer::Signer as _;
use nats_oam::jwt::token::Token;
use serde_json::{Value, json};

use crate::support::keys::ByteKey;

const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ";

/// Signs a payload as it stands, however odd; version 1 signed the payload alone.
fn signed(payload: &Node, version: u8, by: &ByteKey) -> String {
    let payload = BASE64URL_NOPAD.encode(payload.to_go_json().as_bytes());
    let message = format!("{HEADER}.{payload}");
    let covered = if version < 2 { &payload } else { &message };
    let signature = by.sign(covered.as_bytes()).unwrap();
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// The text of the payload.
fn payload_of(token_text: &str) -> String {
    let payload = token_text.split('.').nth(1).unwrap();
    String::from_utf8(BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

/// Reads a token and checks its signature, as Go's `Decode` does both.
fn read_and_verified(text: &str) -> Option<Token> {
    let token = Token::decode(text).ok()?;
    token.verify().ok()?;
    Some(token)
}

fn to_decode(token_text: &str) -> Value {
    json!({"op": "decode", "token": token_text})
}

/// A tree as an ordinary JSON value; nothing may be doubled in it.
fn value_of(node: &Node) -> Value {
    serde_json::from_str(&node.to_go_json()).unwrap()
}
