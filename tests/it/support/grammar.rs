//! What the console may write to a terminal: letters, and the sequences that are listed here. Whatever else is found was
//! somebody else's word.

/// Modes that are set and reset: cursor, mouse, focus, alternate screen, bracketed paste, synchronized output.
const MODES: [&str; 10] = [
    "25", "1000", "1002", "1003", "1004", "1006", "1015", "1049", "2004", "2026",
];

/// What is neither a letter nor one of our sequences, as it was written.
pub fn strangers(written: &[u8]) -> Vec<String> {
    let Ok(mut rest) = std::str::from_utf8(written) else {
        return vec!["bytes that are no text".to_owned()];
    };
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\u{1b}' => ours(rest).unwrap_or(0),
            letter if does_something(letter) => 0,
            letter => letter.len_utf8(),
        };
        if length == 0 {
            found.push(
                rest.chars()
                    .take(12)
                    .collect::<String>()
                    .escape_debug()
                    .to_string(),
            );
        }
        rest = &rest[length.max(first.len_utf8())..];
    }
    found
}

/// Whether a letter moves, rings, ends a line or turns text round.
fn does_something(letter: char) -> bool {
    let turns = [
        '\u{200e}'..='\u{200f}',
        '\u{202a}'..='\u{202e}',
        '\u{2066}'..='\u{2069}',
    ];
    letter.is_control() || turns.iter().any(|range| range.contains(&letter))
}

/// The length of the sequence at the beginning, if it is one of ours.
fn ours(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\u{1b}[")?;
    let end = inside.find(|c: char| ('@'..='~').contains(&c))?;
    let (parameters, last) = (&inside[..end], inside[end..].chars().next()?);
    let numbers = |written: &str| {
        written
            .bytes()
            .all(|b| b.is_ascii_digit() || b";:".contains(&b))
    };
    let is_ours = match last {
        'H' | 'G' | 'm' | 'J' | 'K' => numbers(parameters),
        'h' | 'l' => parameters
            .strip_prefix('?')
            .is_some_and(|mode| MODES.contains(&mode)),
        'u' => [">11", "<1"].contains(&parameters), // keys that say when they are held, while a popup asks
        _ => false,
    };
    is_ours.then_some("\u{1b}[".len() + end + last.len_utf8())
}

#[test]
fn what_is_not_ours_is_found() {
    let ours = "\u{1b}[?1049h\u{1b}[2J\u{1b}[3;1H\u{1b}[38;2;1;2;3mORDERS ▲\u{1b}[0m";
    assert_eq!(strangers(ours.as_bytes()), [""; 0]);
    for stranger in [
        "\u{1b}]0;owned\u{7}",
        "\u{1b}[6n",
        "\u{9b}31m",
        "a\u{202e}b",
        "line\r\n",
        "\u{1b}c",
        "\u{1b}[?1h",
        "\u{1b}[",
    ] {
        assert!(!strangers(stranger.as_bytes()).is_empty(), "{stranger:?}");
    }
    assert!(!strangers(b"\xff").is_empty());
}
