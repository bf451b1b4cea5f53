use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::jwt::token::Token;
use crate::test_support::shared;

/// A user seed from the documentation of NATS clients; nobody trusts its key.
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const TOKEN: &str = "eyJ0eXAiOiJKV1QifQ.eyJuYW1lIjoid29ya2VyIn0.c2lnbmF0dXJl";

fn creds_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            creds_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn block(label: &str, value: &str) -> String {
    format!("-----BEGIN {label}-----\n{value}\n------END {label}------\n")
}

fn seed_of(file: &str) -> Option<String> {
    let seed = Creds::parse(file.as_bytes()).unwrap().seed;
    seed.map(|seed| seed.expose_seed().to_owned())
}

fn error_of(file: &str) -> CredsError {
    Creds::parse(file.as_bytes()).unwrap_err()
}

#[test]
fn every_file_that_nsc_made_is_read_and_written_back_byte_for_byte() {
    let mut files = vec![shared("fixtures/nsc/sigma/anna.creds")];
    creds_below(&shared("fixtures/nsc/omega/keys/creds"), &mut files);
    assert_eq!(files.len(), 21);
    for path in files {
        let file = fs::read(&path).unwrap();
        let creds = Creds::parse(&file).unwrap();

        let written = creds.write().unwrap();

        let token = Token::decode(creds.token_text.raw()).unwrap();
        let seed = creds.seed.as_ref().unwrap();
        assert!(written.as_bytes() == file, "{}", path.display());
        assert_eq!(seed.public_key().unwrap(), token.envelope().subject);
    }
}

#[test]
fn a_seed_gives_the_public_key_that_nkeys_gives() {
    for pair in [
        nkeys::KeyPair::new_user(),
        nkeys::KeyPair::new_account(),
        nkeys::KeyPair::new_operator(),
    ] {
        let seed = Seed::new(Zeroizing::new(pair.seed().unwrap())).unwrap();

        assert_eq!(seed.public_key().unwrap().to_string(), pair.public_key());
    }
}

#[test]
fn a_seed_with_one_wrong_letter_is_kept_but_has_no_public_key() {
    assert!(
        Seed::new(Zeroizing::new(SEED.to_owned()))
            .unwrap()
            .public_key()
            .is_ok()
    );
    let creds = Creds::parse(
        (block("NATS USER JWT", TOKEN) + &block("USER NKEY SEED", &SEED.replace("SSL3", "SSL4")))
            .as_bytes(),
    )
    .unwrap();

    let seed = creds.seed.as_ref().unwrap();

    assert_eq!(seed.public_key(), Err(CredsError::DamagedSeed));
    assert_eq!(creds.write().unwrap_err(), CredsError::DamagedSeed);
}

#[test]
fn labels_stars_and_line_ends_do_not_matter() {
    let plain = format!("---x---\n{TOKEN}\n------\nwords ---y---\n{SEED}\n---z---");
    let crlf = plain.replace('\n', "\r\n");

    for file in [plain, crlf] {
        let creds = Creds::parse(file.as_bytes()).unwrap();

        assert_eq!(creds.token_text.raw(), TOKEN);
        assert_eq!(creds.seed.unwrap().expose_seed(), SEED);
    }
}

#[test]
fn a_blank_line_inside_a_block_breaks_it() {
    let file = format!("---x---\n\n{TOKEN}\n---x---\n");

    assert_eq!(error_of(&file), CredsError::NoToken);
}

#[test]
fn a_third_block_is_not_looked_at() {
    let other = nkeys::KeyPair::new_user().seed().unwrap();
    let file = [block("A", TOKEN), block("B", SEED), block("C", &other)].concat();

    assert_eq!(seed_of(&file).as_deref(), Some(SEED));
}

#[test]
fn a_bare_token_is_a_token_without_a_seed() {
    let creds = Creds::parse(format!("{TOKEN}\n").as_bytes()).unwrap();

    assert_eq!(creds.token_text.raw(), TOKEN);
    assert_eq!(creds.write().unwrap_err(), CredsError::NoUserSeed);
}

