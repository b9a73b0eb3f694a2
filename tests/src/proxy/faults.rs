//! What goes wrong on a proxied connection, described as data.

use std::time::Duration;

use super::counts::Direction;

/// The faults in force; the default is a perfect network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Faults {
    /// New connections are closed at once: no network.
    pub refuse: bool,
    /// Each piece waits this long before it is passed on, in each direction.
    pub delay: Option<Duration>,
    /// Bytes a second in each direction.
    pub bytes_per_second: Option<u64>,
    /// When a connection is cut.
    pub cut: Option<Cut>,
    /// Bytes in this direction are taken and never arrive: a network that is there in one direction only. What comes
    /// after such bytes on the same connection is rubbish; cut it before the fault ends.
    pub swallow: Option<Direction>,
    /// Nothing passes in this direction until the fault ends; then everything does.
    pub hold: Option<Direction>,
}

/// When a connection is cut. The bytes before the cut arrive, the others never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// After so many bytes of this connection in one direction, its opening included.
    AfterBytes(Direction, u64),
    /// At the first byte that comes later than this after the connection began.
    AfterTime(Duration),
}

impl Faults {
    /// No network at all.
    #[must_use]
    pub fn no_network() -> Self {
        Self { refuse: true, ..Self::default() }
    }

    /// A network that cuts each connection.
    #[must_use]
    pub fn cut(cut: Cut) -> Self {
        Self { cut: Some(cut), ..Self::default() }
    }

    /// A network in which one direction is dead.
    #[must_use]
    pub fn one_way(dead: Direction) -> Self {
        Self { swallow: Some(dead), ..Self::default() }
    }

    /// A network that keeps the bytes of one direction to itself for a while.
    #[must_use]
    pub fn holding(direction: Direction) -> Self {
        Self { hold: Some(direction), ..Self::default() }
    }

    /// A weak signal in a cellar: 400 ms each way, 4 KiB a second.
    #[must_use]
    pub fn weak_signal() -> Self {
        Self { delay: Some(Duration::from_millis(400)), bytes_per_second: Some(4_096), ..Self::default() }
    }

    /// How many bytes may still pass in `direction` after `passed` bytes and `age` of the connection.
    pub(super) fn allowed(&self, direction: Direction, passed: u64, age: Duration) -> u64 {
        match self.cut {
            Some(Cut::AfterBytes(cut_direction, bytes)) if cut_direction == direction => bytes.saturating_sub(passed),
            Some(Cut::AfterTime(time)) if age > time => 0,
            Some(Cut::AfterBytes(..) | Cut::AfterTime(_)) | None => u64::MAX,
        }
    }

    /// How long a piece of `length` bytes waits.
    pub(super) fn pause_for(&self, length: usize) -> Option<Duration> {
        let throttled = self.bytes_per_second.filter(|rate| *rate > 0).map(|rate| {
            let micros = u64::try_from(length).unwrap_or(0).saturating_mul(1_000_000);
            Duration::from_micros(micros.checked_div(rate).unwrap_or(0))
        });
        let pause = self.delay.unwrap_or_default().saturating_add(throttled.unwrap_or_default());
        (!pause.is_zero()).then_some(pause)
    }
}
