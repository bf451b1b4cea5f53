//! Replies and events of servers: anything may come, nothing panics, and what is shown of it does nothing to a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nats_oam_fuzz::{assert_harmless, sys};

fuzz_target!(|body: &[u8]| {
    for words in sys::read(body) {
        assert_harmless(&words);
    }
    if let Ok(written) = std::str::from_utf8(body) {
        let _ = sys::duration(written); // must not panic
    }
});
