//! What one token of a target says: a word, a wildcard of the source, or a function of one (`indexPlaceHolders`,
//! `server/subject_transform.go`).
//!
//! ```text
//! $1   {{wildcard(1)}}   {{partition(10,1,2)}}   {{split(1,-)}}   {{splitFromLeft(1,2)}}   {{sliceFromRight(1,3)}}   {{random(5)}}
//! ```

/// A token of a target, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// A word.
    None,
    Wildcard(i64),
    Partition {
        buckets: i32,
        tokens: Vec<i64>,
    },
    Cut(i64, Cut),
    Random(i32),
}

impl Call {
    /// The wildcards that it names.
    pub(super) fn references(&self) -> Vec<i64> {
        match self {
            Self::None | Self::Random(_) => Vec::new(),
            Self::Wildcard(number) | Self::Cut(number, _) => vec![*number],
            Self::Partition { tokens, .. } => tokens.clone(),
        }
    }
}

/// Functions of one token. Sizes are bytes, as in Go; a size that is not inside the token leaves it whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    SplitFromLeft(i32),
    SplitFromRight(i32),
    SliceFromLeft(i32),
    SliceFromRight(i32),
    Left(i32),
    Right(i32),
    Split(String),
}

impl Cut {
    pub(super) fn keeps_one_word(&self) -> bool {
        match self {
            Self::Left(_) | Self::Right(_) => true,
            Self::SplitFromLeft(_)
            | Self::SplitFromRight(_)
            | Self::SliceFromLeft(_)
            | Self::SliceFromRight(_)
            | Self::Split(_) => false,
        }
    }

    /// What becomes of a token: words with dots between.
    pub(super) fn apply(&self, token: &str) -> String {
        let bytes = token.as_bytes();
        let inside = |size: i32| {
            usize::try_from(size)
                .ok()
                .filter(|size| *size > 0 && *size < bytes.len())
        };
        let cut = match self {
            Self::Split(delimiter) => return split(token, delimiter),
            Self::SplitFromLeft(size) => inside(*size).map(|size| in_two(bytes, size)),
            Self::SplitFromRight(size) => {
                inside(*size).map(|size| in_two(bytes, bytes.len() - size))
            }
            Self::SliceFromLeft(size) => inside(*size).map(|size| slices(&[], bytes, size)),
            Self::SliceFromRight(size) => inside(*size).map(|size| {
                let (rest, even) = bytes.split_at(bytes.len() % size);
                slices(rest, even, size)
            }),
            Self::Left(size) => inside(*size).map(|size| bytes.split_at(size).0.to_vec()),
            Self::Right(size) => {
                inside(*size).map(|size| bytes.split_at(bytes.len() - size).1.to_vec())
            }
        };
        cut.map_or_else(
            || token.to_owned(),
            |cut| String::from_utf8_lossy(&cut).into_owned(),
        )
    }
}

fn in_two(bytes: &[u8], at: usize) -> Vec<u8> {
    let (left, right) = bytes.split_at(at);
    [left, right].join(&b'.')
}

/// What is over, if anything is, and then slices of one size; the last may be shorter.
fn slices(over: &[u8], bytes: &[u8], size: usize) -> Vec<u8> {
    let over = (!over.is_empty()).then_some(over);
    let parts: Vec<&[u8]> = over.into_iter().chain(bytes.chunks(size)).collect();
    parts.join(&b'.')
}

/// The parts between delimiters. An empty part is left out, but not always its dot.
fn split(token: &str, delimiter: &str) -> String {
    let parts: Vec<&str> = if delimiter.is_empty() {
        // Go splits after each character.
        token.split("").filter(|part| !part.is_empty()).collect()
    } else {
        token.split(delimiter).collect()
    };
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        out.push_str(part);
        let is_next_shown = parts.get(at + 1).is_some_and(|next| !next.is_empty());
        if is_next_shown && !(at == 0 && part.is_empty()) {
            out.push('.');
        }
    }
    out
}

