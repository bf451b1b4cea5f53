//! What becomes of an edit when another admin pushed the same account at the same moment: one token that holds both. Pure, and
//! the same for both admins, so that they come to the same token instead of overwriting each other for ever.

use std::collections::BTreeMap;

use crate::jwt::edit::{Edit, EditOp, Value};
use crate::jwt::json::Node;
use crate::jwt::time::UnixTime;
use crate::jwt::token::Token;

const REVOCATIONS: [&str; 2] = ["nats", "revocations"];

/// What a token of both admins begins from, and what has to be added to it.
#[derive(Clone, Debug)]
pub(super) struct Meeting {
    pub(super) base: Token,
    /// None: the base says all of it.
    pub(super) edits: Vec<Edit>,
    /// A token that is made of it has to be younger than this.
    pub(super) youngest: UnixTime,
}

/// Joins what was pushed by us with what others pushed, each on what was planned on. The youngest token of the others is kept
/// with all that it says, and every revocation that anybody added is added to it.
pub(super) fn meet(planned: &Token, ours: &Token, rivals: &[Token], edits: &[Edit]) -> Meeting {
    let all = || rivals.iter().chain([ours]);
    let theirs = rivals.iter().max_by_key(|token| age(token)).unwrap_or(ours);
    let base = if same_content(ours.tree(), theirs.tree()) {
        // Both admins hold both tokens now, and have to take the same.
        std::cmp::max_by_key(ours, theirs, |token| age(token))
    } else {
        theirs
    };
    let mut added: BTreeMap<String, i64> = BTreeMap::new();
    for (user, at) in all().flat_map(revocations) {
        let known = revoked_at(planned, &user).max(revoked_at(base, &user));
        let newest = added.get(&user).copied().or(known);
        if newest.is_none_or(|newest| newest < at) {
            added.insert(user, at);
        }
    }
    let additions = added.into_iter().map(|(user, at)| {
        let [body, list] = REVOCATIONS;
        Edit::set([body, list, &user], Value::Given(Node::from(at)))
    });
    let own = edits.iter().filter(|edit| !is_outdone(edit, base)).cloned();
    Meeting {
        base: base.clone(),
        edits: additions.chain(own).collect(),
        youngest: all()
            .filter_map(|token| token.envelope().issued_at)
            .max()
            .unwrap_or_default(),
    }
}

/// By which of two tokens is taken: the younger; of one second, whichever, but everywhere the same.
pub(super) fn age(token: &Token) -> (Option<UnixTime>, crate::jwt::token::Revision) {
    (token.envelope().issued_at, token.revision())
}

/// Whether two trees say the same but for who signed them and when.
pub(super) fn same_content(a: &Node, b: &Node) -> bool {
    let content = |tree: &Node| match tree {
        Node::Object(pairs) => Node::Object(
            pairs
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "iat" | "iss" | "jti"))
                .cloned()
                .collect(),
        ),
        other => other.clone(),
    };
    content(a) == content(b)
}

fn revocations(token: &Token) -> Vec<(String, i64)> {
    let Some(Node::Object(entries)) = token.as_read().at(&REVOCATIONS) else {
        return Vec::new();
    };
    let entry = |(user, at): &(String, Node)| Some((user.clone(), at.as_i64()?));
    entries.iter().filter_map(entry).collect()
}

fn revoked_at(token: &Token, user: &str) -> Option<i64> {
    let [body, list] = REVOCATIONS;
    token.as_read().at(&[body, list, user])?.as_i64()
}

