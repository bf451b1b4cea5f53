//! What the accounts of the sandbox have: roles, limits, imports and exports among them.

use crate::jwt::json::Node;
use crate::jwt::keys::AccountId;

/// Something that an account has beside its keys: a place in its body, and what stands there.
pub(super) type Entry = (&'static str, Node);

/// What a role lets its users do.
pub(super) fn template(publish: &[&str], subscribe: &[&str]) -> Node {
    Node::object([
        ("pub", lists(publish, &[])),
        ("sub", lists(subscribe, &[])),
        ("subs", Node::from(-1)),
        ("data", Node::from(-1)),
        ("payload", Node::from(-1)),
    ])
}

/// Allow and deny lists; an empty list is not written, since servers take it for a list.
pub(super) fn lists(allow: &[&str], deny: &[&str]) -> Node {
    let lists = [("allow", allow), ("deny", deny)]
        .into_iter()
        .filter(|(_, list)| !list.is_empty());
    Node::Object(
        lists
            .map(|(name, list)| (name.to_owned(), Node::strings(list.iter().copied())))
            .collect(),
    )
}

pub(super) fn order_roles() -> [(&'static str, Node); 4] {
    let bearer = [("bearer_token", Node::from(true))];
    let device = with_fields(
        template(&["telemetry.{{tag(region)}}.{{name()}}"], &["_INBOX.>"]),
        bearer,
    );
    [
        (
            "api",
            template(
                &["orders.*.created", "orders.*.paid", "_INBOX.>"],
                &["orders.>", "_INBOX.>"],
            ),
        ),
        ("device", device),
        (
            "reader",
            with_fields(
                template(&[], &["orders.>", "_INBOX.>"]),
                [("pub", lists(&[], &[">"]))],
            ),
        ),
        (
            "worker",
            template(
                &["orders.*.done", "orders.dlq", "orders.debug.>"],
                &["orders.work.>", "_INBOX.>"],
            ),
        ),
    ]
}

fn with_fields<const N: usize>(template: Node, fields: [(&str, Node); N]) -> Node {
    let Node::Object(mut pairs) = template else {
        return template;
    };
    for (name, node) in fields {
        pairs.retain(|(held, _)| held != name);
        pairs.push((name.to_owned(), node));
    }
    Node::Object(pairs)
}

fn entry(fields: &[(&str, &str)]) -> Node {
    Node::Object(
        fields
            .iter()
            .map(|(key, text)| ((*key).to_owned(), Node::from(*text)))
            .collect(),
    )
}

pub(super) fn order_entries(billing: AccountId) -> Vec<Entry> {
    let limits = Node::object([
        ("subs", Node::from(-1)),
        ("data", Node::from(-1)),
        ("payload", Node::from(-1)),
        ("imports", Node::from(-1)),
        ("exports", Node::from(-1)),
        ("wildcards", Node::from(true)),
        ("conn", Node::from(-1)),
        ("leaf", Node::from(-1)),
        ("mem_storage", Node::from(16_000_000)),
        ("disk_storage", Node::from(64_000_000)),
        ("streams", Node::from(8)),
        ("consumer", Node::from(64)),
    ]);
    let billing = billing.to_string();
    vec![
        ("limits", limits),
        ("description", Node::from("order intake")),
        ("tags", Node::strings(["team:orders", "tier:gold"])),
        (
            "exports",
            Node::Array(vec![entry(&[
                ("name", "created"),
                ("subject", "orders.*.created"),
                ("type", "stream"),
            ])]),
        ),
        (
            "imports",
            Node::Array(vec![entry(&[
                ("name", "price"),
                ("subject", "bills.price"),
                ("account", &billing),
                ("type", "service"),
            ])]),
        ),
    ]
}

pub(super) fn billing_entries(orders: AccountId) -> Vec<Entry> {
    let price = entry(&[
        ("name", "price"),
        ("subject", "bills.price"),
        ("type", "service"),
        ("response_type", "Singleton"),
    ]);
    vec![
        ("exports", Node::Array(vec![price])),
        ("imports", Node::Array(vec![created_orders(orders)])),
    ]
}

pub(super) fn shipping_entries(orders: AccountId) -> Vec<Entry> {
    vec![
        ("imports", Node::Array(vec![created_orders(orders)])),
        ("tags", Node::strings(["team:logistics"])),
    ]
}

fn created_orders(orders: AccountId) -> Node {
    entry(&[
        ("name", "created"),
        ("subject", "orders.*.created"),
        ("account", &orders.to_string()),
        ("local_subject", "in.orders.$1"),
        ("type", "stream"),
    ])
}

/// What nsc gives a system account, so that tenants can ask about themselves.
pub(super) fn system_exports() -> Vec<Entry> {
    let position = |mut entry: Node, at: i64| {
        if let Node::Object(pairs) = &mut entry {
            pairs.push(("account_token_position".to_owned(), Node::from(at)));
        }
        entry
    };
    let services = [
        ("name", "account-monitoring-services"),
        ("subject", "$SYS.REQ.ACCOUNT.*.*"),
        ("type", "service"),
        ("response_type", "Stream"),
    ];
    let streams = [
        ("name", "account-monitoring-streams"),
        ("subject", "$SYS.ACCOUNT.*.>"),
        ("type", "stream"),
    ];
    vec![(
        "exports",
        Node::Array(vec![
            position(entry(&services), 4),
            position(entry(&streams), 3),
        ]),
    )]
}