/// The bucket of a key: FNV-1a of 32 bits.
pub(super) fn bucket(key: &[u8], buckets: i32) -> u32 {
    if buckets == 0 {
        return 0;
    }
    let hash = key.iter().fold(0x811C_9DC5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    hash % buckets.cast_unsigned()
}

/// Whether a token of a target stands for a wildcard where servers look for nothing else: `$1` to `$9…`, `{{wildcard(…)}}`.
pub(super) fn is_reference(token: &str) -> bool {
    let mut letters = token.chars();
    let is_numbered = letters.next() == Some('$') && matches!(letters.next(), Some('1'..='9'));
    is_numbered
        || arguments(token, "Wildcard").is_some_and(|found| found.len() == 1 && found != [""])
}

/// Reads one token of a target; `None` is what servers refuse.
pub(super) fn read(token: &str) -> Option<Call> {
    if token.len() < 2 {
        return Some(Call::None);
    }
    if let Some(number) = token.strip_prefix('$') {
        return Some(number.parse().map_or(Call::None, Call::Wildcard));
    }
    if token.len() > 4 && token.starts_with("{{") && token.ends_with("}}") {
        return function(token);
    }
    Some(Call::None)
}

fn function(token: &str) -> Option<Call> {
    if let Some(found) = arguments(token, "Wildcard") {
        let [number] = found.as_slice() else {
            return None;
        };
        return Some(Call::Wildcard(integer(number)?));
    }
    if let Some(found) = arguments(token, "Partition") {
        let (buckets, tokens) = found.split_first()?;
        return Some(Call::Partition {
            buckets: size(buckets)?,
            tokens: tokens
                .iter()
                .map(|number| integer(number))
                .collect::<Option<_>>()?,
        });
    }
    for (name, cut) in SIZED {
        if let Some(found) = arguments(token, name) {
            let [number, of] = found.as_slice() else {
                return None;
            };
            return Some(Call::Cut(integer(number)?, cut(size(of)?)));
        }
    }
    if let Some(found) = arguments(token, "Split") {
        let [number, delimiter] = found.as_slice() else {
            return None;
        };
        let is_plain = !delimiter.contains([' ', '.']);
        let cut = is_plain.then(|| Cut::Split((*delimiter).to_owned()))?;
        return Some(Call::Cut(integer(number)?, cut));
    }
    let found = arguments(token, "Random")?;
    let [ceiling] = found.as_slice() else {
        return None;
    };
    Some(Call::Random(size(ceiling)?))
}

type MakeCut = fn(i32) -> Cut;

/// The functions of a token and a size, in the order in which servers try them.
const SIZED: [(&str, MakeCut); 6] = [
    ("SplitFromLeft", Cut::SplitFromLeft),
    ("SplitFromRight", Cut::SplitFromRight),
    ("SliceFromLeft", Cut::SliceFromLeft),
    ("SliceFromRight", Cut::SliceFromRight),
    ("Right", Cut::Right),
    ("Left", Cut::Left),
];

fn integer(written: &str) -> Option<i64> {
    written.trim_matches(' ').parse().ok()
}

fn size(written: &str) -> Option<i32> {
    written.trim_matches(' ').parse().ok()
}

/// The arguments of a call of this function anywhere in the token, as Go's `{{\s*name\s*\((.*)\)\s*}}` finds them. The
/// capitals of the name may be small letters.
fn arguments<'a>(token: &'a str, name: &str) -> Option<Vec<&'a str>> {
    token.match_indices("{{").find_map(|(at, _)| {
        let rest = token.get(at + 2..)?.trim_start_matches(SPACE);
        let (called, rest) = rest.split_at_checked(name.len())?;
        let is_named = called.bytes().zip(name.bytes()).all(|(called, name)| {
            called == name || (name.is_ascii_uppercase() && called == name.to_ascii_lowercase())
        });
        let inside = rest
            .trim_start_matches(SPACE)
            .strip_prefix('(')
            .filter(|_| is_named)?;
        let end = inside
            .rmatch_indices(')')
            .find(|(at, _)| {
                inside
                    .get(at + 1..)
                    .is_some_and(|after| after.trim_start_matches(SPACE).starts_with("}}"))
            })?
            .0;
        let mut found = inside.get(..end)?.split(',');
        let first = found.next();
        Some(
            first
                .into_iter()
                .chain(found.map(|next| next.trim_start_matches(SPACE)))
                .collect(),
        )
    })
}

/// What `\s` is to Go.
const SPACE: [char; 5] = [' ', '\t', '\n', '\r', '\u{C}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_as_servers_read_them() {
        let partition = |buckets, tokens: &[i64]| Call::Partition {
            buckets,
            tokens: tokens.to_vec(),
        };
        for (token, call) in [
            ("orders", Call::None),
            ("$1", Call::Wildcard(1)),
            ("$SYS", Call::None),
            ("{{}}", Call::None),
            ("{{ Wildcard( 2 ) }}", Call::Wildcard(2)),
            ("{{partition(10,1, 2)}}", partition(10, &[1, 2])),
            ("{{Partition(3)}}", partition(3, &[])),
            (
                "{{splitfromLeft(1,2)}}",
                Call::Cut(1, Cut::SplitFromLeft(2)),
            ),
            (
                "{{SliceFromRight(1,2)}}",
                Call::Cut(1, Cut::SliceFromRight(2)),
            ),
            ("{{split(1,-)}}", Call::Cut(1, Cut::Split("-".into()))),
            ("{{random(5)}}", Call::Random(5)),
        ] {
            assert_eq!(read(token), Some(call), "{token}");
        }
        for refused in [
            "{{WILDCARD(1)}}",
            "{{wildcard()}}",
            "{{wildcard(1,2)}}",
            "{{wildcard(x)}}",
            "{{left(1)}}",
            "{{split(1,a b)}}",
            "{{nothing(1)}}",
            "{{partition(x)}}",
        ] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }

    #[test]
    fn tokens_are_cut_as_servers_cut_them() {
        for (cut, token, out) in [
            (Cut::SplitFromLeft(3), "12345", "123.45"),
            (Cut::SplitFromRight(3), "12345", "12.345"),
            (Cut::SplitFromLeft(9), "12345", "12345"),
            (Cut::SliceFromLeft(2), "12345", "12.34.5"),
            (Cut::SliceFromLeft(2), "1234", "12.34"),
            (Cut::SliceFromRight(2), "12345", "1.23.45"),
            (Cut::Left(2), "12345", "12"),
            (Cut::Right(2), "12345", "45"),
            (Cut::Right(0), "12345", "12345"),
            (Cut::Split("-".into()), "a-b--c-", "a.b.c"),
            (Cut::Split("-".into()), "-a", "a"),
            (Cut::Split("-".into()), "-", ""),
        ] {
            assert_eq!(cut.apply(token), out, "{cut:?} {token}");
        }
    }

    /// From the server's own tests (`TestSubjectTransforms`).
    #[test]
    fn buckets_are_those_of_the_server() {
        assert_eq!(bucket(b"foo", 10), 3);
        assert_eq!(bucket(b"baz", 10), 0);
        assert_eq!(bucket(b"qux", 10), 9);
        assert_eq!(bucket(b"", 0), 0);
    }
}
