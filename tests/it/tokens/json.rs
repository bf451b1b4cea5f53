//! JSON: which texts are taken, and what they say, on random texts that are nearly right.

use data_encoding::BASE64;
use nats_oam::jwt::json::Node;
use serde_json::json;

use crate::support::chance::Dice;
use crate::support::skip::needs;
use crate::support::tools::Tool;

const CASES: u64 = 6_000;

/// Pieces of strings: every escape, both halves of surrogates in every order, broken UTF-8, what Go escapes.
const PIECES: [&[u8]; 36] = [
    b"a",
    b"Z",
    b" ",
    b"/",
    b"\\/",
    b"\\\\",
    b"\\\"",
    b"\\b",
    b"\\f",
    b"\\n",
    b"\\r",
    b"\\t",
    b"<",
    b">",
    b"&",
    b"\\u003c",
    b"\\u0041",
    b"\\u00e9",
    b"\\u2028",
    b"\xe2\x80\xa8",
    b"\\u0000",
    b"\\uD83E",
    b"\\udd80",
    b"\\uD83E\\uDD80",
    b"\\ud83e\\u0041",
    b"\\ud83ex",
    "\u{1f980}".as_bytes(),
    "\u{e9}".as_bytes(),
    "\u{ffff}".as_bytes(),
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc0\x80",
];

const NUMBERS: [&[u8]; 14] = [
    b"0",
    b"-0",
    b"1",
    b"-1",
    b"10",
    b"1.50",
    b"1e3",
    b"1E+3",
    b"2e-05",
    b"0.0",
    b"-0.10e00",
    b"9223372036854775808",
    b"123456789012345678901234567890",
    b"1e400",
];

/// What a careless or hostile hand puts anywhere.
const DAMAGE: [&[u8]; 24] = [
    b"",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"0",
    b"01",
    b"1.",
    b".5",
    b"+1",
    b"-",
    b"e",
    b"nul",
    b"True",
    b"\x00",
    b"\x1f",
    b"\x0b",
    b"\xef\xbb\xbf",
    b"\\u12",
    b"/**/",
];

#[test]
fn go_and_we_take_the_same_texts_and_read_the_same_from_them() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let texts: Vec<Vec<u8>> = (0..CASES).map(|seed| text(&mut Dice(seed))).collect();
    let requests: Vec<_> = texts
        .iter()
        .map(|text| json!({"op": "json", "bytes": BASE64.encode(text)}))
        .collect();

    let answers = tools.ask_oracle(&requests);

    let mut taken = 0;
    for (text, answer) in texts.iter().zip(answers) {
        let ours = Node::parse(text).ok().map(|node| sorted(node).to_go_json());
        let go = answer["compact"].as_str().map(escaped);
        taken += u64::from(go.is_some());
        assert_eq!(ours, go, "{}", text.escape_ascii());
    }
    assert!((CASES / 4..CASES * 3 / 4).contains(&taken), "{taken} taken");
}

/// A random text, damaged half of the time.
fn text(dice: &mut Dice) -> Vec<u8> {
    let mut text = Vec::new();
    value(dice, 0, &mut text);
    if dice.one_in(2) {
        for _ in 0..=dice.below(3) {
            let at = dice.below(text.len() + 1);
            let until = (at + dice.below(3)).min(text.len());
            text.splice(at..until, dice.pick(&DAMAGE).iter().copied());
        }
    }
    text
}

fn value(dice: &mut Dice, depth: usize, out: &mut Vec<u8>) {
    white_space(dice, out);
    let kinds = if depth < 5 { 9 } else { 5 };
    match dice.below(kinds) {
        0 => out.extend_from_slice(dice.pick(&[b"null".as_slice(), b"true", b"false"])),
        1 | 2 => out.extend_from_slice(dice.pick(&NUMBERS)),
        3 | 4 => string(dice, out),
        5 | 6 => between(dice, *b"[]", out, |dice, out| value(dice, depth + 1, out)),
        _ => between(dice, *b"{}", out, |dice, out| {
            white_space(dice, out);
            string(dice, out);
            white_space(dice, out);
            out.push(b':');
            value(dice, depth + 1, out);
        }),
    }
    white_space(dice, out);
}

fn between(
    dice: &mut Dice,
    [open, close]: [u8; 2],
    out: &mut Vec<u8>,
    mut item: impl FnMut(&mut Dice, &mut Vec<u8>),
) {
    out.push(open);
    white_space(dice, out);
    for index in 0..dice.below(4) {
        if index > 0 {
            out.push(b',');
        }
        item(dice, out);
    }
    out.push(close);
}

fn string(dice: &mut Dice, out: &mut Vec<u8>) {
    out.push(b'"');
    for _ in 0..dice.below(5) {
        out.extend_from_slice(dice.pick(&PIECES));
    }
    out.push(b'"');
}

fn white_space(dice: &mut Dice, out: &mut Vec<u8>) {
    if dice.one_in(6) {
        out.extend_from_slice(dice.pick(&[b" ".as_slice(), b"\n", b"\t", b"\r\n"]));
    }
}

/// As Go's maps hold it: the last of equal keys, sorted by bytes.
fn sorted(node: Node) -> Node {
    match node {
        Node::Object(pairs) => {
            let last: std::collections::BTreeMap<_, _> = pairs
                .into_iter()
                .map(|(key, node)| (key, sorted(node)))
                .collect();
            Node::Object(last.into_iter().collect())
        }
        Node::Array(items) => Node::Array(items.into_iter().map(sorted).collect()),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => node,
    }
}

/// The oracle leaves `<>&` alone, which stand only in strings; tokens escape them.
fn escaped(compact: &str) -> String {
    compact
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}
