//! Who heard what was published in worlds of four accounts with listeners on `>` in each.

use std::collections::BTreeMap;

use nats_oam::jwt::account::Account;
use nats_oam::jwt::time::UnixTime;
use nats_oam::jwt::token::Token;
use nats_oam::permissions::reach::{Certainty, Network, Rules, Signers};
use serde::Deserialize;

use super::{files, tell};

#[derive(Deserialize)]
struct World {
    id: String,
    accounts: BTreeMap<String, String>,
    publishes: Vec<Publish>,
}

#[derive(Deserialize)]
struct Publish {
    account: String,
    subject: String,
    deliveries: Vec<Delivery>,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Delivery {
    account: String,
    subject: String,
}

/// What we say that is delivered, in the words of the file.
fn ours(network: &Network, names: &BTreeMap<String, String>, publish: &Publish) -> Vec<Delivery> {
    let account = names
        .iter()
        .find(|(_, name)| **name == publish.account)
        .unwrap()
        .0;
    let mut said: Vec<Delivery> = network
        .publish(account.parse().unwrap(), &publish.subject.parse().unwrap())
        .into_iter()
        .map(|path| {
            assert_eq!(path.certainty, Certainty::Always, "{path:?}");
            Delivery {
                account: names[&path.account.to_string()].clone(),
                subject: path.heard.raw().to_owned(),
            }
        })
        .collect();
    said.sort();
    said
}

/// The publishes of one world, and those of them about which we are wrong.
fn judge(line: &str) -> (usize, Vec<String>) {
    let mut world: World = serde_json::from_str(line).unwrap();
    let accounts: Vec<Account> = world
        .accounts
        .values()
        .map(|token| Account::of(&Token::decode(token).unwrap()).unwrap())
        .collect();
    let names = accounts
        .iter()
        .map(|account| (account.id.to_string(), account.name.to_string()))
        .collect();
    let rules = Rules {
        signers: Signers::All,
        at: accounts
            .iter()
            .filter_map(|account| account.issued_at)
            .max()
            .unwrap_or(UnixTime(0)),
    };
    let network = Network::of(accounts, rules);
    let mut wrong = Vec::new();
    for publish in &mut world.publishes {
        publish.deliveries.sort();
        let said = ours(&network, &names, publish);
        if said != publish.deliveries {
            wrong.push(format!(
                "{}: {} in {}: servers {:?}, we {said:?}",
                world.id, publish.subject, publish.account, publish.deliveries
            ));
        }
    }
    (world.publishes.len(), wrong)
}

#[test]
fn who_hears_a_publish_is_what_servers_delivered() {
    let files = files("reach");

    assert!(!files.is_empty(), "no file of verdicts");
    for (name, lines) in files {
        let judged: Vec<(usize, Vec<String>)> = lines.iter().map(|line| judge(line)).collect();
        let all: usize = judged.iter().map(|(count, _)| count).sum();
        let wrong: Vec<&String> = judged.iter().flat_map(|(_, wrong)| wrong).collect();
        tell(&format!("{name}: {} of {all} agree", all - wrong.len()));
        assert!(all > 0, "{name} is empty");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
