//! A diagnosis for tests of those who show one: a revoked user on two servers, of which one has an old token of the account.

use std::sync::Arc;

use super::attempt::Attempt;
use super::credential::{Credential, Seed};
use super::ground::{Ground, Server, Standpoint};
use super::judge::{Diagnosis, judge};
use crate::actions::survey::row_of;
use crate::inventory::account::AccountRow;
use crate::inventory::server::{Strictness, Trust, TrustedOperator};
use crate::inventory::told::Here;
use crate::jwt::json::Node;
use crate::jwt::release::Release;
use crate::jwt::signer::Signer as _;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;
use crate::test_support::{account, account_signer, operator_signer, user};

const ISSUED: i64 = 1_795_400_000;

fn row(revocations: Node, at: i64) -> Arc<AccountRow> {
    let limits = Node::object([("conn", Node::from(-1))]);
    let tree = account("ORDERS", [("limits", limits), ("revocations", revocations)]);
    row_of(&Token::issue(&tree, &operator_signer(), UnixTime(at)).unwrap()).unwrap()
}

fn server(name: &str, row: Arc<AccountRow>) -> Server {
    Server {
        at: standpoint(Some(name)),
        name: name.into(),
        here: Here::Enforced(row),
    }
}

fn standpoint(server: Option<&str>) -> Standpoint {
    Standpoint {
        server: server.map(Into::into),
        trust: Some(Trust(vec![TrustedOperator {
            identity: operator_signer().public_key().try_into().unwrap(),
            signing_keys: Vec::new(),
            strictness: Strictness::IdentityToo,
        }])),
        release: Release::default(),
        now: UnixTime(ISSUED + 7_200).timestamp(),
    }
}

pub(crate) fn revoked() -> Diagnosis {
    let source = ("src", Node::strings(["10.0.0.0/8"]));
    let tree = user("worker", [source]);
    let token = Token::issue(&tree, &account_signer(), UnixTime(ISSUED)).unwrap();
    let id = token.envelope().subject;
    let mut credential = Credential::of_token(token, Seed::Of(id));
    credential.reference = Some(id.to_string());
    let revocation = Node::object([(id.to_string().as_str(), Node::from(ISSUED + 60))]);
    let (new, old) = (
        row(revocation, ISSUED + 60),
        row(Node::EMPTY_OBJECT, ISSUED),
    );
    let ground = Ground {
        store: standpoint(None),
        stored: Some(Arc::clone(&new)),
        servers: Some(vec![server("n1", new), server("n2", old)]),
    };
    judge(&credential, &ground, &Attempt::default())
}