#[test]
fn what_has_not_three_parts_is_no_token() {
    for text in [
        "", "a", "a.b", "a.b.", ".b.c", "a.b.c.d", "a.b.c.", "a.b c.d", "a.b.ü",
    ] {
        assert_eq!(error_of(text), CredsError::NoToken, "{text}");
    }
}

#[test]
fn a_seed_outside_a_block_is_found_only_at_the_start_of_a_line() {
    let token = block("NATS USER JWT", TOKEN);

    assert_eq!(
        seed_of(&format!("{token}{SEED}\r\n")).as_deref(),
        Some(SEED)
    );
    assert_eq!(seed_of(&format!("{token}  {SEED}\n")), None);
}

#[test]
fn a_seed_never_ends_up_as_the_token() {
    let seed_first = block("USER NKEY SEED", SEED) + &block("NATS USER JWT", TOKEN);

    assert_eq!(error_of(SEED), CredsError::NoToken);
    assert_eq!(
        error_of(&block("USER NKEY SEED", SEED)),
        CredsError::NoToken
    );
    assert_eq!(error_of(&seed_first), CredsError::NoToken);
}

#[test]
fn an_account_seed_is_not_written_into_a_users_creds() {
    let seed = nkeys::KeyPair::new_account().seed().unwrap();
    let file = block("NATS USER JWT", TOKEN) + &block("ACCOUNT NKEY SEED", &seed);

    let creds = Creds::parse(file.as_bytes()).unwrap();

    assert_eq!(creds.write().unwrap_err(), CredsError::NoUserSeed);
}

#[test]
fn creds_are_not_shown_by_debug() {
    let file = block("NATS USER JWT", TOKEN) + &block("USER NKEY SEED", SEED);

    let shown = format!("{:?}", Creds::parse(file.as_bytes()).unwrap());

    assert_eq!(shown, "Creds(with seed)");
}

#[test]
fn a_file_over_the_limit_is_refused_before_it_is_read() {
    let bytes = MAX_CREDS_BYTES + 1;

    assert_eq!(
        Creds::parse(&vec![b'-'; bytes]).unwrap_err(),
        CredsError::TooLarge { bytes }
    );
    assert_eq!(
        Creds::parse(&b"-\n".repeat(bytes / 2)).unwrap_err(),
        CredsError::NoToken
    );
}

/// The expression of Go, with its classes spelled for bytes.
static GO: LazyLock<regex::bytes::Regex> = LazyLock::new(|| {
    regex::bytes::Regex::new(
        r"(?-u)\s*(?:(?:[-]{3,}.*[-]{3,}\r?\n)([\w\-.=]+)(?:\r?\n[-]{3,}.*[-]{3,}(\r?\n|\z)))",
    )
    .unwrap()
});

fn by_regex(file: &[u8]) -> Vec<Vec<u8>> {
    GO.captures_iter(file)
        .map(|found| found[1].to_vec())
        .collect()
}

fn file_of_odd_lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => "-{1,8}", 4 => "---[ab-]{0,3}---", 4 => "[a.=_-]{1,3}", 1 => " ?---x---", 1 => "x?", 1 => "---\r?---",
    ];
    let end = prop_oneof![4 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r"), 1 => Just("")];
    prop::collection::vec((line, end), 0..10).prop_map(|lines| {
        lines
            .into_iter()
            .flat_map(|(line, end)| (line + end).into_bytes())
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn blocks_are_those_of_the_regular_expression(file in file_of_odd_lines()) {
        let blocks: Vec<_> = Blocks::of(&file).map(<[u8]>::to_vec).collect();

        prop_assert_eq!(blocks, by_regex(&file));
    }

    #[test]
    fn random_bytes_never_panic(file in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(creds) = Creds::parse(&file) {
            prop_assert!(creds.token_text.raw().split('.').count() == 3);
        }
    }
}
