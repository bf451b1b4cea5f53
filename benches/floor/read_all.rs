//! The floor of every list of users: reads and decodes the files of a folder, two threads a core, and keeps nothing.
#![expect(
    clippy::print_stdout,
    reason = "how many there were is all that it says"
)]

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

/// What a list of users has to know of one.
#[derive(Deserialize)]
struct User<'a> {
    #[serde(borrow)]
    sub: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    iss: Cow<'a, str>,
    iat: i64,
    #[serde(borrow)]
    nats: Body<'a>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, rename = "pub")]
    publish: Rules<'a>,
    #[serde(borrow, rename = "sub")]
    subscribe: Rules<'a>,
    subs: i64,
    data: i64,
    payload: i64,
}

#[derive(Deserialize)]
struct Rules<'a> {
    #[serde(borrow)]
    allow: Vec<Cow<'a, str>>,
}

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).unwrap_or_default();
    let files = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    let (next, decoded) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let threads = 2 * thread::available_parallelism()?.get();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let (mut text, mut payload) = (Vec::new(), Vec::new());
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let whole = read(path, &mut text).is_ok() && is_user(&text, &mut payload);
                    decoded.fetch_add(usize::from(whole), Ordering::Relaxed);
                }
            });
        }
    });
    println!("{}", decoded.into_inner());
    Ok(())
}

fn read(path: &PathBuf, text: &mut Vec<u8>) -> io::Result<usize> {
    text.clear();
    File::open(path)?.read_to_end(text)
}

fn is_user(token: &[u8], payload: &mut Vec<u8>) -> bool {
    let Some(part) = token.split(|byte| *byte == b'.').nth(1) else {
        return false;
    };
    let Ok(length) = BASE64URL_NOPAD.decode_len(part.len()) else {
        return false;
    };
    payload.resize(length, 0);
    if BASE64URL_NOPAD.decode_mut(part, payload).is_err() {
        return false;
    }
    serde_json::from_slice::<User<'_>>(payload).is_ok_and(|user| {
        let Body {
            publish, subscribe, ..
        } = &user.nats;
        let rules = publish.allow.len() + subscribe.allow.len();
        let names = [&user.sub, &user.name, &user.iss];
        let is_unlimited = user.nats.subs + user.nats.data + user.nats.payload == -3;
        user.iat > 0 && rules == 4 && is_unlimited && names.iter().all(|name| !name.is_empty())
    })
}
