//! Pasting: whose a text is, the way to the row, and what becomes of seeds.

use std::sync::Arc;

use crossterm::event::Event;
use nkeys::{KeyPair, KeyPairType};
use ratatui::layout::Size;

use super::acts::{asked, revocation};
use super::screen::{NARROW, TestScreen, WIDE, found};
use super::servers::census;
use super::world::{first_user, nothing, seen};
use crate::explain::{Code, Explanation};
use crate::inventory::tree::Tree;
use crate::jwt::json::Node;
use crate::jwt::keys::{AccountId, KeyKind, UserId};
use crate::jwt::signer::Signer as _;
use crate::test_support::{ByteSigner, account, account_signer, operator_signer, token_of, user};
use crate::tui::app::acts::Intent;
use crate::tui::app::msg::{Ask, Effect, Msg};
use crate::tui::app::seen::Seen;
use crate::tui::theme::Depth;

/// The user of the byte 3, as creds on paper have it.
fn pair() -> KeyPair {
    KeyPair::new_from_raw(KeyPairType::User, [3; 32]).unwrap()
}

/// A creds file as a terminal pastes it: its lines end as Enter would.
fn creds() -> String {
    let token = token_of(&user("worker-night", []), &account_signer());
    let (token, seed) = (token.text(), pair().seed().unwrap());
    format!(
        "-----BEGIN NATS USER JWT-----\r{token}\r------END NATS USER JWT------\r\r\
         -----BEGIN USER NKEY SEED-----\r{seed}\r------END USER NKEY SEED------\r"
    )
}

/// The small world, in which the fifth user has those creds.
fn with_worker() -> Seen {
    let seen = seen();
    let mut users = seen.users.to_vec();
    let mut worker = users[0].clone();
    worker.id = pair().public_key().parse().unwrap();
    worker.name = Some("worker-night".into());
    users.push(worker);
    Seen {
        users: Arc::new(users),
        ..seen
    }
}

fn open(seen: Seen) -> TestScreen {
    let mut screen = TestScreen::open(WIDE, Depth::Mono, census());
    screen.send(Msg::Seen(Ok(Arc::new(seen))));
    screen
}

fn paste(screen: &mut TestScreen, text: &str) {
    screen.send(Msg::Input(Event::Paste(text.to_owned())));
}

/// The last line: what was just said.
fn said(screen: &mut TestScreen) -> String {
    screen.text().lines().last().unwrap().trim().to_owned()
}

fn surveys(screen: &TestScreen) -> usize {
    let asks = |effect: &&Effect| matches!(effect, Effect::Ask(_, _, Ask::Survey));
    screen.effects.iter().filter(asks).count()
}

