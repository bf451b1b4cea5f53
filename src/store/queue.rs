//! Work that several threads share and that makes more work: a directory is a piece, and a large one becomes many.
//! It is for plain threads that wait for a disk, not for tasks.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: Vec<T>,
    /// Pieces that a thread holds, which may make more.
    held: usize,
}

impl<T> Queue<T> {
    pub(super) fn new(waiting: Vec<T>) -> Self {
        Self {
            state: Mutex::new(State { waiting, held: 0 }),
            changed: Condvar::new(),
        }
    }

    /// The next piece; waits while there may come more, `None` when there cannot.
    pub(super) fn next(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(piece) = state.waiting.pop() {
                state.held += 1;
                return Some(piece);
            }
            if state.held == 0 {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends a piece that [`Queue::next`] gave, with what it made.
    pub(super) fn done(&self, more: Vec<T>) {
        let mut state = self.lock();
        state.waiting.extend(more);
        state.held = state.held.saturating_sub(1);
        self.changed.notify_all();
    }

    /// Throws away what nobody has begun.
    pub(super) fn clear(&self) {
        self.lock().waiting.clear();
    }

    /// A thread that panicked leaves a list that is still a list.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_piece_and_what_it_makes_is_worked_once() {
        let queue = Queue::new(vec![5_usize; 20]);
        let worked = AtomicUsize::new(0);

        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(piece) = queue.next() {
                        worked.fetch_add(1, Ordering::Relaxed);
                        queue.done(if piece > 0 { vec![piece - 1] } else { vec![] });
                    }
                });
            }
        });

        assert_eq!(worked.into_inner(), 20 * 6);
    }
}
