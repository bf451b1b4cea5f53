//! Creds files: ours are read by Go, nsc's by us, and both take the same from files that somebody has edited.

use std::fs;

use nats_oam::jwt::creds::{Creds, Seed};
use nats_oam::text::Text;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::support::chance::Dice;
use crate::support::files::shared;
use crate::support::skip::needs;
use crate::support::tools::Tool;

/// Every creds file below the fixtures.
fn of_nsc() -> Vec<String> {
    let mut folders = vec![shared("fixtures/nsc")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "creds")
            {
                files.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    files.sort();
    files
}

/// Token and public key of the seed, where both can be read.
fn ours(file: &str) -> Option<(String, String)> {
    let creds = Creds::parse(file.as_bytes()).ok()?;
    let key = creds.seed.as_ref()?.public_key().ok()?;
    Some((creds.token_text.raw().to_owned(), key.to_string()))
}

fn of_go(answer: &Value) -> Option<(String, String)> {
    let text = |field| answer[field].as_str().map(str::to_owned);
    Some((text("token")?, text("key")?))
}

fn to_parse(file: &str) -> Value {
    json!({"op": "creds", "text": file})
}

#[test]
fn creds_that_we_write_are_read_by_go_and_by_us() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let tokens = tools.oracle_tokens();
    let mut files = Vec::new();
    let mut expected = Vec::new();
    for (_, token) in tokens {
        let pair = nkeys::KeyPair::new_user();
        let seed = Seed::new(Zeroizing::new(pair.seed().unwrap())).unwrap();
        let creds = Creds {
            token_text: Text::from(token.as_str()),
            seed: Some(seed),
        };
        files.push(creds.write().unwrap().to_string());
        expected.push(Some((token, pair.public_key())));
    }

    let answers = tools.ask_oracle(&files.iter().map(|file| to_parse(file)).collect::<Vec<_>>());

    assert_eq!(answers.iter().map(of_go).collect::<Vec<_>>(), expected);
    assert_eq!(
        files.iter().map(|file| ours(file)).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn edited_creds_of_nsc_give_us_what_they_give_go() {
    let Some(tools) = needs(&[Tool::Oracle]) else {
        return;
    };
    let fixtures = of_nsc();
    let files: Vec<String> = (0..2000)
        .map(|seed| {
            let mut dice = Dice(seed);
            let file = &fixtures[dice.below(fixtures.len())];
            edited(&mut dice, file)
        })
        .collect();

    let trimmed = files.iter().map(|file| without_space_after_seeds(file));
    let requests: Vec<_> = files
        .iter()
        .cloned()
        .chain(trimmed)
        .map(|file| to_parse(&file))
        .collect();

    let answers = tools.ask_oracle(&requests);

    let (mut read, (as_written, trimmed)) = (0, answers.split_at(files.len()));
    for (file, (as_written, trimmed)) in files.iter().zip(as_written.iter().zip(trimmed)) {
        let go = of_go(as_written)
            .or_else(|| of_go(trimmed))
            .filter(|(token, _)| is_token(token));
        read += u32::from(go.is_some());
        assert_eq!(ours(file), go, "{file}");
    }
    assert!((500..1900).contains(&read), "{read} of 2000 are read");
}

/// Space after a bare seed makes it unreadable to Go; we drop it.
fn without_space_after_seeds(file: &str) -> String {
    file.split_inclusive('\n')
        .map(|line| {
            if line.starts_with("SU") {
                line.trim_end().to_owned() + "\n"
            } else {
                line.to_owned()
            }
        })
        .collect()
}

/// Go hands out anything that stands where a token should, also a whole file; we only what has the three parts of one.
fn is_token(text: &str) -> bool {
    text.split('.').count() == 3 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The file after somebody has been at it with an editor.
fn edited(dice: &mut Dice, file: &str) -> String {
    let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
    for _ in 0..dice.below(3) {
        let at = dice.below(lines.len());
        match dice.below(7) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, String::new()),
            2 => lines.insert(at, "words ---and--- dashes ---".to_owned()),
            3 => lines[at].insert(0, ' '),
            4 => lines[at].push(' '),
            5 => lines[at] = lines[at].replace("---", "--"),
            _ => lines.swap(at, 0),
        }
        if lines.is_empty() {
            break;
        }
    }
    let end = dice.pick(&["\n", "\r\n"]);
    let mut text = lines.join(end);
    if dice.one_in(2) {
        text.push_str(end);
    }
    text
}
