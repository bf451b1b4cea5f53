//! The store after a push: it follows the servers, and loses nothing of its own.

use crate::jwt::edit::{self, Edit, Value};
use crate::jwt::signer::Signer;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::store::{Store, StoreError, Stored};

use super::account_steps::SignAccount;
use super::enforce::Pushed;
use super::plan::Warning;
use super::rivals::same_content;

/// Writes what was pushed into the store. Where the store has edits of its own, the same edit is made on its tree and signed
/// later; an account that it does not have is not added.
pub(super) fn follow(
    store: &dyn Store,
    sign: &SignAccount,
    pushed: &Pushed,
    edits: &[Edit],
    signer: Option<&dyn Signer>,
) -> Result<Option<Warning>, StoreError> {
    let of = Stored::Account(sign.account);
    let held = match store.token(&of) {
        Ok(held) => held,
        Err(StoreError::NotFound { .. }) => {
            let what = format!("the store does not have {}; it was not added", sign.name);
            return Ok(Some(Warning::new("not_in_store", what)));
        }
        Err(error) => return Err(error),
    };
    if held.revision() == pushed.token.revision() {
        return Ok(None);
    }
    let followed = |token: &Token| same_content(held.tree(), token.tree());
    if pushed.replaced.iter().any(followed) {
        store.write(&of, &pushed.token, Some(held.revision()))?;
        return Ok(None);
    }
    let edited = edit::apply(&held, &as_pushed(edits, &pushed.token), UnixTime::default());
    if same_content(&edited, pushed.token.tree()) {
        // It lacked nothing but this: an act was cut off before it came to the store.
        store.write(&of, &pushed.token, Some(held.revision()))?;
        return Ok(None);
    }
    let differs = |what: &str| {
        let what = format!(
            "the store's {} has edits that the servers do not have; {what}",
            sign.name
        );
        Ok(Some(Warning::new("store_differs", what)))
    };
    let Some(signer) = signer else {
        return differs("it was left as it is, since nobody here signs for it");
    };
    let pushed_at = pushed.token.envelope().issued_at.unwrap_or_default();
    let held_at = held.envelope().issued_at.unwrap_or_default();
    let at = UnixTime(pushed_at.max(held_at).0.saturating_add(1));
    let own = Token::issue(&edited, signer, at)?;
    store.write(&of, &own, Some(held.revision()))?;
    differs("they were kept, and the same edit made there")
}

/// The edits with what came of them: a time that the servers gave is the same in the store.
fn as_pushed(edits: &[Edit], pushed: &Token) -> Vec<Edit> {
    let fixed = |edit: &Edit| {
        let path: Vec<&str> = edit.path.iter().map(String::as_str).collect();
        match pushed.as_read().at(&path) {
            Some(value) => Edit::set(edit.path.clone(), Value::Given(value.clone())),
            None => Edit::remove(edit.path.clone()),
        }
    };
    edits.iter().map(fixed).collect()
}
