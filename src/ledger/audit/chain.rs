//! How records hold each other: hash, signature, link and counter of one writer's chain. It touches no file.
//!
//! ```text
//! hash = "sha256:" hex(SHA-256(canonical JSON of the record without hash and sig))
//! sig  = base64url(Ed25519 by kid over the text of hash)         prev = hash of the record before, null in the first
//! line = canonical JSON of the whole record, newline
//! ```
//!
//! A line must be the canonical form of what it says, so that no byte of the file is outside of the hash. The signed text
//! begins with `sha256:`, which neither a token (`eyJ`) nor a server's nonce does: no signature serves for two things.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::verification::Break;
use super::{Digest, Draft, Ending, Fact, Phase, Record, RecordId, Signature, Tool, canonical};
use crate::jwt::keys::PublicKey;
use crate::jwt::signer::Signer;
use crate::ledger::LedgerError;

/// Where a chain goes on: its last record, or nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Tail {
    pub(crate) seq: u64,
    pub(crate) hash: Option<Digest>,
}

impl From<&Record> for Tail {
    fn from(record: &Record) -> Self {
        Self {
            seq: record.seq,
            hash: Some(record.hash),
        }
    }
}

/// What the next record is about.
pub(crate) enum Entry {
    Intent(Box<Draft>),
    Result {
        of: Box<Record>,
        ending: Box<Ending>,
    },
    Fact(Box<Fact>),
}

/// A record and its line, the newline included.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) record: Record,
    pub(crate) line: Vec<u8>,
}

/// Makes the next record of a chain, and reads it back as the next reader will.
pub(crate) fn seal(entry: Entry, tail: Tail, signer: &dyn Signer) -> Result<Sealed, LedgerError> {
    let mut record = unsealed(entry, tail, signer.public_key());
    let mut tree = serde_json::to_value(&record)?;
    record.hash = digest(&mut tree)?;
    record.sig = Signature(signer.sign(record.hash.to_string().as_bytes())?);
    let mut line = canonical(&record)?;
    let read = sound(&line).map_err(LedgerError::Unsound)?;
    follows(&read, tail).map_err(LedgerError::Unsound)?;
    line.push(b'\n');
    // What is given back is what a reader gets: the safe forms.
    Ok(Sealed { record: read, line })
}

fn unsealed(entry: Entry, tail: Tail, writer: PublicKey) -> Record {
    let seq = tail.seq.saturating_add(1);
    let id = RecordId::new(writer, seq);
    let begun = |draft: Draft, phase: Phase| Record {
        id,
        seq,
        writer,
        at: draft.at,
        server_at: draft.server_at,
        action: draft.action,
        phase,
        op: id,
        actor: draft.actor,
        authority: draft.authority,
        target: draft.target,
        reason: draft.reason,
        ticket: draft.ticket,
        change: draft.change,
        effect: None,
        outcome: None,
        error: None,
        tool: Tool {
            version: env!("CARGO_PKG_VERSION").into(),
            policy: draft.policy,
        },
        prev: tail.hash,
        hash: Digest([0; 32]),
        sig: Signature([0; 64]),
        kid: writer,
    };
    match entry {
        Entry::Intent(draft) => begun(*draft, Phase::Intent),
        Entry::Fact(fact) => {
            let (draft, ending) = fact.into_parts();
            ended(begun(draft, Phase::Result), ending)
        }
        Entry::Result { of, ending } => {
            let op = of.op;
            let record = ended(begun(again(*of), Phase::Result), *ending);
            Record { op, ..record }
        }
    }
}

/// What a result says again of its intent; not the change, which stands there.
fn again(intent: Record) -> Draft {
    Draft {
        at: intent.at,
        server_at: intent.server_at,
        action: intent.action,
        actor: intent.actor,
        authority: intent.authority,
        target: intent.target,
        reason: intent.reason,
        ticket: intent.ticket,
        change: None,
        policy: intent.tool.policy,
    }
}

fn ended(record: Record, ending: Ending) -> Record {
    Record {
        at: ending.at,
        server_at: ending.server_at,
        outcome: Some(ending.outcome),
        effect: ending.effect,
        error: ending.error,
        change: ending.change.or(record.change),
        ..record
    }
}

/// Hashes a record's tree; takes `hash` and `sig` out of it.
fn digest(tree: &mut Value) -> Result<Digest, serde_json::Error> {
    if let Some(fields) = tree.as_object_mut() {
        fields.shift_remove("hash");
        fields.shift_remove("sig");
    }
    Ok(Digest(Sha256::digest(canonical(tree)?).into()))
}

