//! `config.toml`: read, or refused in one line of words that do nothing to a terminal.
#![no_main]

use std::{env, fs};

use libfuzzer_sys::fuzz_target;
use nats_oam_fuzz::assert_harmless;
use nats_oam_fuzz::config::Config;
use nats_oam_fuzz::explain::Explain;

fuzz_target!(|text: &[u8]| {
    // The runner's own folder: one for each input would be all that is measured.
    let folder = env::temp_dir();
    fs::write(folder.join("config.toml"), text).expect("a file in a folder of ours");
    if let Err(error) = Config::read(&folder) {
        let told = error.explain();
        assert_harmless(&told.what);
        assert!(
            !told.next.is_empty(),
            "{error} without a word on what to do"
        );
    }
});