/// Whom `R` would revoke.
fn revoked(screen: &mut TestScreen) -> Vec<String> {
    screen.effects.clear();
    screen.press("R");
    match screen.effects.as_slice() {
        [Effect::Prepare(_, Intent::Revoke(act))] => {
            act.whom.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn as_ref(account: AccountId, user: UserId) -> String {
    format!("{account}/{user}")
}

#[test]
fn pasted_creds_select_their_user_from_wherever_one_stands() {
    for place in ["1", "2", "3", "6", "7", "1 enter", "1 enter enter"] {
        let mut screen = open(with_worker());
        screen.press(place);

        paste(&mut screen, &creds());

        let word = said(&mut screen);
        assert_eq!(
            word, "worker-night in ORDERS is selected by the pasted creds; the seed was dropped",
            "{place}"
        );
        let account = account_signer().public_key().try_into().unwrap();
        let user = pair().public_key().parse().unwrap();
        assert_eq!(revoked(&mut screen), [as_ref(account, user)], "{place}");
    }
}

#[test]
fn a_token_and_a_key_select_as_creds_do() {
    let token = token_of(&user("worker-night", []), &account_signer());
    for (text, form) in [
        (token.text().to_string(), "token"),
        (pair().public_key(), "key"),
        (format!("  {}\n\n", pair().public_key()), "key"),
    ] {
        let mut screen = open(with_worker());

        paste(&mut screen, &text);

        let word = format!("worker-night in ORDERS is selected by the pasted {form}");
        assert_eq!(said(&mut screen), word);
    }
}

#[test]
fn a_seed_is_not_shown_kept_or_asked_about() {
    let seed = pair().seed().unwrap();
    for text in [seed.clone(), creds()] {
        let mut screen = open(with_worker());

        paste(&mut screen, &text);

        let frame = screen.text();
        assert!(frame.contains("the seed was dropped"), "{frame}");
        assert!(!frame.contains(&seed[..20]), "{frame}");
        assert!(!format!("{:?}", screen.effects).contains(&seed[..20]));
    }
}

#[test]
fn a_filter_that_hides_the_row_goes_and_so_do_marks() {
    let mut screen = open(with_worker());
    screen.press("2 space /");
    screen.write("orders-api");
    screen.press("enter");

    paste(&mut screen, &pair().public_key());

    let word = said(&mut screen);
    let gone = "worker-night in ORDERS is selected by the pasted key; the filter that hid it and the marks went";
    assert_eq!(word, gone);
    assert_eq!(revoked(&mut screen).len(), 1, "not the one that was marked");
}

#[test]
fn a_filter_that_lets_the_row_through_stays() {
    let mut screen = open(with_worker());
    screen.press("2 /");
    screen.write("night");
    screen.press("enter");

    paste(&mut screen, &pair().public_key());

    assert!(screen.text().contains("1 of 5"), "{}", screen.text());
}

#[test]
fn an_account_is_selected_by_its_key_and_its_token() {
    let key = account_signer().public_key().to_string();
    let token = token_of(&account("ORDERS", []), &operator_signer())
        .text()
        .to_string();
    for (text, form) in [(key, "key"), (token, "token")] {
        let mut screen = open(seen());
        screen.press("1 7");

        paste(&mut screen, &text);

        assert_eq!(
            said(&mut screen),
            format!("ORDERS is selected by the pasted {form}")
        );
        assert!(screen.text().contains("▌▸ ORDERS"), "{}", screen.text());
    }
}

#[test]
fn what_is_pasted_before_anything_was_read_is_selected_when_it_is() {
    let mut screen = TestScreen::new(WIDE, Depth::Mono);
    paste(&mut screen, &creds());
    assert!(said(&mut screen).contains("is selected as soon as everything is read"));
    screen.press("2 R");
    assert!(
        said(&mut screen).contains("not selected yet"),
        "{}",
        screen.text()
    );

    screen.send(Msg::Opened(Ok(Box::new(found(Some(census()))))));
    screen.send(Msg::Seen(Ok(Arc::new(with_worker()))));

    assert!(said(&mut screen).starts_with("worker-night in ORDERS is selected"));
    assert_eq!(revoked(&mut screen).len(), 1);
}

#[test]
fn esc_waits_no_more() {
    let mut screen = TestScreen::new(WIDE, Depth::Mono);
    paste(&mut screen, &creds());
    screen.press("esc");
    let frame = screen.text();
    assert!(frame.contains("not waited for any more"), "{frame}");
    let opens = |effect: &Effect| matches!(effect, Effect::Open(_));
    assert!(!screen.effects.iter().any(opens), "it goes on connecting");

    screen.send(Msg::Seen(Ok(Arc::new(with_worker()))));

    assert!(!screen.text().contains("is selected"), "{}", screen.text());
}

#[test]
fn somebody_who_is_not_known_is_looked_for_once_more_and_then_it_is_said_where() {
    let mut screen = open(seen());
    let before = surveys(&screen);
    paste(&mut screen, &creds());
    assert_eq!(surveys(&screen), before + 1);
    assert!(said(&mut screen).contains("reading again"));

    screen.send(Msg::Seen(Ok(Arc::new(seen()))));

    let short = pair().public_key().parse::<UserId>().unwrap().key().short();
    let word = format!(
        "user {short} is in no store and on no connection, 1 server silent: nothing was selected; the seed was dropped"
    );
    assert!(
        word.starts_with(said(&mut screen).trim_end_matches('…')),
        "{}",
        screen.text()
    );
    assert_eq!(surveys(&screen), before + 1, "and not again and again");
    screen.press("esc");
    paste(&mut screen, &creds());
    screen.send(Msg::Seen(Ok(Arc::new(with_worker()))));
    assert!(said(&mut screen).contains("is selected"));
}

/// Somebody whose creds were pasted, and who is nowhere.
fn stranger(size: Size) -> TestScreen {
    let mut screen = TestScreen::open(size, Depth::Mono, census());
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    paste(&mut screen, &creds());
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    screen
}

#[test]
fn whose_the_creds_of_a_stranger_are_is_told_and_its_key_can_be_revoked() {
    let mut screen = stranger(NARROW);
    insta::assert_snapshot!(screen.styled());

    let account = account_signer().public_key().try_into().unwrap();
    let user = pair().public_key().parse().unwrap();
    assert_eq!(revoked(&mut screen), [as_ref(account, user)]);
}

#[test]
fn a_stranger_that_is_closed_leaves_the_selection_as_it_was() {
    let mut screen = stranger(WIDE);
    screen.press("esc 2");

    let ours = as_ref(
        account_signer().public_key().try_into().unwrap(),
        first_user().try_into().unwrap(),
    );
    assert_eq!(revoked(&mut screen), [ours]);
}

/// What is told of a token of this account that the key of a byte signed. What is too long for a line is joined.
fn told_of(account: AccountId, signer: u8, world: fn() -> Seen) -> String {
    let mut screen = open(world());
    let names = [("issuer_account", Node::from(account.key().to_string()))];
    let signer = ByteSigner::new(KeyKind::Account, signer);
    let token = token_of(&user("worker", names), &signer);
    paste(&mut screen, token.text().as_ref());
    screen.send(Msg::Seen(Ok(Arc::new(world()))));
    let frame = screen.text();
    let inside = frame.lines().filter_map(|line| line.split('│').nth(1));
    let words: Vec<&str> = inside.flat_map(str::split_whitespace).collect();
    words.join(" ")
}

fn unread() -> Seen {
    let seen = seen();
    let mut accounts = seen.tree.accounts.clone();
    accounts[0].token = None;
    let tree = Tree::of(None, accounts, Vec::new(), Arc::clone(&seen.users)).into();
    Seen { tree, ..seen }
}

#[test]
fn a_stranger_whom_no_key_of_its_account_signed_is_told_as_that() {
    let orders = account_signer().public_key().try_into().unwrap();

    let told = told_of(orders, 9, seen);

    assert!(
        told.contains(
            "which is no key of ORDERS: no server that enforces the account's token as it was read lets it in"
        ),
        "{told}"
    );
}

#[test]
fn whether_a_key_signs_for_an_account_that_was_not_read_is_not_known() {
    let strange = AccountId::from_bytes([3; 32]);
    let nowhere = AccountId::from_bytes([5; 32]);
    let orders = account_signer().public_key().try_into().unwrap();
    let worlds: [(_, fn() -> Seen); 3] = [(strange, seen), (nowhere, seen), (orders, unread)];
    for (account, world) in worlds {
        let told = told_of(account, 9, world);

        let of = account.key().short();
        let not_known = format!("whether that is one of the keys of {of} is not known");
        assert!(told.contains(&not_known), "{told}");
        assert!(!told.contains("lets it in"), "{told}");
    }
}

#[test]
fn an_account_that_was_not_read_is_known_by_its_own_key() {
    let signer = ByteSigner::new(KeyKind::Account, 9).public_key();
    let account: AccountId = signer.try_into().unwrap();

    let told = told_of(account, 9, seen);

    assert!(told.contains(&format!("by {} itself", signer.short())));
}

#[test]
fn a_key_alone_names_no_account_to_revoke_it_in() {
    let mut screen = open(seen());
    paste(&mut screen, &pair().public_key());
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));

    assert!(screen.app.popup.is_none());
    assert!(said(&mut screen).contains("nothing was selected"));
}

#[test]
fn a_world_that_cannot_be_read_is_why_nobody_is_selected() {
    let why = || {
        Explanation::new(
            Code::Store,
            "the record cannot be opened",
            "nothing is open",
        )
    };
    let mut screen = TestScreen::new(WIDE, Depth::Mono);
    paste(&mut screen, &creds());

    screen.send(Msg::Opened(Err(why())));

    assert!(
        said(&mut screen)
            .contains("is not selected; the seed was dropped: the record cannot be opened")
    );
    paste(&mut screen, &pair().public_key());
    assert!(said(&mut screen).contains("the record cannot be opened"));
}

#[test]
fn what_names_nobody_is_not_repeated() {
    let seed = pair().seed().unwrap();
    let account_seed = KeyPair::new_account().seed().unwrap();
    let operator = KeyPair::new_operator();
    let forged = token_of(&user("worker", []), &account_signer())
        .text()
        .to_string();
    let forged = format!("{}AAAA", &forged[..forged.len() - 4]);
    for (text, word) in [
        ("rm -rf /\n".to_owned(), "is no key, no token and no creds"),
        (String::new(), "is no key, no token and no creds"),
        (
            format!("{}A\n", &seed[..57]),
            "looks like a seed, and is not whole",
        ),
        (account_seed, "the seed of an account, A"),
        (operator.seed().unwrap(), "the seed of an operator, O"),
        (operator.public_key(), "is the key of an operator"),
        (forged, "is not signed by the issuer that it names"),
        (
            "x".repeat(64 * 1024 + 1),
            "more than 64 KiB were pasted, and dropped",
        ),
    ] {
        let mut screen = open(seen());
        screen.press("7");
        screen.effects.clear();

        paste(&mut screen, &text);

        let frame = screen.text();
        assert!(frame.contains(word), "{frame}");
        assert!(frame.contains("── audit"), "it went away: {frame}");
        let repeated = text.len() > 30 && frame.contains(&text[..30]);
        assert!(!repeated, "{frame}");
        assert!(screen.effects.is_empty(), "{:?}", screen.effects);
    }
}

#[test]
fn a_seed_goes_into_no_filter_and_no_reason() {
    let mut screen = open(seen());
    screen.press("2 /");
    paste(&mut screen, &creds());
    let frame = screen.text();
    assert!(
        frame.contains("a seed was pasted: it was dropped"),
        "{frame}"
    );
    assert!(frame.contains("4 users"), "{frame}");

    let mut screen = asked(WIDE, Depth::Mono, revocation());
    screen.press("tab");
    paste(&mut screen, &creds());
    let frame = screen.text();
    assert!(
        frame.contains("a seed was pasted: it was dropped"),
        "{frame}"
    );
    assert!(!frame.contains("BEGIN"), "{frame}");
}

#[test]
fn a_paste_under_a_popup_is_dropped_and_that_is_said() {
    let mut screen = open(seen());
    screen.effects.clear();
    screen.press("?");

    paste(&mut screen, &first_user().to_string());

    assert!(screen.effects.is_empty());
    screen.press("esc");
    assert!(!screen.text().contains("is selected"));
}

#[test]
fn in_a_list_that_is_sorted_beside_the_screen_an_act_is_about_the_pasted_one_at_once() {
    let mut seen = with_worker();
    let worker = seen.users.last().unwrap().clone();
    let mut users: Vec<_> = (0..20_000u32)
        .map(|nth| {
            let mut line = worker.clone();
            let mut key = [7; 32];
            key[..4].copy_from_slice(&nth.to_be_bytes());
            line.id = UserId::from_bytes(key);
            line.name = Some(format!("user-{nth}").into());
            line
        })
        .collect();
    users.insert(9_000, worker);
    seen.users = Arc::new(users);
    let mut screen = open(seen);
    screen.press("2");

    paste(&mut screen, &creds()); // the first order has not even come

    let [whom] = &revoked(&mut screen)[..] else {
        panic!()
    };
    assert!(whom.ends_with(&pair().public_key()), "{whom}");
    screen.press("esc");
    screen.send(Msg::Seen(Ok(Arc::new(nothing()))));
    assert!(
        screen.text().contains("there is no user"),
        "{}",
        screen.text()
    );
}

#[test]
fn where_a_paste_led_in_colour() {
    let mut screen = TestScreen::open(WIDE, Depth::True, census());
    screen.send(Msg::Seen(Ok(Arc::new(with_worker()))));
    paste(&mut screen, &creds());

    insta::assert_snapshot!(screen.styled());
}

#[test]
fn what_is_dropped_on_a_small_terminal() {
    let mut screen = TestScreen::open(NARROW, Depth::Mono, census());
    screen.send(Msg::Seen(Ok(Arc::new(seen()))));
    let account = KeyPair::new_from_raw(KeyPairType::Account, [2; 32]).unwrap();

    paste(&mut screen, &account.seed().unwrap());

    insta::assert_snapshot!(screen.styled());
}
