//! A signed token: its text, its tree, what it says about itself, and how a new one is made.
//!
//! ```text
//! base64url(header) "." base64url(payload) "." base64url(signature)
//!                       {"jti":..,"iat":..,"iss":<signer>,"name":..,"sub":<whom it is about>,"nats":{..,"type":"user","version":2}}
//! ```
//!
//! A token that nobody edited goes back as it came, byte for byte: its text is kept. Decoding does not check the signature;
//! [`Token::verify`] does. Source: nats-io/jwt v2.8.2 `claims.go`, `decoder.go`, `header.go`.

use std::fmt;
use std::sync::Arc;

use data_encoding::{BASE32_NOPAD, Encoding, Specification};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256, Sha512_256};

use super::creds::Creds;
use super::envelope::{self, Envelope, TokenKind};
use super::go_rules::{self, Misfit, Oddity};
use super::json::{JsonError, Node};
use super::keys::{KeyError, KeyKind, PublicKey};
use super::shapes;
use super::signer::{SignError, Signer};
use super::time::UnixTime;
use crate::text::Text;

/// Bytes that Go's library and every server accept at most.
pub const MAX_TOKEN_BYTES: usize = 1024 * 1024;

/// `{"typ":"JWT","alg":"ed25519-nkey"}`, the only header that is written.
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ";

/// SHA-256 of the whole token text: our compare-and-swap. Never the `jti`, which Go derives from the envelope alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision([u8; 32]);

impl Revision {
    pub fn of(token_text: &str) -> Self {
        Self(Sha256::digest(token_text.as_bytes()).into())
    }

    pub const fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is no token that a server would take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is empty")]
    Empty,
    #[error("the token has {bytes} bytes, servers take {MAX_TOKEN_BYTES}")]
    TooLarge { bytes: usize },
    #[error("a token has 3 parts with dots between, this has {parts}")]
    Parts { parts: usize },
    #[error("the {part} is not base64url")]
    Base64 { part: &'static str },
    #[error("the {part} is not JSON: {error}")]
    Json {
        part: &'static str,
        error: JsonError,
    },
    #[error("the header says {0}, not a NATS token")]
    Header(Text),
    #[error("version {0} of tokens is newer than this program")]
    Newer(i64),
    #[error("there is no version {0} of such tokens")]
    Version(i64),
    #[error("servers cannot read it: {0}")]
    Misfit(#[from] Misfit),
    #[error("{field}: {error}")]
    Key {
        field: &'static str,
        error: KeyError,
    },
    #[error("it is the token of {}, not of {}", .found.with_article(), .wanted.with_article())]
    Kind { wanted: TokenKind, found: TokenKind },
    #[error("the key of {} may not sign it", .0.with_article())]
    IssuerKind(KeyKind),
    #[error("the signature is not of {issuer}")]
    Signature { issuer: PublicKey },
    #[error("it could not be signed: {0}")]
    Sign(#[from] SignError),
}

/// A token as it came or was made. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: Arc<str>,
    revision: Revision,
    envelope: Arc<Envelope>,
    tree: Arc<Node>,
    read: Arc<Node>,
    oddities: Arc<[Oddity]>,
}

impl Token {
    /// Reads a token as a server does, but for its signature. White space around it is not part of it.
    pub fn decode(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge { bytes: text.len() });
        }
        let [header, payload, _signature] = parts(text)?;
        check_header(header)?;
        let tree = decode_json("payload", payload)?;
        let (kind, version) = envelope::identify(&tree)?;
        let (read, oddities) = go_rules::read(&shapes::of(kind, version), &tree)?;
        Ok(Self {
            text: text.into(),
            revision: Revision::of(text),
            envelope: Arc::new(envelope::read(kind, version, &read)?),
            tree: Arc::new(tree),
            read: Arc::new(read),
            oddities: oddities.into(),
        })
    }

    /// Reads the token of a creds file.
    pub fn of_creds(creds: &Creds) -> Result<Self, TokenError> {
        Self::decode(creds.token_text.raw())
    }

