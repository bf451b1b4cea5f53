//! A frame over 100,000 users.

use allocation_counter::measure;
use ratatui::layout::Size;

use crate::many::{Console, Wire};

const SIZES: [Size; 3] = [
    Size {
        width: 80,
        height: 24,
    },
    Size {
        width: 100,
        height: 30,
    },
    Size {
        width: 200,
        height: 60,
    },
];

/// Draws a frame, and counts what it allocates.
fn counted(console: &mut Console) -> (u64, Wire) {
    let mut wire = Wire::default();
    let counted = measure(|| wire = console.draw());
    (counted.count_total, wire)
}

#[test]
fn a_frame_over_many_users_is_few_allocations_and_one_write() {
    for size in SIZES {
        let mut console = Console::open(size);
        assert!(console.draw().bytes > 1_000); // the first one also makes room for its bytes
        for keys in ["j", "page-down", "end", "space", "s", "n", "esc", "?"] {
            console.press(keys);

            let (allocations, wire) = counted(&mut console);

            assert_eq!(wire.writes, 1, "{keys} at {size}");
            assert!(allocations <= 100, "{keys} at {size}: {allocations}");
        }
    }
}

/// Rows whose names fit: what differs is the bar, and the detail beside it. In the sizes of 80 and 100 columns: with 200, the
/// letters of two rows alone are half of it.
#[test]
fn a_row_move_over_many_users_is_few_bytes() {
    for size in SIZES.into_iter().take(2) {
        let mut console = Console::open(size);
        console.press("j");
        console.draw();
        for nth in 2..10 {
            console.press("j");

            let wire = console.draw();

            assert_eq!(wire.writes, 1);
            assert!(
                (100..=600).contains(&wire.bytes),
                "row {nth} at {size}: {} bytes",
                wire.bytes
            );
        }
    }
}
