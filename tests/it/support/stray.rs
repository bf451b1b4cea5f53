//! A user that no store and no keyring has: only its creds exist.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nats_oam::jwt::fresh;
use nats_oam::jwt::keys::KeyKind;
use nats_oam::jwt::signer::Signer as _;
use nats_oam::jwt::token::Token;
use nats_oam::store::keyring::{Keyring, NewKey};
use nats_oam::store::{CredsPlace, Store};

use super::world::{Tenant, World};

/// Makes one with the plain key of an account; gives its token, and its creds in a folder.
pub fn stray(
    world: &World,
    tenant: &Tenant,
    store: &Arc<dyn Store>,
    name: &str,
    folder: &Path,
) -> (Token, PathBuf) {
    let of_a = tenant.token("a");
    let (plain, at) = (of_a.envelope().issuer, of_a.envelope().issued_at.unwrap());
    let signer = Keyring::new(world.description().keystore_dir)
        .signer(plain)
        .unwrap();
    let key = NewKey::random(KeyKind::User).unwrap();
    let id = key.public_key().try_into().unwrap();
    let tree = fresh::user(&name.into(), id, Some(tenant.id));
    let token = Token::issue(&tree, &signer, at).unwrap();
    let place = CredsPlace::File(folder.join("stray.creds"));
    let path = store.write_creds(&token, Some(&key), &place).unwrap();
    (token, path)
}
