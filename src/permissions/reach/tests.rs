//! Single rules of servers by name, and patterns and the way back against literals in random small worlds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::jwt::json::Node;
use crate::jwt::keys::KeyKind;
use crate::jwt::signer::Signer;
use crate::jwt::subject::Subject;
use crate::jwt::token::Token;
use crate::test_support::{ByteSigner, operator_signer, token_of};

const RULES: Rules = Rules {
    signers: Signers::All,
    at: UnixTime(1_700_000_100),
};

fn signer(byte: u8) -> ByteSigner {
    ByteSigner::new(KeyKind::Account, byte)
}

fn id(byte: u8) -> AccountId {
    signer(byte).public_key().try_into().unwrap()
}

/// The account with the key of that byte. In its body `@2` stands for the account of byte 2.
fn account(byte: u8, body: &str) -> Account {
    let body = (2..=9).fold(body.to_owned(), |body, byte| {
        body.replace(&format!("@{byte}"), &id(byte).to_string())
    });
    let tree = format!(
        r#"{{"name":"{byte}","sub":"{}","nats":{{{body}{}"type":"account","version":2}}}}"#,
        id(byte),
        if body.is_empty() { "" } else { "," }
    );
    let token = token_of(&Node::parse(tree.as_bytes()).unwrap(), &operator_signer());
    Account::of(&token).unwrap()
}

fn network(bodies: &[&str]) -> Network {
    Network::of(
        (2..).zip(bodies).map(|(byte, body)| account(byte, body)),
        RULES,
    )
}

fn pattern(written: &str) -> SubjectPattern {
    written.parse().unwrap()
}

/// `3 ext.eu` for what account 3 hears, with `?` where it may not.
fn heard(network: &Network, byte: u8, subject: &str) -> Vec<String> {
    let say = |path: &Path| {
        let name = &network.account(path.account).unwrap().name;
        let doubt = if path.certainty == Certainty::Always {
            ""
        } else {
            "?"
        };
        format!("{name} {}{doubt}", path.heard)
    };
    let mut said: Vec<String> = network
        .publish(id(byte), &pattern(subject))
        .iter()
        .map(say)
        .collect();
    said.sort();
    said
}

#[test]
fn a_stream_goes_to_who_imports_it_and_a_service_takes_what_its_importer_publishes() {
    let network = network(&[
        r#""exports":[{"subject":"o.*","type":"stream"},{"subject":"r.*.>","type":"service"}]"#,
        r#""imports":[{"subject":"o.*","account":"@2","type":"stream","local_subject":"x.$1"},
            {"subject":"r.*.>","account":"@2","type":"service","local_subject":"ask.$1.>"}]"#,
    ]);

    assert_eq!(heard(&network, 2, "o.eu"), ["2 o.eu", "3 x.eu"]);
    assert_eq!(
        heard(&network, 3, "ask.a.b.c"),
        ["2 r.a.b.c", "3 ask.a.b.c"]
    );
    assert_eq!(heard(&network, 2, "r.a.b"), ["2 r.a.b"]);
    let path = &network.publish(id(2), &pattern("o.eu"))[1];
    let steps: Vec<_> = path
        .via
        .iter()
        .map(|step| (step.kind, step.from.raw()))
        .collect();
    assert_eq!(
        steps,
        [(StepKind::Export, "o.*"), (StepKind::Import, "o.*")]
    );
}

#[test]
fn a_stream_that_came_in_is_neither_exported_nor_mapped_nor_called_again() {
    let network = network(&[
        r#""exports":[{"subject":"o","type":"stream"}]"#,
        r#""imports":[{"subject":"o","account":"@2","type":"stream"}],
            "exports":[{"subject":"o","type":"stream"}],"mappings":{"o":[{"subject":"p"}]}"#,
        r#""imports":[{"subject":"o","account":"@3","type":"stream"}]"#,
    ]);

    assert_eq!(heard(&network, 2, "o"), ["2 o", "3 o"]);
    assert_eq!(heard(&network, 3, "o"), ["3 p"]);
}

