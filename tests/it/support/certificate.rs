//! A certificate for 127.0.0.1 that vouches for itself, written by hand: no tool has to be there for it, and no key lies in
//! the repository. Source: RFC 5280, RFC 8410.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const ADDRESS: u8 = 0x87;

/// With their tags: `1.3.101.112`, `2.5.4.3`, `2.5.29.17`.
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
const ALSO_NAMED: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x11];

/// The files of a certificate and its key.
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    pub fn write(folder: &Path) -> Self {
        let key = SigningKey::from_bytes(&[7; 32]);
        let told = told(key.verifying_key().as_bytes());
        let signature = key.sign(&told).to_bytes();
        let whole = seq(&[&told, &seq(&[&ED25519]), &bits(&signature)]);
        let seed = der(OCTET_STRING, &[&der(OCTET_STRING, &[key.as_bytes()])]);
        let private = seq(&[&der(INTEGER, &[&[0]]), &seq(&[&ED25519]), &seed]);
        let files = Self {
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        };
        fs::write(&files.certificate, pem("CERTIFICATE", &whole)).unwrap();
        fs::write(&files.key, pem("PRIVATE KEY", &private)).unwrap();
        files
    }
}

/// What is signed: who, until when, with which key, at which address.
fn told(key: &[u8]) -> Vec<u8> {
    let named = seq(&[&COMMON_NAME, &der(UTF8, &[b"lone"])]);
    let name = seq(&[&der(SET, &[&named])]);
    let from = der(UTC_TIME, &[b"200101000000Z"]);
    let until = der(UTC_TIME, &[b"491231235959Z"]);
    let address = seq(&[&der(ADDRESS, &[&[127, 0, 0, 1]])]);
    let also = seq(&[&ALSO_NAMED, &der(OCTET_STRING, &[&address])]);
    seq(&[
        &der(VERSION, &[&der(INTEGER, &[&[2]])]),
        &der(INTEGER, &[&[1]]),
        &seq(&[&ED25519]),
        &name,
        &seq(&[&from, &until]),
        &name,
        &seq(&[&seq(&[&ED25519]), &bits(key)]),
        &der(EXTENSIONS, &[&seq(&[&also])]),
    ])
}

fn seq(parts: &[&[u8]]) -> Vec<u8> {
    der(SEQUENCE, parts)
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    der(BIT_STRING, &[&[0], bytes])
}

/// A value of at most 64 KiB.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut value = vec![tag];
    value.extend(match (high, low) {
        (0, ..0x80) => vec![low],
        (0, _) => vec![0x81, low],
        (_, _) => vec![0x82, high, low],
    });
    value.extend(content);
    value
}

fn pem(what: &str, der: &[u8]) -> String {
    let body = BASE64.encode(der);
    format!("-----BEGIN {what}-----\n{body}\n-----END {what}-----\n")
}
