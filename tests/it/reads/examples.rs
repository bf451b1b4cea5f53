//! The examples of `docs/CLI.md`, run as they stand: each line of a block of shell, and the code that it says it ends with.
//!
//! ```text
//! nats-oam expiry ls --within 7d      # 7: LEGACY ends in two days
//! ```

use super::{plain, settled};
use crate::support::world::World;

/// The command lines of the page, and how each ends.
fn examples() -> Vec<(Vec<String>, i32)> {
    let page = include_str!("../../../docs/CLI.md");
    let blocks = page.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once("```"));
    let lines = blocks.flat_map(|(block, _)| block.lines());
    lines.map(example).collect()
}

fn example(line: &str) -> (Vec<String>, i32) {
    let (command, says) = line.split_once(" # ").unwrap_or((line, "0"));
    let code = says.split(':').next().unwrap().trim().parse().unwrap();
    (words(command.trim()), code)
}

/// Words as a shell has them, as far as the page needs it: blanks, and quotes of one kind.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[tokio::test]
async fn every_example_of_the_page_runs_as_it_stands() {
    let Some(world) = World::busy() else { return };
    let admin = settled(world).await;
    let examples = examples();
    assert!(!examples.is_empty());

    for (command, code) in &examples {
        assert_eq!(command[0], "nats-oam");
        let args: Vec<&str> = command[1..].iter().map(String::as_str).collect();

        let ran = plain(&admin, &args);

        assert_eq!(ran.code, *code, "{command:?}: {ran:?}");
    }
}
