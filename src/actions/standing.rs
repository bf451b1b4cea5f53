//! What we may do by what we hold: the tier, worked out in one place for the header of the console, for `status` and for keys
//! that are dim. It promises nothing: an act is refused by its own checks.

use std::collections::BTreeSet;

use super::action::Standing;
use super::ports::Ports;
use super::spec::Tier;
use crate::jwt::keys::{KeyKind, PublicKey};
use crate::jwt::operator::Operator;
use crate::sys::{Right, Sys};

/// Works out tier and access.
pub fn standing(
    ports: &Ports,
    operator: Option<&Operator>,
    held: &BTreeSet<PublicKey>,
) -> Standing {
    Standing {
        tier: tier(ports.sys.as_deref(), operator, held),
        access: ports.context.access,
    }
}

/// The highest tier whose needs are met (DESIGN section 1).
fn tier(sys: Option<&dyn Sys>, operator: Option<&Operator>, held: &BTreeSet<PublicKey>) -> Tier {
    let rights = sys.map(|sys| &sys.me().rights);
    let may = |right| rights.is_some_and(|rights| rights.has(right));
    if operator.is_some_and(|operator| held.contains(&operator.id.key())) {
        Tier::Operator
    } else if may(Right::Push) && operator.is_some_and(|operator| signs(operator, held)) {
        Tier::Change
    } else if held.iter().any(|key| key.kind == KeyKind::Account) {
        Tier::Issue
    } else if may(Right::Kick) {
        Tier::Kick
    } else if sys.is_some() {
        Tier::Look
    } else {
        Tier::Offline
    }
}

fn signs(operator: &Operator, held: &BTreeSet<PublicKey>) -> bool {
    held.iter().any(|key| operator.may_sign_accounts(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::keys::{AccountId, OperatorId};

    fn operator() -> (Operator, PublicKey) {
        let id = OperatorId::from_bytes([1; 32]);
        let signing = OperatorId::from_bytes([2; 32]).key();
        let operator = Operator {
            id,
            name: "acme".into(),
            issuer: id.key(),
            issued_at: None,
            expires_at: None,
            signing_keys: vec![signing],
            system_account: None,
            service_urls: Vec::new(),
            account_server_url: "".into(),
            strict: true,
            tags: Vec::new(),
        };
        (operator, signing)
    }

    #[test]
    fn without_servers_the_keys_alone_decide() {
        let (operator, signing) = operator();
        let account = AccountId::from_bytes([3; 32]).key();
        let with = |keys: &[PublicKey]| {
            let held = keys.iter().copied().collect();
            tier(None, Some(&operator), &held)
        };

        assert_eq!(with(&[]), Tier::Offline);
        assert_eq!(with(&[account]), Tier::Issue);
        // It could sign, and nobody would take it.
        assert_eq!(with(&[signing]), Tier::Offline);
        assert_eq!(with(&[operator.id.key(), account]), Tier::Operator);
    }
}
