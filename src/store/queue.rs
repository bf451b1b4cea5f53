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

    /// Works off pieces, and those that they make, until there can come no more. Several threads call it at once.
    pub(super) fn work(&self, mut each: impl FnMut(T) -> Vec<T>) {
        while let Some(piece) = self.next() {
            let mut made = Made {
                queue: self,
                more: Vec::new(),
            };
            made.more = each(piece);
        }
    }

    /// The next piece; waits while there may come more, `None` when there cannot.
    fn next(&self) -> Option<T> {
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

    /// Throws away what nobody has begun.
    pub(super) fn clear(&self) {
        self.lock().waiting.clear();
    }

    /// A thread that panicked leaves a list that is still a list.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a piece when dropped, also by a panic, which would otherwise leave the other threads waiting for ever.
struct Made<'a, T> {
    queue: &'a Queue<T>,
    more: Vec<T>,
}

impl<T> Drop for Made<'_, T> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.waiting.append(&mut self.more);
        state.held = state.held.saturating_sub(1);
        self.queue.changed.notify_all();
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
                    queue.work(|piece| {
                        worked.fetch_add(1, Ordering::Relaxed);
                        if piece > 0 { vec![piece - 1] } else { vec![] }
                    });
                });
            }
        });

        assert_eq!(worked.into_inner(), 20 * 6);
    }

    #[test]
    fn a_panic_in_one_thread_does_not_keep_the_others_waiting() {
        let queue = Queue::new(vec![1, 2, 3]);
        let worked = AtomicUsize::new(0);

        let ended = std::thread::scope(|scope| {
            let work = || {
                queue.work(|piece| {
                    worked.fetch_add(1, Ordering::Relaxed);
                    assert_ne!(piece, 3, "on purpose");
                    vec![]
                });
            };
            let threads = [scope.spawn(work), scope.spawn(work)];
            threads.map(|thread| thread.join().is_err())
        });

        assert_eq!(ended.iter().filter(|panicked| **panicked).count(), 1);
        assert_eq!(worked.into_inner(), 3);
    }
}