#[test]
fn services_are_called_in_a_chain_and_mapped_on_the_way() {
    let network = network(&[
        r#""exports":[{"subject":"last","type":"service"},{"subject":"got","type":"stream"}],
            "mappings":{"last":[{"subject":"got"}]}"#,
        r#""exports":[{"subject":"mid","type":"service"}],
            "imports":[{"subject":"last","account":"@2","type":"service","local_subject":"mid"}]"#,
        r#""imports":[{"subject":"mid","account":"@3","type":"service"},{"subject":"got","account":"@2","type":"stream"}]"#,
    ]);

    assert_eq!(heard(&network, 4, "mid"), ["2 got", "3 mid", "4 mid"]);
}

#[test]
fn weights_clusters_and_dice_are_doubts() {
    let network = network(&[
        r#""mappings":{"w":[{"subject":"x","weight":40}],"c":[{"subject":"y","cluster":"EU"}],
        "r":[{"subject":"d.{{random(5)}}"}],"lost":[{"subject":"lost","weight":10}],
        "both":[{"subject":"t","weight":60},{"subject":"u","weight":40}],
        "wrong":[{"subject":"a","weight":60},{"subject":"b","weight":60}],"p.*":[{"subject":"q.{{partition(10,1)}}"}]}"#,
    ]);

    assert_eq!(heard(&network, 2, "w"), ["2 w?", "2 x?"]);
    assert_eq!(heard(&network, 2, "c"), ["2 c?", "2 y?"]);
    assert_eq!(heard(&network, 2, "r"), ["2 d.*"]);
    assert_eq!(heard(&network, 2, "lost"), ["2 lost?"]);
    assert_eq!(heard(&network, 2, "both"), ["2 t?", "2 u?"]);
    assert_eq!(heard(&network, 2, "wrong"), ["2 wrong"]);
    assert_eq!(heard(&network, 2, "p.foo"), ["2 q.3"]);
    assert_eq!(heard(&network, 2, "p.*"), ["2 q.*"]);
}

#[test]
fn where_two_mappings_fit_either_may_be_taken() {
    let network =
        network(&[r#""mappings":{"a.*":[{"subject":"x.$1"}],"*.b":[{"subject":"y.$1"}]}"#]);

    assert_eq!(heard(&network, 2, "a.c"), ["2 x.c"]);
    assert_eq!(heard(&network, 2, "a.b"), ["2 x.b?", "2 y.a?"]);
}

#[test]
fn what_servers_ignore_is_said_with_its_reason() {
    let exporter = r#""exports":[{"subject":"o.>","type":"stream"},{"subject":"pos.*","type":"stream","account_token_position":2},
        {"subject":"private","type":"stream","token_req":true}]"#;
    let importer = r#""imports":[{"subject":"o.a","account":"@2","type":"stream"},{"subject":"o.a","account":"@2","type":"stream","local_subject":"again"},
        {"subject":"none","account":"@2","type":"stream"},{"subject":"pos.*","account":"@2","type":"stream"},
        {"subject":"pos.@3","account":"@2","type":"stream"},{"subject":"private","account":"@2","type":"stream"},
        {"subject":"o.*.*","account":"@2","type":"stream","local_subject":"x.$1"},{"subject":"o","account":"@9","type":"stream"},
        {"subject":"o.b","account":"nobody","type":"stream"},{"subject":"o.b","account":"@2"}]"#;
    let network = network(&[exporter, importer]);

    let said: Vec<String> = network
        .standings(id(3))
        .iter()
        .map(|standing| match standing {
            Standing::Ignored(why) => why.to_string(),
            standing => format!("{standing:?}"),
        })
        .collect();

    assert_eq!(
        said,
        [
            "InForce { until: None }",
            "an import before it takes the same",
            "the exporter exports no such subject",
            "the exporter wants the importer's key as token 2 of the subject",
            "InForce { until: None }",
            "it carries no activation",
            "its local subject cannot stand for the exporter's: it does not use all wildcards of its source",
            "Unknown",
            "\"nobody\" is no account",
            "it is neither a stream nor a service",
        ]
    );
}

#[test]
fn which_import_of_a_ring_is_missing_is_in_doubt() {
    let network = network(&[
        r#""exports":[{"subject":"s","type":"service"}],"imports":[{"subject":"s","account":"@3","type":"service"}]"#,
        r#""exports":[{"subject":"s","type":"service"}],"imports":[{"subject":"s","account":"@2","type":"service"}]"#,
    ]);

    assert!(matches!(
        network.standings(id(2)),
        [Standing::Contested { until: None }]
    ));
    assert_eq!(heard(&network, 2, "s"), ["2 s", "2 s?", "3 s?"]);
}

