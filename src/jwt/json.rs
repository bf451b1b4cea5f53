//! JSON as tokens carry it: a tree that keeps key order, doubled keys and the text of numbers, read and written as Go does.
//! It is not for the servers' replies, which are ordinary JSON for serde.
//!
//! Written compactly, `<`, `>`, `&`, U+2028 and U+2029 as `\u00XX` escapes: every `>` of a subject is `\u003e` in the bytes.
//! So a token that a Go tool wrote comes back to the byte. Source: Go's `encoding/json` (`encode.go`, `decode.go`).

use std::fmt::{self, Write as _};

/// Nesting that is read; Go stops at 10,000, no token has a reason for more than a dozen.
const MAX_DEPTH: usize = 256;

/// A JSON value. Objects may hold a key more than once, as the text did.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Node {
    #[default]
    Null,
    Bool(bool),
    /// The text of the number, as it was written.
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Why a text is not JSON to Go, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct JsonError {
    pub what: &'static str,
    pub at: usize,
}

impl Node {
    pub const EMPTY_OBJECT: Self = Self::Object(Vec::new());

    /// Builds an object from pairs, in their order.
    pub fn object<const N: usize>(pairs: [(&str, Self); N]) -> Self {
        Self::Object(
            pairs
                .into_iter()
                .map(|(key, node)| (key.to_owned(), node))
                .collect(),
        )
    }

    /// Builds an array of strings.
    pub fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::Array(
            items
                .into_iter()
                .map(|item| Self::String(item.into()))
                .collect(),
        )
    }

    /// Reads one JSON value with nothing but white space around it. Invalid UTF-8 and lone surrogates become U+FFFD.
    pub fn parse(json: &[u8]) -> Result<Self, JsonError> {
        let mut reader = Reader { json, at: 0 };
        let node = reader.value(0)?;
        reader.white_space();
        if reader.at < json.len() {
            Err(reader.fail("text after the value"))
        } else {
            Ok(node)
        }
    }

    /// The value of a key, the last where it is doubled.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(pairs) => pairs
                .iter()
                .rev()
                .find(|(name, _)| name == key)
                .map(|(_, node)| node),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The number as Go's `int64` takes it: no fraction, no exponent.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Number(text) = self {
            text.parse().ok()
        } else {
            None
        }
    }

    /// The compact text that Go's encoder gives.
    pub fn to_go_json(&self) -> String {
        let mut out = String::new();
        // Writing into a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(text) => out.write_str(text),
            Self::String(text) => write_string(out, text),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out)?;
                }
                out.write_char(']')
            }
            Self::Object(pairs) => {
                out.push('{');
                for (index, (key, node)) in pairs.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(out, key)?;
                    out.push(':');
                    node.write(out)?;
                }
                out.write_char('}')
            }
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Number(number.to_string())
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

fn write_string(out: &mut String, text: &str) -> fmt::Result {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(c))?;
            }
            _ => out.push(c),
        }
    }
    out.write_char('"')
}