    /// Checks that the issuer may sign such a token and that it did. Whether anybody trusts the issuer is another question.
    pub fn verify(&self) -> Result<(), TokenError> {
        let issuer = self.envelope.issuer;
        let allowed = self.envelope.kind.issuers();
        if !allowed.is_empty() && !allowed.contains(&issuer.kind) {
            return Err(TokenError::IssuerKind(issuer.kind));
        }
        let [_, payload, signature] = parts(&self.text)?;
        let signature: [u8; 64] = decode_part("signature", signature)?
            .try_into()
            .map_err(|_| TokenError::Signature { issuer })?;
        let signed = if self.envelope.version < 2 {
            payload
        } else {
            self.text.rsplit_once('.').map_or("", |(signed, _)| signed)
        };
        if issuer.verify(signed.as_bytes(), &signature) {
            Ok(())
        } else {
            Err(TokenError::Signature { issuer })
        }
    }

    /// Signs a new token over a tree: issuer, `iat` and `jti` are set, everything else stays as it stands.
    ///
    /// The `jti` hashes the whole claim, so two edits in one second differ; Go hashes the envelope alone.
    pub fn issue(tree: &Node, signer: &dyn Signer, at: UnixTime) -> Result<Self, TokenError> {
        let mut tree = tree.clone();
        envelope::remove(&mut tree, "jti");
        envelope::set(&mut tree, "iat", Node::from(at.0));
        envelope::set(
            &mut tree,
            "iss",
            Node::from(signer.public_key().to_string()),
        );
        let id = BASE32_NOPAD.encode(&Sha512_256::digest(tree.to_go_json().as_bytes()));
        envelope::set(&mut tree, "jti", Node::from(id));
        let payload = BASE64.encode(tree.to_go_json().as_bytes());
        let message = format!("{HEADER}.{payload}");
        let signature = signer.sign(message.as_bytes())?;
        Self::decode(&format!("{message}.{}", BASE64.encode(&signature)))
    }

    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    pub fn revision(&self) -> Revision {
        self.revision
    }

    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The payload as it was written.
    pub fn tree(&self) -> &Node {
        &self.tree
    }

    /// The payload as a server reads it: canonical names, each once, unknown keys kept. The base of an edit.
    pub fn as_read(&self) -> &Node {
        &self.read
    }

    /// The body `nats` as a server reads it.
    pub fn body(&self) -> &Node {
        self.read.get("nats").unwrap_or(&Node::Null)
    }

    /// Where the text says something else than what a server reads. Empty for every token that a Go tool wrote.
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }

    /// Refuses a token of another kind.
    pub fn expect(&self, wanted: TokenKind) -> Result<&Self, TokenError> {
        let found = self.envelope.kind;
        if found == wanted {
            Ok(self)
        } else {
            Err(TokenError::Kind { wanted, found })
        }
    }
}

/// A bearer user's token is a credential, so none is printed.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("kind", &self.envelope.kind)
            .field("subject", &self.envelope.subject)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// Base64url without padding as Go decodes it: line breaks are skipped, bits beyond the last byte are not looked at.
static BASE64: std::sync::LazyLock<Encoding> = std::sync::LazyLock::new(|| {
    let mut specification: Specification = data_encoding::BASE64URL_NOPAD.specification();
    specification.ignore.push_str("\r\n");
    specification.check_trailing_bits = false;
    specification
        .encoding()
        .unwrap_or(data_encoding::BASE64URL_NOPAD)
});

fn parts(text: &str) -> Result<[&str; 3], TokenError> {
    let parts: Vec<&str> = text.split('.').take(5).collect();
    let count = parts.len();
    parts
        .try_into()
        .map_err(|_| TokenError::Parts { parts: count })
}

fn decode_part(part: &'static str, text: &str) -> Result<Vec<u8>, TokenError> {
    BASE64
        .decode(text.as_bytes())
        .map_err(|_| TokenError::Base64 { part })
}

