//! What a proxy counts.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the device to the server.
    Up,
    /// From the server to the device.
    Down,
}

/// Bytes and turns, of all connections together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Bytes from the device after the opening.
    pub up: u64,
    /// Bytes from the server after the opening.
    pub down: u64,
    /// Bytes of requests' and answers' heads, both ways: up to the first empty line of each direction.
    pub opening: u64,
    /// Connections that reached the server.
    pub connections: u64,
    /// How often the device began to speak after the server had spoken, or first: requests, round trips.
    pub requests: u64,
}

impl Counts {
    /// Bytes both ways after the opening.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.up.saturating_add(self.down)
    }
}

const NOBODY: u8 = 0;
const DEVICE: u8 = 1;
const SERVER: u8 = 2;

#[derive(Debug, Default)]
pub(super) struct Counters {
    up: AtomicU64,
    down: AtomicU64,
    opening: AtomicU64,
    connections: AtomicU64,
    requests: AtomicU64,
    last_speaker: AtomicU8,
}

impl Counters {
    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one piece that was passed on: bytes of the opening and bytes after it.
    pub(super) fn passed(&self, direction: Direction, opening: u64, after: u64) {
        self.opening.fetch_add(opening, Ordering::Relaxed);
        if after == 0 {
            return;
        }
        let (counter, speaker) = match direction {
            Direction::Up => (&self.up, DEVICE),
            Direction::Down => (&self.down, SERVER),
        };
        counter.fetch_add(after, Ordering::Relaxed);
        if self.last_speaker.swap(speaker, Ordering::Relaxed) != speaker && direction == Direction::Up {
            self.requests.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Counts {
        Counts {
            up: self.up.load(Ordering::Relaxed),
            down: self.down.load(Ordering::Relaxed),
            opening: self.opening.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
        }
    }

    pub(super) fn reset(&self) {
        for counter in [&self.up, &self.down, &self.opening, &self.connections, &self.requests] {
            counter.store(0, Ordering::Relaxed);
        }
        self.last_speaker.store(NOBODY, Ordering::Relaxed);
    }
}

/// Finds the end of the opening in one direction: the first empty line (RFC 9112, section 2.1).
///
/// A stream that does not begin like HTTP has no opening.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// Bytes of the empty line matched so far.
    matched: usize,
    state: OpeningState,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum OpeningState {
    #[default]
    Unknown,
    Inside,
    Over,
}

const EMPTY_LINE: &[u8] = b"\r\n\r\n";

impl Opening {
    /// How many bytes at the front of `piece` belong to the opening.
    pub(super) fn take(&mut self, piece: &[u8]) -> u64 {
        if self.state == OpeningState::Unknown {
            let is_http = piece.first().is_some_and(u8::is_ascii_uppercase);
            self.state = if is_http { OpeningState::Inside } else { OpeningState::Over };
        }
        let mut taken: u64 = 0;
        for byte in piece {
            if self.state == OpeningState::Over {
                break;
            }
            taken = taken.saturating_add(1);
            self.matched = match EMPTY_LINE.get(self.matched) {
                Some(expected) if expected == byte => self.matched.saturating_add(1),
                _ => usize::from(*byte == b'\r'),
            };
            if self.matched == EMPTY_LINE.len() {
                self.state = OpeningState::Over;
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opening_ends_at_the_first_empty_line_however_it_is_cut() {
        let stream = b"POST /device/sync HTTP/1.1\r\nhost: a\r\n\r\nbody\r\n\r\nmore";
        for size in 1..stream.len() {
            let mut opening = Opening::default();
            let taken: u64 = stream.chunks(size).map(|piece| opening.take(piece)).sum();
            assert_eq!(taken, 39, "in pieces of {size}");
        }
    }

    #[test]
    fn a_stream_that_is_not_http_has_no_opening() {
        assert_eq!(Opening::default().take(&[0x82, 0x01]), 0);
    }

    #[test]
    fn a_request_is_counted_when_the_speaker_changes() {
        let counters = Counters::default();
        for direction in [Direction::Up, Direction::Up, Direction::Down, Direction::Down, Direction::Up] {
            counters.passed(direction, 0, 10);
        }
        assert_eq!(counters.read(), Counts { up: 30, down: 20, requests: 2, ..Counts::default() });
        counters.reset();
        assert_eq!(counters.read(), Counts::default());
    }
}