/// Reads a line (without its newline) whose form, hash, signature and id hold. Its place in the chain is [`follows`].
pub(crate) fn sound(line: &[u8]) -> Result<Record, Break> {
    let record: Record =
        serde_json::from_slice(line).map_err(|error| Break::not_a_record(&error))?;
    let mut tree: Value =
        serde_json::from_slice(line).map_err(|error| Break::not_a_record(&error))?;
    if canonical(&tree).map_err(|error| Break::not_a_record(&error))? != line {
        return Err(Break::NotCanonical);
    }
    if digest(&mut tree).map_err(|error| Break::not_a_record(&error))? != record.hash {
        return Err(Break::Hash);
    }
    if record.kid != record.writer {
        return Err(Break::ForeignKey { kid: record.kid });
    }
    if !record
        .kid
        .verify(record.hash.to_string().as_bytes(), &record.sig.0)
    {
        return Err(Break::Signature);
    }
    if record.id != RecordId::new(record.writer, record.seq) {
        return Err(Break::Id { written: record.id });
    }
    Ok(record)
}

/// Whether a sound record is the next one after a tail.
pub(crate) fn follows(record: &Record, tail: Tail) -> Result<(), Break> {
    let expected = tail.seq.saturating_add(1);
    if record.seq != expected {
        return Err(Break::Sequence {
            expected,
            found: record.seq,
        });
    }
    if record.prev != tail.hash {
        return Err(Break::Link);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::signer::SignError;
    use crate::ledger::audit::{Detail, Outcome};
    use crate::ledger::tests::{draft, ending, writer};
    use proptest::prelude::*;
    use serde_json::json;

    fn intent() -> Entry {
        Entry::Intent(Box::new(draft("user.revoke")))
    }

    #[test]
    fn a_sealed_record_can_be_checked_with_nothing_but_sha_256_and_ed25519() {
        let signer = writer(1);
        let sealed = seal(intent(), Tail::default(), &signer).unwrap();

        let text = String::from_utf8(sealed.line).unwrap();
        let mut tree: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
        let sig = tree.remove("sig").unwrap();
        let hash = tree.remove("hash").unwrap();
        let hashed = serde_json_canonicalizer::to_vec(&tree).unwrap();
        let sig = data_encoding::BASE64URL_NOPAD
            .decode(sig.as_str().unwrap().as_bytes())
            .unwrap();

        assert_eq!(
            hash.as_str().unwrap(),
            format!(
                "sha256:{}",
                data_encoding::HEXLOWER.encode(&Sha256::digest(hashed))
            )
        );
        assert!(
            signer
                .public_key()
                .verify(hash.as_str().unwrap().as_bytes(), &sig.try_into().unwrap())
        );
        assert!(text.ends_with("}\n") && text.matches('\n').count() == 1);
    }

    #[test]
    fn a_record_has_exactly_the_fields_of_the_contract() {
        let sealed = seal(intent(), Tail::default(), &writer(1)).unwrap();
        let tree: serde_json::Map<String, Value> = serde_json::from_slice(&sealed.line).unwrap();

        let mut contract: Vec<&str> = "id seq writer at server_at action phase op actor authority target reason ticket change \
            effect outcome error tool prev hash sig kid"
            .split_whitespace()
            .collect();
        contract.sort_unstable();
        assert_eq!(tree.keys().collect::<Vec<_>>(), contract);
    }

    #[test]
    fn a_result_says_again_who_and_what_and_points_at_its_intent() {
        let signer = writer(1);
        let intent = seal(intent(), Tail::default(), &signer).unwrap().record;
        let entry = Entry::Result {
            of: Box::new(intent.clone()),
            ending: Box::new(ending()),
        };

        let result = seal(entry, Tail::from(&intent), &signer).unwrap().record;

        assert_eq!(
            (result.op, result.phase, result.seq),
            (intent.id, Phase::Result, 2)
        );
        assert_eq!(
            (&result.actor, &result.target, &result.reason),
            (&intent.actor, &intent.target, &intent.reason)
        );
        assert_eq!(result.prev, Some(intent.hash));
        assert_eq!(result.change, None);
    }

    /// Says that it is one writer and signs as another.
    struct Liar;

    impl Signer for Liar {
        fn public_key(&self) -> PublicKey {
            writer(2).public_key()
        }

        fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
            writer(1).sign(message)
        }
    }

    #[test]
    fn a_signer_that_signs_with_another_key_writes_nothing() {
        let error = seal(intent(), Tail::default(), &Liar).unwrap_err();

        assert!(
            matches!(error, LedgerError::Unsound(Break::Signature)),
            "{error}"
        );
    }

    #[test]
    fn a_detail_too_deep_to_be_read_back_is_refused() {
        let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
        let Draft {
            at, action, actor, ..
        } = draft("x.y");
        let fact = Fact {
            at,
            action,
            actor,
            target: Vec::new(),
            outcome: Outcome::Verified,
            effect: Detail::from(deep),
        };

        let error = seal(Entry::Fact(Box::new(fact)), Tail::default(), &writer(1)).unwrap_err();

        assert!(
            matches!(error, LedgerError::Unsound(Break::NotARecord { .. })),
            "{error}"
        );
    }

    /// A record as its writer could have made it, had he another program: any field, and hash and signature right.
    fn forged(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let signer = writer(1);
        let record = seal(intent(), Tail::default(), &signer).unwrap().record;
        let mut tree = serde_json::to_value(record).unwrap();
        change(&mut tree);
        let hash = digest(&mut tree).unwrap();
        tree["hash"] = json!(hash);
        tree["sig"] = json!(Signature(signer.sign(hash.to_string().as_bytes()).unwrap()));
        canonical(&tree).unwrap()
    }

    #[test]
    fn a_field_of_a_later_version_is_hashed_and_read_over() {
        let line = forged(|tree| tree["later"] = json!({"b": 1}));

        assert_eq!(sound(&line).unwrap().seq, 1);
        let altered = String::from_utf8(line)
            .unwrap()
            .replace("\"b\":1", "\"b\":2");
        assert_eq!(sound(altered.as_bytes()), Err(Break::Hash));
    }

    #[test]
    fn a_line_that_says_the_same_in_another_form_is_no_record() {
        let line = String::from_utf8(forged(|_| ())).unwrap();

        for other in [
            line.replacen('{', "{ ", 1),
            line.replace("user.revoke", "user\\u002erevoke"),
            line.replace("\"seq\":1", "\"seq\":1.0"),
            line.replace("\"seq\":1", "\"seq\":1,\"seq\":1"),
            format!("{line} "),
        ] {
            assert!(
                matches!(
                    sound(other.as_bytes()),
                    Err(Break::NotCanonical | Break::NotARecord { .. })
                ),
                "{other}"
            );
        }
        assert_eq!(
            sound(line.replacen('{', "{ ", 1).as_bytes()),
            Err(Break::NotCanonical)
        );
    }

    #[test]
    fn the_names_of_a_record_fit_its_writer() {
        let other = writer(2).public_key();
        let id = RecordId::new(other, 1);

        assert_eq!(
            sound(&forged(|tree| tree["id"] = json!(id))),
            Err(Break::Id { written: id })
        );
        assert_eq!(
            sound(&forged(|tree| tree["kid"] = json!(other))),
            Err(Break::ForeignKey { kid: other })
        );
        let both = forged(|tree| (tree["kid"], tree["writer"]) = (json!(other), json!(other)));
        assert_eq!(sound(&both), Err(Break::Signature));
    }

    #[test]
    fn a_record_follows_only_the_one_whose_hash_it_has() {
        let signer = writer(1);
        let first = Tail::from(&seal(intent(), Tail::default(), &signer).unwrap().record);
        let second = seal(intent(), first, &signer).unwrap().record;
        let other = Tail {
            hash: Some(Digest([7; 32])),
            ..first
        };

        assert_eq!(follows(&second, first), Ok(()));
        assert_eq!(follows(&second, other), Err(Break::Link));
        assert_eq!(
            follows(&second, Tail::default()),
            Err(Break::Sequence {
                expected: 1,
                found: 2
            })
        );
        assert_eq!(
            follows(&second, Tail::from(&second)),
            Err(Break::Sequence {
                expected: 3,
                found: 2
            })
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(sound(&bytes).is_err());
        }

        #[test]
        fn no_damage_to_a_line_goes_unnoticed_and_none_makes_the_reader_panic(at in any::<prop::sample::Index>(), with in any::<u8>(), insert in any::<bool>()) {
            let mut line = seal(intent(), Tail::default(), &writer(1)).unwrap().line;
            line.pop();
            let at = at.index(line.len());
            if insert {
                line.insert(at, with);
            } else if line[at] == with {
                line.remove(at);
            } else {
                line[at] = with;
            }

            prop_assert!(sound(&line).is_err());
        }
    }
}
