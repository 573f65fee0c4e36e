//! A channel from one thread to another that is bounded by the bytes of what is on the way, not by its number: answers of
//! windows differ a thousandfold in size.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What both ends share.
struct Shared<T> {
    state: Mutex<State<T>>,
    /// Something was put in, taken out, or an end is gone.
    changed: Condvar,
    most: usize,
}

struct State<T> {
    waiting: VecDeque<(usize, T)>,
    bytes: usize,
    /// How many threads wait for room.
    blocked: usize,
    /// One of the ends is gone.
    closed: bool,
}

impl<T> State<T> {
    /// Takes the first out.
    fn take(&mut self) -> Option<T> {
        let (bytes, value) = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(value)
    }
}

/// The end that things are put into.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// The end that they come out of: until the other one is gone and nothing waits any more.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

/// A channel in which so many bytes may wait, or one thing that is larger.
pub(crate) fn channel<T>(most: usize) -> (Sender<T>, Receiver<T>) {
    let state = Mutex::new(State { waiting: VecDeque::new(), bytes: 0, blocked: 0, closed: false });
    let shared = Arc::new(Shared { state, changed: Condvar::new(), most });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nobody breaks off while holding it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State<T>>) -> MutexGuard<'s, State<T>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }
}

impl<T> Sender<T> {
    /// Puts in what takes so many bytes, once there is room for it; false if nobody will take it out.
    pub(crate) fn send(&self, bytes: usize, value: T) -> bool {
        let mut state = self.0.state();
        while !state.closed && !state.waiting.is_empty() && state.bytes.saturating_add(bytes) > self.0.most {
            state.blocked += 1;
            state = self.0.wait(state);
            state.blocked -= 1;
        }
        if state.closed {
            return false;
        }
        state.bytes = state.bytes.saturating_add(bytes);
        state.waiting.push_back((bytes, value));
        drop(state);
        self.0.changed.notify_all();
        true
    }

    /// How many threads wait for room.
    #[cfg(test)]
    pub(crate) fn blocked(&self) -> usize {
        self.0.state().blocked
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Receiver<T> {
    /// What waits, if anything does.
    pub(crate) fn ready(&mut self) -> Option<T> {
        let value = self.0.state().take()?;
        self.0.changed.notify_all();
        Some(value)
    }
}

impl<T> Iterator for Receiver<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let mut state = self.0.state();
        loop {
            if let Some(value) = state.take() {
                drop(state);
                self.0.changed.notify_all();
                return Some(value);
            }
            if state.closed {
                return None;
            }
            state = self.0.wait(state);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn what_waits_is_bounded_by_its_bytes_and_keeps_its_order() {
        const MOST: usize = 100;
        let (sender, receiver) = channel(MOST);
        let sizes = [10, 60, 500, 1, 1, 1, 99, 30, 30, 30, 30, 0, 100];
        let waiting = &AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(move || {
                for (number, size) in sizes.into_iter().cycle().take(2_000).enumerate() {
                    assert!(sender.send(size, (number, size)));
                    waiting.fetch_add(size, Ordering::SeqCst);
                }
            });
            let mut expected = 0;
            for (number, size) in receiver {
                assert_eq!(number, expected);
                expected += 1;
                // Not counted yet: the one at hand, and the sender's next one.
                assert!(waiting.load(Ordering::SeqCst) <= MOST + 500 + size);
                while waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |all| all.checked_sub(size)).is_err() {
                    thread::yield_now();
                }
            }
            assert_eq!(expected, 2_000);
        });
    }

    #[test]
    fn one_large_thing_waits_alone() {
        let (sender, mut receiver) = channel(100);
        assert!(sender.send(1_000, 1));
        let state = |sender: &Sender<i32>| {
            let state = sender.0.state();
            (state.bytes, state.waiting.len())
        };
        thread::scope(|scope| {
            let more = scope.spawn(|| sender.send(1, 2));
            while !more.is_finished() && sender.blocked() == 0 {
                thread::yield_now();
            }
            assert_eq!(state(&sender), (1_000, 1));
            assert_eq!(receiver.next(), Some(1));
            assert!(more.join().unwrap());
        });
        assert_eq!(state(&sender), (1, 1));
    }

    #[test]
    fn an_end_that_is_gone_ends_the_other() {
        let (sender, receiver) = channel(1);
        assert!(sender.send(1, ()));
        thread::scope(|scope| {
            let waits = scope.spawn(|| sender.send(1, ()));
            drop(receiver);
            assert!(!waits.join().unwrap());
        });
        let (sender, mut receiver) = channel(10);
        assert!(sender.send(1, 7));
        drop(sender);
        assert_eq!((receiver.next(), receiver.next()), (Some(7), None));
    }
}
