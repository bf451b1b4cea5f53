//! The lines of a chain's file, from either end, in bounded memory. It knows no records.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take};

/// Bytes of the longest line that is read: two tokens at the servers' limit of 1 MiB with everything around them, and room.
pub(crate) const LONGEST: usize = 16 << 20;

const BLOCK: u32 = 64 << 10;

/// One line, or what stands where a line should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Offset of the first byte.
    pub(crate) at: u64,
    /// Offset behind the last byte, the newline among them.
    pub(crate) end: u64,
    pub(crate) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Ended by a newline, which is not part of it.
    Whole(Vec<u8>),
    /// The last bytes of the file, not ended by a newline.
    Torn,
    /// Longer than [`LONGEST`].
    TooLong,
}

/// From an offset to the end, oldest first.
pub(crate) struct Forwards {
    reader: BufReader<Take<File>>,
    at: u64,
}

impl Forwards {
    /// Reads from `start` up to `end`; what is appended later is not seen.
    pub(crate) fn new(mut file: File, start: u64, end: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        let part = file.take(end.saturating_sub(start));
        Ok(Self {
            reader: BufReader::with_capacity(usize::try_from(BLOCK).unwrap_or(usize::MAX), part),
            at: start,
        })
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let mut part = (&mut self.reader).take(LONGEST as u64 + 1);
        let mut length = part.read_until(b'\n', &mut bytes)? as u64;
        if length == 0 {
            return Ok(None);
        }
        let content = if bytes.pop_if(|last| *last == b'\n').is_some() {
            Content::Whole(bytes)
        } else if bytes.len() > LONGEST {
            length += self.reader.skip_until(b'\n')? as u64;
            Content::TooLong
        } else {
            Content::Torn
        };
        let at = self.at;
        self.at += length;
        Ok(Some(Line {
            at,
            end: self.at,
            content,
        }))
    }
}

/// From an offset to the beginning, newest first.
pub(crate) struct Backwards {
    file: File,
    /// What was not given out yet ends here.
    end: u64,
    block: Vec<u8>,
    block_at: u64,
}

impl Backwards {
    pub(crate) fn new(file: File, end: u64) -> Self {
        Self {
            file,
            end,
            block: Vec::new(),
            block_at: end,
        }
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        let Some(last) = self.end.checked_sub(1) else {
            return Ok(None);
        };
        let end = self.end;
        let torn = self.byte(last)? != Some(b'\n');
        let at = self.line_start(if torn { end } else { last })?;
        let content = if torn {
            Content::Torn
        } else if last - at > LONGEST as u64 {
            Content::TooLong
        } else {
            Content::Whole(self.bytes(at, last)?)
        };
        self.end = at;
        Ok(Some(Line { at, end, content }))
    }

    /// The offset behind the last newline before `before`, or 0.
    fn line_start(&mut self, before: u64) -> io::Result<u64> {
        let mut before = before;
        while before > 0 {
            self.load(before)?;
            let held = usize::try_from(before - self.block_at).unwrap_or(usize::MAX);
            let held = self.block.get(..held).unwrap_or(&self.block);
            if let Some(newline) = held.iter().rposition(|byte| *byte == b'\n') {
                return Ok(self.block_at + newline as u64 + 1);
            }
            before = self.block_at;
        }
        Ok(0)
    }

    fn byte(&mut self, at: u64) -> io::Result<Option<u8>> {
        self.load(at + 1)?;
        let index = usize::try_from(at - self.block_at).unwrap_or(usize::MAX);
        Ok(self.block.get(index).copied())
    }

    /// Holds the block that has the byte before `before`.
    fn load(&mut self, before: u64) -> io::Result<()> {
        let held = self.block_at..self.block_at + self.block.len() as u64;
        if held.contains(&before.saturating_sub(1)) {
            return Ok(());
        }
        let at = before.saturating_sub(u64::from(BLOCK));
        self.block = read_at(&mut self.file, at, before)?;
        self.block_at = at;
        Ok(())
    }

    fn bytes(&mut self, at: u64, end: u64) -> io::Result<Vec<u8>> {
        if at >= self.block_at {
            let from = usize::try_from(at - self.block_at).unwrap_or(usize::MAX);
            let to = usize::try_from(end - self.block_at).unwrap_or(usize::MAX);
            if let Some(held) = self.block.get(from..to) {
                return Ok(held.to_vec());
            }
        }
        read_at(&mut self.file, at, end)
    }
}

fn read_at(file: &mut File, at: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(end.saturating_sub(at)).map_err(io::Error::other)?];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn both_ways(bytes: &[u8]) -> (Vec<Line>, Vec<Line>) {
        let end = bytes.len() as u64;
        let mut forwards = Forwards::new(file_of(bytes), 0, end).unwrap();
        let mut backwards = Backwards::new(file_of(bytes), end);
        let ahead = std::iter::from_fn(|| forwards.next().unwrap()).collect();
        let back: Vec<Line> = std::iter::from_fn(|| backwards.next().unwrap()).collect();
        (ahead, back.into_iter().rev().collect())
    }

    #[test]
    fn a_line_longer_than_the_longest_is_passed_over() {
        let mut bytes = b"first\n".to_vec();
        bytes.resize(bytes.len() + LONGEST + 1, b'x');
        bytes.extend_from_slice(b"\nlast\n");

        let (ahead, back) = both_ways(&bytes);

        assert_eq!(ahead, back);
        let contents: Vec<Content> = ahead.into_iter().map(|line| line.content).collect();
        assert_eq!(
            contents,
            [
                Content::Whole(b"first".into()),
                Content::TooLong,
                Content::Whole(b"last".into())
            ]
        );
    }

    #[test]
    fn lines_across_blocks_are_the_same_from_both_ends() {
        let bytes: Vec<u8> = (0..400_000_u32)
            .map(|n| if n % 50_021 == 7 { b'\n' } else { b'a' })
            .collect();

        let (ahead, back) = both_ways(&bytes);

        assert_eq!(ahead, back);
        assert_eq!(ahead.last().unwrap().content, Content::Torn);
    }

    proptest! {
        #[test]
        fn any_bytes_are_cut_into_the_same_lines_from_both_ends(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200)) {
            let (ahead, back) = both_ways(&bytes);

            prop_assert_eq!(&ahead, &back);
            let mut end = 0;
            for line in &ahead {
                prop_assert_eq!(line.at, end);
                end = line.end;
            }
            prop_assert_eq!(end, bytes.len() as u64);
        }
    }
}