struct Reader<'a> {
    json: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn fail(&self, what: &'static str) -> JsonError {
        JsonError { what, at: self.at }
    }

    fn rest(&self) -> &[u8] {
        self.json.get(self.at..).unwrap_or_default()
    }

    /// What was read since.
    fn since(&self, start: usize) -> &[u8] {
        self.json.get(start..self.at).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Node, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.fail("nested too deep"));
        }
        self.white_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Node::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(_) => Err(self.fail("not the beginning of a value")),
            None => Err(self.fail("unexpected end")),
        }
    }

    fn word(&mut self, word: &str, node: Node) -> Result<Node, JsonError> {
        if self.rest().starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(node)
        } else {
            Err(self.fail("not the beginning of a value"))
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, JsonError> {
        self.at += 1;
        let mut pairs = Vec::new();
        self.white_space();
        if self.takes(b'}') {
            return Ok(Node::Object(pairs));
        }
        loop {
            self.white_space();
            if self.peek() != Some(b'"') {
                return Err(self.fail("expected a key"));
            }
            let key = self.string()?;
            self.white_space();
            if !self.takes(b':') {
                return Err(self.fail("expected a colon"));
            }
            pairs.push((key, self.value(depth + 1)?));
            self.white_space();
            if self.takes(b'}') {
                return Ok(Node::Object(pairs));
            }
            if !self.takes(b',') {
                return Err(self.fail("expected a comma or the end of the object"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.white_space();
        if self.takes(b']') {
            return Ok(Node::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.white_space();
            if self.takes(b']') {
                return Ok(Node::Array(items));
            }
            if !self.takes(b',') {
                return Err(self.fail("expected a comma or the end of the array"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.fail("expected a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Node, JsonError> {
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _sign = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        Ok(Node::Number(
            String::from_utf8_lossy(self.since(start)).into_owned(),
        ))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let run = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            push_lossy(&mut text, self.since(run));
            match self.next() {
                Some(b'"') => return Ok(text),
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => {
                    return Err(JsonError {
                        what: "control character in a string",
                        at: self.at - 1,
                    });
                }
                None => return Err(self.fail("unexpected end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        Ok(match self.next() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode_escape()?,
            _ => return Err(self.fail("unknown escape")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let unit = self.hex4()?;
        if !(0xd800..0xe000).contains(&unit) {
            return Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        // A high surrogate joins a low one that follows; any other is replaced, and what follows stands for itself.
        let after_first = self.at;
        if unit < 0xdc00 && self.takes(b'\\') && self.takes(b'u') {
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let joined = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = after_first;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        (0..4).try_fold(0, |value, _| {
            let digit = self.next().and_then(|byte| char::from(byte).to_digit(16));
            digit
                .map(|digit| value * 16 + digit)
                .ok_or_else(|| self.fail("expected four hex digits"))
        })
    }
}

/// Appends bytes as Go decodes them: each byte that is no part of a character becomes one U+FFFD.
fn push_lossy(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round(json: &str) -> String {
        Node::parse(json.as_bytes()).unwrap().to_go_json()
    }

    #[test]
    fn order_doubled_keys_and_number_text_survive() {
        let json = r#"{"z":1.50,"a":-0,"z":[1e3,{"b":null}],"":true}"#;

        assert_eq!(round(json), json);
    }

    #[test]
    fn strings_are_written_as_go_escapes_them() {
        let node = Node::from("a>b<c&d\u{2028}\u{2029}\"\\\n\r\t\u{8}\u{c}\u{1}\u{7f}é🦀/");

        let written = node.to_go_json();

        assert_eq!(
            written,
            "\"a\\u003eb\\u003cc\\u0026d\\u2028\\u2029\\\"\\\\\\n\\r\\t\\b\\f\\u0001\u{7f}é🦀/\""
        );
        assert_eq!(Node::parse(written.as_bytes()).unwrap(), node);
    }

    #[test]
    fn lone_surrogates_and_broken_utf8_are_replaced_as_go_does() {
        assert_eq!(Node::parse(br#""\ud83e\udd80""#).unwrap(), Node::from("🦀"));
        assert_eq!(
            Node::parse(br#""\ud83ex""#).unwrap(),
            Node::from("\u{fffd}x")
        );
        assert_eq!(
            Node::parse(br#""\ud83e\u0041""#).unwrap(),
            Node::from("\u{fffd}A")
        );
        assert_eq!(
            Node::parse(b"\"a\xff\xfe\xe2\x82z\"").unwrap(),
            Node::from("a\u{fffd}\u{fffd}\u{fffd}\u{fffd}z")
        );
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for bad in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "+1",
            "nul",
            "'a'",
            "\"\u{1}\"",
            "{\"a\" 1}",
            "1 2",
            "\"\\x\"",
            "{a:1}",
            "-",
        ] {
            assert!(Node::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Node::parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn white_space_is_allowed_around_everything() {
        assert_eq!(
            round(" { \"a\" : [ 1 , 2 ] , \"b\" : { } }\n"),
            r#"{"a":[1,2],"b":{}}"#
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Node::parse(&bytes);
        }

        #[test]
        fn any_string_comes_back(text in any::<String>()) {
            let node = Node::String(text);

            prop_assert_eq!(Node::parse(node.to_go_json().as_bytes()).unwrap(), node);
        }
    }
}
