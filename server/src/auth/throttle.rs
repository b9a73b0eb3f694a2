//! The brake on guessing passwords and codes: counts tries per login and address, in bounded memory.
//!
//! A try is counted before the password is looked at, so that many tries at once cannot slip through. Three counts
//! run: one login from one address (5), one address whatever the login (50), one login whatever the address (50).
//! An office behind one address has room; a stranger cannot lock a person out from elsewhere with 5 tries.
//! Nothing is stored: a restart forgives.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use docket_sync_core::time::{MINUTE, UnixMillis};

/// Milliseconds over which tries are counted.
pub const WINDOW_MS: i64 = 15 * MINUTE;

/// Tries of one login from one address within the window.
pub const TRIES_MAX: usize = 5;

/// Tries from one address, and tries of one login, within the window.
pub const TRIES_WIDE_MAX: usize = 50;

/// Counters kept. Beyond it the one that was used longest ago goes.
pub const COUNTERS_MAX: usize = 20_000;

/// Too many tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries, the next one is possible in {} s", retry_after_ms.div_euclid(1_000).saturating_add(1))]
pub struct TooManyTries {
    /// Milliseconds until a try is possible again. Positive.
    pub retry_after_ms: i64,
}

/// What is counted. Logins are kept as digests: a login of any length costs the same memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Both([u8; 16], IpAddr),
    Address(IpAddr),
    Login([u8; 16]),
}

impl Subject {
    fn tries_max(self) -> usize {
        match self {
            Self::Both(..) => TRIES_MAX,
            Self::Address(_) | Self::Login(_) => TRIES_WIDE_MAX,
        }
    }
}

/// Counts of recent tries.
#[derive(Debug, Default)]
pub struct Throttle {
    /// Times of the tries within the window, oldest first.
    tries: BTreeMap<Subject, Vec<UnixMillis>>,
    /// The same subjects by the time of their last try.
    by_age: BTreeSet<(UnixMillis, Subject)>,
}

impl Throttle {
    /// No tries yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one try of `login` from `address`, or refuses it. A refused try is not counted.
    pub fn attempt(&mut self, login: &str, address: IpAddr, now: UnixMillis) -> Result<(), TooManyTries> {
        let (login, address) = (digest(login), network(address));
        self.count(&[Subject::Both(login, address), Subject::Address(address), Subject::Login(login)], now)
    }

    /// Counts one try of an enrolment code from `address`, or refuses it.
    pub fn attempt_code(&mut self, address: IpAddr, now: UnixMillis) -> Result<(), TooManyTries> {
        self.count(&[Subject::Address(network(address))], now)
    }

    /// The password was right: forgives the tries of `login` from `address`, and this one try in the wide counts.
    /// So an own account does not open the way to others, and a full office may log in at eight o'clock.
    pub fn succeeded(&mut self, login: &str, address: IpAddr) {
        let (login, address) = (digest(login), network(address));
        self.replace(Subject::Both(login, address), Vec::new());
        for subject in [Subject::Address(address), Subject::Login(login)] {
            let mut tries = self.tries.get(&subject).cloned().unwrap_or_default();
            tries.pop();
            self.replace(subject, tries);
        }
    }

    /// The try of a code was no wrong guess: forgives this one.
    pub fn succeeded_code(&mut self, address: IpAddr) {
        let subject = Subject::Address(network(address));
        let mut tries = self.tries.get(&subject).cloned().unwrap_or_default();
        tries.pop();
        self.replace(subject, tries);
    }

    fn count(&mut self, subjects: &[Subject], now: UnixMillis) -> Result<(), TooManyTries> {
        for subject in subjects {
            let recent = self.recent(*subject, now);
            let free_again = recent.len().checked_sub(subject.tries_max()).and_then(|at| recent.get(at));
            if let Some(first) = free_again {
                let retry_after_ms = first.plus(WINDOW_MS).since(now).clamp(1, WINDOW_MS);
                return Err(TooManyTries { retry_after_ms });
            }
        }
        for subject in subjects {
            let mut recent = self.recent(*subject, now);
            recent.push(now);
            self.replace(*subject, recent);
        }
        while self.tries.len() > COUNTERS_MAX {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.tries.remove(&oldest);
        }
        Ok(())
    }

    /// Tries within the window. A clock that was set back does not keep old tries for ever.
    fn recent(&self, subject: Subject, now: UnixMillis) -> Vec<UnixMillis> {
        let tries = self.tries.get(&subject).map(Vec::as_slice).unwrap_or_default();
        let within = |at: &UnixMillis| now.since(*at).unsigned_abs() < WINDOW_MS.unsigned_abs();
        tries.iter().copied().filter(within).collect()
    }

    fn replace(&mut self, subject: Subject, tries: Vec<UnixMillis>) {
        if let Some(last) = self.tries.remove(&subject).and_then(|old| old.last().copied()) {
            self.by_age.remove(&(last, subject));
        }
        if let Some(last) = tries.last() {
            self.by_age.insert((*last, subject));
            self.tries.insert(subject, tries);
        }
    }
}

fn digest(login: &str) -> [u8; 16] {
    let mut short = [0; 16];
    blake3::Hasher::new().update(login.trim().to_lowercase().as_bytes()).finalize_xof().fill(&mut short);
    short
}