fn decode_json(part: &'static str, text: &str) -> Result<Node, TokenError> {
    Node::parse(&decode_part(part, text)?).map_err(|error| TokenError::Json { part, error })
}

fn check_header(part: &str) -> Result<(), TokenError> {
    if part == HEADER {
        return Ok(());
    }
    let header = decode_json("header", part)?;
    let is = |key, wanted: &[&str]| {
        header
            .get(key)
            .and_then(Node::as_str)
            .is_some_and(|found| wanted.iter().any(|w| w.eq_ignore_ascii_case(found)))
    };
    if is("typ", &["jwt"]) && is("alg", &["ed25519-nkey", "ed25519"]) {
        Ok(())
    } else {
        Err(TokenError::Header(header.to_go_json().into()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::jwt::account::Account;
    use crate::jwt::limits::Limit;
    use crate::jwt::user::User;
    use crate::test_support::{account, account_signer, operator_signer, shared, token_of, user};

    /// Every `.jwt` below a folder of the fixtures.
    fn tokens_below(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                tokens_below(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "jwt") {
                found.push((
                    path.display().to_string(),
                    std::fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }

    #[test]
    fn every_token_that_the_real_tools_wrote_verifies_and_is_written_back_to_the_byte() {
        let mut found = Vec::new();
        tokens_below(&shared("fixtures/nsc"), &mut found);

        assert!(found.len() >= 30, "{} tokens found", found.len());
        for (path, text) in found {
            let token = Token::decode(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            token
                .verify()
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            let [_, payload, _] = parts(&text).unwrap();

            assert_eq!(
                BASE64.encode(token.tree().to_go_json().as_bytes()),
                payload,
                "{path}"
            );
            assert_eq!(token.as_read(), token.tree(), "{path}");
            assert_eq!(token.oddities(), [], "{path}");
        }
    }

    /// Signatures of an independent encoder over the same keys (nsc page, section 13).
    #[test]
    fn golden_signatures_verify() {
        let payload = r#"{"jti":"ERXZA7FBS6B5ZSKNJYUNNW5RPUSPYGAE6PUJI3ENTS4W2NLUVIRA","iat":1700000000,"iss":"ADFJHLAXAUMHA4OWPOB4P7YO72AQR2HMIUYFOXLXE2DZGM633K7HZVXK","name":"U","sub":"UDWUSKGGFDI4FRXK5EBTRECZSVQSSWJHHJOGH6JWG3AUMFFMQ435C2U4","nats":{"pub":{},"sub":{},"issuer_account":"ACATS5YOVB6ROX2WUNKGNQ2MP3GMXDMKSG2O4N5CLX3A6W4PZGZZIL2R","type":"user","version":2}}"#;
        let signature = "3NY0Hf--SFCr2J-IIxtCNfBkLQwZLwY9CToaULYoBWaQ4r31eCWby_nCcGogMCI_HnTx-YykNIiK7wa1sz7_BA";

        let token = Token::decode(&format!(
            "{HEADER}.{}.{signature}",
            BASE64.encode(payload.as_bytes())
        ))
        .unwrap();

        assert_eq!(token.verify(), Ok(()));
        let user = User::of(&token).unwrap();
        assert_eq!(
            user.account,
            account_signer().public_key().try_into().unwrap()
        );
        assert!(User::is_bare(&token));
    }

    #[test]
    fn an_issued_token_is_read_back_and_verifies() {
        let token = token_of(
            &account(
                "A & <B>",
                [("limits", Node::object([("conn", Node::from(-1))]))],
            ),
            &operator_signer(),
        );

        assert_eq!(token.verify(), Ok(()));
        assert_eq!(token.envelope().name, "A & <B>".into());
        assert_eq!(token.envelope().issued_at, Some(UnixTime(1_700_000_000)));
        let payload = token.tree().to_go_json();
        assert!(payload.starts_with(r#"{"jti":""#), "{payload}");
        assert!(
            payload.contains(r#""name":"A \u0026 \u003cB\u003e","sub":"A"#),
            "{payload}"
        );
    }

    #[test]
    fn two_edits_in_one_second_have_different_ids() {
        let ids: Vec<Text> = [1, 2]
            .map(|conn| {
                account(
                    "A",
                    [("limits", Node::object([("conn", Node::from(conn))]))],
                )
            })
            .map(|tree| token_of(&tree, &operator_signer()).envelope().id.clone())
            .into();

        assert_ne!(ids[0], ids[1]);
    }

    #[test]
    fn one_changed_letter_breaks_the_signature_and_the_wrong_kind_of_key_is_said() {
        let token = token_of(&account("A", []), &operator_signer());
        let broken = token.text().replacen("eyJqdGki", "eyJqdGkj", 1);

        assert!(
            Token::decode(&broken).is_err_and(|error| matches!(
                error,
                TokenError::Json { .. } | TokenError::Key { .. }
            )) || Token::decode(&broken).unwrap().verify().is_err()
        );
        let by_operator = token_of(&user("u", []), &operator_signer());
        assert_eq!(
            by_operator.verify(),
            Err(TokenError::IssuerKind(KeyKind::Operator))
        );
    }

    #[test]
    fn what_is_no_token_says_why() {
        assert_eq!(Token::decode(" \n"), Err(TokenError::Empty));
        assert_eq!(Token::decode("a.b"), Err(TokenError::Parts { parts: 2 }));
        assert!(matches!(
            Token::decode("e30.e30.e30"),
            Err(TokenError::Header(_))
        ));
        assert_eq!(
            Token::decode(&"a".repeat(MAX_TOKEN_BYTES + 1)),
            Err(TokenError::TooLarge {
                bytes: MAX_TOKEN_BYTES + 1
            })
        );
        assert!(matches!(
            Token::decode(&format!("{HEADER}.!.e30")),
            Err(TokenError::Base64 { part: "payload" })
        ));
        let newer = BASE64.encode(br#"{"nats":{"type":"user","version":3}}"#);
        assert_eq!(
            Token::decode(&format!("{HEADER}.{newer}.e30")),
            Err(TokenError::Newer(3))
        );
        let unversioned = BASE64.encode(br#"{"nats":{"type":"user"}}"#);
        assert_eq!(
            Token::decode(&format!("{HEADER}.{unversioned}.e30")),
            Err(TokenError::Version(0))
        );
    }

    #[test]
    fn a_users_token_is_never_printed() {
        let token = token_of(&user("secret", []), &account_signer());

        let printed = format!("{token:?}");

        assert!(!printed.contains(&token.text()[..40]), "{printed}");
    }

    #[test]
    fn the_views_of_the_fixtures_say_what_nsc_says() {
        let read =
            |path: &str| Token::decode(&std::fs::read_to_string(shared(path)).unwrap()).unwrap();
        let orders = Account::of(&read(
            "fixtures/nsc/omega/stores/OMEGA/accounts/ORDERS/ORDERS.jwt",
        ))
        .unwrap();
        let limited = User::of(&read(
            "fixtures/nsc/omega/stores/OMEGA/accounts/ORDERS/users/limited.jwt",
        ))
        .unwrap();

        let roles: Vec<String> = orders.roles().map(|role| role.name.to_string()).collect();
        assert_eq!(roles, ["device", "reader"]);
        assert_eq!(orders.revocations.len(), 3);
        assert_eq!(orders.limits.connections, Limit::AtMost(200));
        let device = orders.roles().next().unwrap();
        assert!(device.template.restrictions.bearer);
        assert_eq!(
            device.template.restrictions.payload_bytes,
            Limit::AtMost(65536)
        );
        assert_eq!(limited.account, orders.id);
        assert_eq!(
            limited.restrictions.networks,
            ["10.0.0.0/8".into(), "192.168.1.0/24".into()]
        );
        assert_eq!(limited.restrictions.times_location, "Europe/Berlin".into());
        assert_eq!(
            limited.permissions.subscribe.allow,
            Some(vec!["a.b".into()])
        );
        assert_eq!(limited.permissions.publish.allow, None);
    }
}