/// Whether an edit is a revocation that already reaches further: none is ever lowered.
fn is_outdone(edit: &Edit, base: &Token) -> bool {
    let path: Vec<&str> = edit.path.iter().map(String::as_str).collect();
    match (&edit.op, path.as_slice()) {
        (EditOp::Set(Value::Given(at)), ["nats", "revocations", user]) => {
            revoked_at(base, user) >= at.as_i64()
        }
        (EditOp::Set(_) | EditOp::Remove, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::edit::apply;
    use crate::jwt::fresh;
    use crate::jwt::keys::{AccountId, KeyKind};
    use crate::jwt::signer::Signer as _;
    use crate::store::keyring::NewKey;

    const A: &str = "UA";
    const B: &str = "UB";

    struct Operator(NewKey);

    impl Operator {
        fn new() -> Self {
            Self(NewKey::random(KeyKind::Operator).unwrap())
        }

        fn planned(&self) -> Token {
            let key = NewKey::random(KeyKind::Account).unwrap();
            let id = AccountId::try_from(key.public_key()).unwrap();
            Token::issue(&fresh::account(&"T".into(), id), &self.0, UnixTime(100)).unwrap()
        }

        fn edited(&self, base: &Token, edits: &[Edit], at: i64) -> Token {
            Token::issue(&apply(base, edits, UnixTime(at)), &self.0, UnixTime(at)).unwrap()
        }
    }

    fn revoke(user: &str, at: i64) -> Edit {
        Edit::set(["nats", "revocations", user], Value::Given(Node::from(at)))
    }

    fn described(what: &str) -> Edit {
        Edit::set(["nats", "description"], Value::Given(Node::from(what)))
    }

    #[test]
    fn two_who_meet_come_to_the_same_token() {
        let operator = Operator::new();
        let planned = operator.planned();
        let (ours, theirs) = ([revoke(A, 101)], [revoke(B, 101)]);
        let one = operator.edited(&planned, &ours, 101);
        let two = operator.edited(&planned, &theirs, 101);

        let here = meet(&planned, &one, std::slice::from_ref(&two), &ours);
        let there = meet(&planned, &two, std::slice::from_ref(&one), &theirs);

        let [here, there] =
            [here, there].map(|met| operator.edited(&met.base, &met.edits, met.youngest.0 + 1));
        assert_eq!(here.revision(), there.revision());
        assert_eq!(
            revoked_at(&here, A).zip(revoked_at(&here, B)),
            Some((101, 101))
        );
    }

    #[test]
    fn two_tokens_that_say_the_same_are_settled_alike_on_both_sides() {
        let operator = Operator::new();
        let planned = operator.planned();
        let edits = [revoke(A, 101)];
        let (older, younger) = (
            operator.edited(&planned, &edits, 102),
            operator.edited(&planned, &edits, 103),
        );

        let here = meet(&planned, &older, std::slice::from_ref(&younger), &edits);
        let there = meet(&planned, &younger, std::slice::from_ref(&older), &edits);

        for met in [here, there] {
            assert_eq!(met.base.revision(), younger.revision());
            assert!(met.edits.is_empty());
        }
    }

    #[test]
    fn what_a_rival_wrote_beside_revocations_is_kept() {
        let operator = Operator::new();
        let planned = operator.planned();
        let edits = [revoke(A, 101)];
        let ours = operator.edited(&planned, &edits, 105);
        let theirs = operator.edited(&planned, &[described("theirs")], 101);

        let met = meet(&planned, &ours, std::slice::from_ref(&theirs), &edits);

        assert_eq!(met.base.revision(), theirs.revision());
        assert_eq!(met.edits.first(), edits.first());
        assert_eq!(met.youngest, UnixTime(105));
    }

    #[test]
    fn a_rival_who_lifts_is_not_undone_and_no_revocation_is_lowered() {
        let operator = Operator::new();
        let fresh = operator.planned();
        let planned = operator.edited(&fresh, &[revoke(A, 90)], 100);
        let edits = [revoke(B, 101)];
        let ours = operator.edited(&planned, &edits, 101);
        let lift = Edit::remove(["nats", "revocations", A]);
        let theirs = operator.edited(&planned, &[lift, revoke(B, 200)], 102);

        let met = meet(&planned, &ours, std::slice::from_ref(&theirs), &edits);

        let joined = operator.edited(&met.base, &met.edits, 103);
        assert_eq!(revoked_at(&joined, A), None);
        assert_eq!(revoked_at(&joined, B), Some(200));
    }
}