/// An importer whose activation says what is given, signed by that byte.
fn activated(fields: &str, by: u8) -> Account {
    let tree = format!(
        r#"{{"sub":"{}",{fields},"type":"activation","version":2}}}}"#,
        id(3)
    );
    let activation = Token::issue(
        &Node::parse(tree.as_bytes()).unwrap(),
        &signer(by),
        UnixTime(1_700_000_000),
    );
    let import = format!(
        r#""imports":[{{"subject":"o.eu","account":"@2","type":"stream","token":"{}"}}]"#,
        activation.unwrap().text()
    );
    account(3, &import)
}

#[test]
fn an_activation_lets_in_whom_it_names_while_it_lasts() {
    let plain =
        r#""exports":[{"subject":"o.>","type":"stream","token_req":true}],"signing_keys":["@5"]"#;
    let revoked = r#""exports":[{"subject":"o.>","type":"stream","token_req":true,"revocations":{"*":1700000000}}]"#;
    let good = r#""nats":{"subject":"o.*","kind":"stream""#;
    let by_key = format!(
        r#""nats":{{"subject":"o.*","kind":"stream","issuer_account":"{}""#,
        id(2)
    );
    let standing = |exporter: &str, fields: &str, by| {
        let network = Network::of([account(2, exporter), activated(fields, by)], RULES);
        match &network.standings(id(3))[0] {
            Standing::InForce { until } => format!("{until:?}"),
            Standing::Ignored(Ignored::Activation(fault)) => fault.to_string(),
            other => format!("{other:?}"),
        }
    };

    assert_eq!(standing(plain, good, 2), "None");
    assert_eq!(standing(plain, &by_key, 5), "None");
    assert!(standing(plain, &by_key, 6).ends_with("is none of the exporter's now"));
    assert_eq!(
        standing(plain, good, 5),
        "its activation is of another exporter"
    );
    let other = good.replace("stream", "service");
    assert_eq!(
        standing(plain, &other, 2),
        "its activation is for the other kind of export"
    );
    let narrow = good.replace("o.*", "o.us");
    assert_eq!(
        standing(plain, &narrow, 2),
        "its activation is for \"o.us\""
    );
    let ended = format!(r#""exp":1700000100,{good}"#);
    assert_eq!(
        standing(plain, &ended, 2),
        "its activation ended at 2023-11-14T22:15:00Z"
    );
    let lasting = format!(r#""exp":1700000101,{good}"#);
    assert_eq!(standing(plain, &lasting, 2), "Some(UnixTime(1700000101))");
    assert_eq!(
        standing(revoked, good, 2),
        "its activation was revoked as of 2023-11-14T22:13:20Z"
    );
}

/// All subjects of up to three words.
fn literals() -> Vec<Subject> {
    let words = ["a", "b", "c"];
    let mut all: Vec<String> = words.iter().map(ToString::to_string).collect();
    let mut last = all.clone();
    for _ in 1..3 {
        last = last
            .iter()
            .flat_map(|end| words.map(|word| format!("{word}.{end}")))
            .collect();
        all.extend(last.clone());
    }
    all.iter().map(|written| written.parse().unwrap()).collect()
}

/// A pattern, and the same as a renaming with other words and its wildcards turned.
fn renamed() -> impl Strategy<Value = (String, String)> {
    let token = prop_oneof![2 => "[ab]", 1 => Just("*".to_owned())];
    (prop::collection::vec(token, 1..3), any::<bool>(), "[abc]").prop_map(|(tokens, open, word)| {
        let stars = tokens.iter().filter(|token| *token == "*").count();
        let mut local: Vec<String> = vec![word];
        local.extend((1..=stars).rev().map(|number| format!("${number}")));
        let mut source = tokens;
        if open {
            source.push(">".into());
            local.push(">".into());
        }
        (source.join("."), local.join("."))
    })
}

/// Three accounts, each of which exports to those after it and maps one pattern.
fn world() -> impl Strategy<Value = Network> {
    let entry = (renamed(), any::<bool>(), 0..3_u8, 0..3_u8);
    let mapping = prop::option::of(renamed());
    (
        prop::collection::vec(entry, 0..7),
        prop::collection::vec(mapping, 3),
    )
        .prop_map(|(entries, mappings)| {
            Network::of(
                (0..3_u8).map(|at| account(at + 2, &body(at, &entries, &mappings))),
                RULES,
            )
        })
}

type Entry = ((String, String), bool, u8, u8);

fn body(at: u8, entries: &[Entry], mappings: &[Option<(String, String)>]) -> String {
    let kind = |is_service: bool| if is_service { "service" } else { "stream" };
    let exports: Vec<String> = entries
        .iter()
        .filter(|(_, _, exporter, _)| *exporter == at)
        .map(|((subject, _), is_service, ..)| {
            format!(
                r#"{{"subject":"{subject}","type":"{}"}}"#,
                kind(*is_service)
            )
        })
        .collect();
    let imports: Vec<String> = entries
        .iter()
        .filter(|(_, _, exporter, importer)| *importer == at && importer > exporter)
        .map(|((subject, local), is_service, exporter, _)| {
            format!(
                r#"{{"subject":"{subject}","account":"@{}","type":"{}","local_subject":"{local}"}}"#,
                exporter + 2,
                kind(*is_service)
            )
        })
        .collect();
    let mapping = mappings[usize::from(at)]
        .as_ref()
        .map(|(source, target)| format!(r#""{source}":[{{"subject":"{target}"}}]"#));
    format!(
        r#""exports":[{}],"imports":[{}],"mappings":{{{}}}"#,
        exports.join(","),
        imports.join(","),
        mapping.unwrap_or_default()
    )
}

fn takes(path: &Path, subject: &Subject) -> bool {
    path.published.matches(subject) && !path.except.iter().any(|other| other.matches(subject))
}

fn of_literal(
    network: &Network,
    from: AccountId,
    subject: &Subject,
) -> BTreeSet<(AccountId, String)> {
    network
        .publish(from, &subject.clone().into())
        .into_iter()
        .map(|path| (path.account, path.heard.raw().to_owned()))
        .collect()
}

/// Which accounts hear what a client publishes in an account, and how much of it, over all ways together.
fn hearers(
    network: &Network,
    account: AccountId,
    subjects: &SubjectPattern,
) -> BTreeMap<AccountId, Part> {
    let paths = network.publish(account, subjects);
    let mut by_account: BTreeMap<AccountId, Vec<&Path>> = BTreeMap::new();
    for path in &paths {
        by_account.entry(path.account).or_default().push(path);
    }
    by_account
        .into_iter()
        .map(|(account, paths)| (account, part(subjects, &paths)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_pattern_goes_where_its_subjects_go(network in world(), (asked, _) in renamed(), from in 2..5_u8) {
        let paths = network.publish(id(from), &pattern(&asked));

        for subject in literals().iter().filter(|subject| pattern(&asked).matches(subject)) {
            let all: BTreeSet<_> = paths.iter().filter(|path| takes(path, subject)).map(|path| path.account).collect();
            let heard = of_literal(&network, id(from), subject);
            let accounts: BTreeSet<_> = heard.iter().map(|(account, _)| *account).collect();

            prop_assert_eq!(all, accounts, "{}", subject);
        }
    }

    #[test]
    fn an_account_hears_all_only_if_it_hears_every_subject(network in world(), (asked, _) in renamed(), from in 2..5_u8) {
        let subjects: Vec<Subject> = literals().into_iter().filter(|subject| pattern(&asked).matches(subject)).collect();

        for (account, part) in hearers(&network, id(from), &pattern(&asked)) {
            let hears = |subject: &Subject| of_literal(&network, id(from), subject).iter().any(|(heard, _)| *heard == account);

            // Three words tell every pattern of these worlds from `>`, but for one that ends after the third.
            if part == Part::All {
                prop_assert!(subjects.iter().all(hears));
            } else {
                prop_assert!(!subjects.iter().all(hears) || asked.ends_with('>'));
            }
        }
    }

    #[test]
    fn the_way_back_leads_to_exactly_those_who_reach_it(network in world(), (wanted, _) in renamed(), to in 2..5_u8) {
        let back = network.publishers(id(to), &pattern(&wanted));

        for from in 2..5 {
            for subject in literals() {
                let reaches = of_literal(&network, id(from), &subject)
                    .iter()
                    .any(|(account, heard)| *account == id(to) && pattern(&wanted).matches(&heard.parse().unwrap()));
                let said = back.iter().any(|(source, path)| *source == id(from) && takes(path, &subject));

                prop_assert_eq!(said, reaches, "{} in {}", subject, from);
            }
        }
    }
}
