//! Creds files: whatever is read from one can be written, and read again from that.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nats_oam_fuzz::jwt::creds::{Creds, CredsError};
use nats_oam_fuzz::jwt::token::Token;

fuzz_target!(|file: &[u8]| {
    let Ok(creds) = Creds::parse(file) else {
        return;
    };
    let _ = Token::decode(creds.token_text.raw()); // must not panic
    match creds.write() {
        Ok(written) => reads_itself_again(&creds, written.as_bytes()),
        Err(error) => assert!(matches!(
            error,
            CredsError::NoUserSeed | CredsError::DamagedSeed
        )),
    }
});

fn reads_itself_again(creds: &Creds, written: &[u8]) {
    let again = Creds::parse(written).expect("what we write can be read");
    let key = |creds: &Creds| creds.seed.as_ref().map(|seed| seed.public_key());
    assert_eq!(again.token_text, creds.token_text);
    assert_eq!(key(&again), key(creds));
    let rewritten = again.write().expect("what was written can be written");
    assert!(rewritten.as_bytes() == written);
}