/// One household or office counts as one address: an IPv6 network of 64 bits, an IPv4 address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn tries_until_refused(
        throttle: &mut Throttle,
        mut login: impl FnMut(usize) -> String,
        address: impl Fn(usize) -> IpAddr,
    ) -> usize {
        (0..1_000).position(|number| throttle.attempt(&login(number), address(number), NOW).is_err()).unwrap()
    }

    #[test]
    fn five_tries_of_a_login_from_an_address() {
        let mut throttle = Throttle::new();
        assert_eq!(tries_until_refused(&mut throttle, |_| "Anna ".into(), |_| ip("10.0.0.1")), 5);
        assert_eq!(throttle.attempt("anna", ip("10.0.0.1"), NOW), Err(TooManyTries { retry_after_ms: WINDOW_MS }));
        assert_eq!(throttle.attempt("anna", ip("10.0.0.2"), NOW), Ok(()), "she herself, from elsewhere");
        assert_eq!(throttle.attempt("ben", ip("10.0.0.1"), NOW), Ok(()), "a colleague");
        assert_eq!(throttle.attempt("anna", ip("::ffff:10.0.0.1"), NOW).unwrap_err().retry_after_ms, WINDOW_MS);
    }

    #[test]
    fn the_window_slides() {
        let mut throttle = Throttle::new();
        for minute in 0..5 {
            throttle.attempt("anna", ip("10.0.0.1"), NOW.plus(minute * MINUTE)).unwrap();
        }
        let refused = throttle.attempt("anna", ip("10.0.0.1"), NOW.plus(WINDOW_MS - 1));
        assert_eq!(refused, Err(TooManyTries { retry_after_ms: 1 }));
        throttle.attempt("anna", ip("10.0.0.1"), NOW.plus(WINDOW_MS)).unwrap();
        let refused = throttle.attempt("anna", ip("10.0.0.1"), NOW.plus(WINDOW_MS));
        assert_eq!(refused, Err(TooManyTries { retry_after_ms: MINUTE }));
        assert_eq!(throttle.attempt("anna", ip("10.0.0.1"), NOW.plus(-WINDOW_MS)), Ok(()), "the clock was set back");
    }

    #[test]
    fn only_failed_tries_count() {
        let mut throttle = Throttle::new();
        for number in 0..200 {
            let login = format!("login{number}");
            throttle.attempt(&login, ip("10.0.0.1"), NOW).unwrap();
            throttle.succeeded(&login, ip("10.0.0.1"));
        }
        assert!(throttle.tries.is_empty() && throttle.by_age.is_empty());
        for number in 0..4 {
            throttle.attempt("anna", ip("10.0.0.1"), NOW.plus(number)).unwrap();
        }
        throttle.succeeded("anna", ip("10.0.0.1"));
        assert_eq!(tries_until_refused(&mut throttle, |_| "anna".into(), |_| ip("10.0.0.1")), 5);
    }

    #[test]
    fn a_morning_of_enrolments_from_one_address_is_not_braked_and_guessing_is() {
        let mut throttle = Throttle::new();
        for _ in 0..200 {
            throttle.attempt_code(ip("10.0.0.1"), NOW).unwrap();
            throttle.succeeded_code(ip("10.0.0.1"));
        }
        let guesses = (0..1_000).position(|_| throttle.attempt_code(ip("10.0.0.1"), NOW).is_err());
        assert_eq!(guesses, Some(TRIES_WIDE_MAX));
        throttle.attempt_code(ip("10.0.0.2"), NOW).unwrap();
    }

    #[test]
    fn an_own_account_does_not_open_the_way_to_others() {
        let mut throttle = Throttle::new();
        let guesses = (0..1_000).position(|number| {
            throttle.attempt("mallory", ip("10.0.0.1"), NOW).is_ok_and(|()| {
                throttle.succeeded("mallory", ip("10.0.0.1"));
                false
            }) || throttle.attempt(&format!("victim{number}"), ip("10.0.0.1"), NOW).is_err()
        });
        assert_eq!(guesses, Some(TRIES_WIDE_MAX));
    }

    #[test]
    fn many_logins_from_one_address_and_many_addresses_for_one_login_are_stopped() {
        let mut throttle = Throttle::new();
        assert_eq!(tries_until_refused(&mut throttle, |n| format!("login{n}"), |_| ip("2001:db8::1")), 50);
        assert!(throttle.attempt("other", ip("2001:db8::ffff"), NOW).is_err(), "the same network");
        assert!(throttle.attempt("other", ip("2001:db8:0:1::1"), NOW).is_ok(), "the next network");
        let address = |n: usize| IpAddr::V4(u32::try_from(n).unwrap().into());
        assert_eq!(tries_until_refused(&mut throttle, |_| "anna".into(), address), 50);
        assert!(throttle.attempt_code(ip("2001:db8::2"), NOW).is_err(), "codes share the count of the address");
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut throttle = Throttle::new();
        for number in 0..30_000_u32 {
            let address = IpAddr::V4(number.into());
            throttle.attempt(&format!("login{number}"), address, NOW.plus(i64::from(number))).unwrap();
        }
        assert_eq!((throttle.tries.len(), throttle.by_age.len()), (COUNTERS_MAX, COUNTERS_MAX));
        let last = Subject::Address(IpAddr::V4(29_999_u32.into()));
        assert!(throttle.tries.contains_key(&last) && !throttle.tries.contains_key(&Subject::Address(ip("0.0.0.0"))));
    }
}
