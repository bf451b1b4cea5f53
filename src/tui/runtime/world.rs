//! Opens the world for the screen: what was found, in words of the screen, and what we may do with it. It keeps nothing.

use crate::actions::opening::{Opened, Opening, open};
use crate::actions::ports::Ports;
use crate::actions::spec::Tier;
use crate::explain::{Explain as _, Explanation};
use crate::jwt::keys::KeyKind;
use crate::jwt::operator::Operator;
use crate::store::Stored;
use crate::sys::Right;
use crate::tui::app::model::Found;

/// Opens everything that can be. Blocks on the disk now and then, so it runs beside the screen.
pub(super) async fn find(opening: Opening) -> Result<(Ports, Found), Explanation> {
    let Opened {
        ports,
        login,
        operator,
        problems,
    } = open(opening).await.map_err(|error| error.explain())?;
    let held = ports
        .store
        .as_ref()
        .and_then(|store| store.token(&Stored::Operator).ok());
    let name = held.as_ref().map(|token| token.envelope().name.clone());
    let found = Found {
        operator: name.or_else(|| operator.map(|operator| operator.key().short().into())),
        login,
        tier: tier(&ports),
        census: ports.sys.as_ref().map(|sys| sys.census().borrow().clone()),
        problems,
    };
    Ok((ports, found))
}

/// What we can do depends on what we hold: keys of the keyring, and what the servers let our user do.
fn tier(ports: &Ports) -> Tier {
    let Some(sys) = &ports.sys else {
        return Tier::Offline;
    };
    let held = ports
        .store
        .as_ref()
        .map(|store| (store.held(), store.token(&Stored::Operator).ok()));
    if let Some((keys, Some(token))) = &held
        && sys.me().rights.has(Right::Push)
        && let Ok(operator) = Operator::of(token)
    {
        if keys.keys.contains(&operator.id.key()) {
            return Tier::Operator;
        }
        if operator
            .signing_keys
            .iter()
            .any(|key| keys.keys.contains(key))
        {
            return Tier::Change;
        }
    }
    if held.is_some_and(|(held, _)| held.keys.iter().any(|key| key.kind == KeyKind::Account)) {
        return Tier::Issue;
    }
    if sys.me().rights.has(Right::Kick) {
        Tier::Kick
    } else {
        Tier::Look
    }
}
