//! Opens the world for the screen: what was found, in words of the screen, and what we may do with it. It keeps nothing.

use std::collections::BTreeSet;

use crate::actions::opening::{Opened, Opening, open};
use crate::actions::ports::Ports;
use crate::actions::spec::Tier;
use crate::actions::standing::standing;
use crate::explain::{Explain as _, Explanation};
use crate::jwt::keys::PublicKey;
use crate::jwt::operator::Operator;
use crate::jwt::token::Token;
use crate::store::Stored;
use crate::tui::app::model::Found;

/// Opens everything that can be. Blocks on the disk now and then, so it runs beside the screen.
pub(super) async fn find(opening: Opening) -> Result<(Ports, Found), Explanation> {
    let Opened {
        ports,
        login,
        operator,
        problems,
        ..
    } = open(opening).await.map_err(|error| error.explain())?;
    let held = ports
        .store
        .as_ref()
        .and_then(|store| store.token(&Stored::Operator).ok());
    let name = held.as_ref().map(|token| token.envelope().name.clone());
    let found = Found {
        operator: name.or_else(|| operator.map(|operator| operator.key().short().into())),
        login,
        tier: tier(&ports, held.as_ref()),
        census: ports.sys.as_ref().map(|sys| sys.census().borrow().clone()),
        problems,
    };
    Ok((ports, found))
}

fn tier(ports: &Ports, operator: Option<&Token>) -> Tier {
    let operator = operator.and_then(|token| Operator::of(token).ok());
    let held = ports.store.as_ref().map(|store| store.held().keys);
    let held: BTreeSet<PublicKey> = held.unwrap_or_default().into_iter().collect();
    standing(ports, operator.as_ref(), &held).tier
}
