//! What Go's library wrote: read, verified, and written back to the byte from the tree alone.

use nats_oam::jwt::token::Token;

use super::{payload_of, read_by_go, to_decode, views};
use crate::support::skip::needs;
use crate::support::tools::Tool;

#[test]
fn every_token_of_gos_library_verifies_and_is_written_back_to_the_byte() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let tokens = tools.oracle_tokens();

    assert!(tokens.len() > 10);
    for (name, text) in tokens {
        let token = Token::decode(&text).unwrap_or_else(|error| panic!("{name}: {error}"));

        assert_eq!(token.verify(), Ok(()), "{name}");
        // From the tree: the kept text has no part in it.
        assert_eq!(token.tree().to_go_json(), payload_of(&text), "{name}");
        assert_eq!(token.as_read(), token.tree(), "{name}");
        assert_eq!(token.oddities(), [], "{name}");
    }
}

#[test]
fn what_we_show_of_gos_tokens_is_what_go_reads_in_them() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let tokens = tools.oracle_tokens();
    let requests: Vec<_> = tokens.iter().map(|(_, text)| to_decode(text)).collect();

    let answers = tools.ask_oracle(&requests);

    let mut shown = 0;
    for ((name, text), answer) in tokens.iter().zip(answers) {
        let Some(ours) = views::shown(&Token::decode(text).unwrap()) else {
            continue; // of a kind without a view
        };
        shown += 1;
        assert_eq!(
            ours,
            read_by_go::shown(&views::account_named(&answer["claims"])),
            "{name}"
        );
    }
    assert!(shown >= 12, "{shown} tokens have a view");
}
