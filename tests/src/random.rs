//! A small seeded random generator: the same seed gives the same run on every machine, for ever.
//!
//! xoshiro256** (Blackman and Vigna, 2018, <https://prng.di.unimi.it/>), seeded by `SplitMix64` (Steele, Lea and
//! Flood, 2014) as its authors advise. It is for tests and made-up data, never for keys.

/// A generator; clone it to replay from the same point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// A generator that depends on `seed` alone.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut seeder = SplitMix64(seed);
        Self { state: [seeder.next(), seeder.next(), seeder.next(), seeder.next()] }
    }

    /// An independent generator for one named purpose, so that drawing more in one place changes no other.
    #[must_use]
    pub fn fork(&self, purpose: &str) -> Self {
        let digest = blake3::Hasher::new()
            .update(b"docket-random-fork")
            .update(&self.state.map(u64::to_le_bytes).concat())
            .update(purpose.as_bytes())
            .finalize();
        let mut seed = [0; 8];
        seed.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
        Self::from_seed(u64::from_le_bytes(seed))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let [s0, s1, s2, s3] = self.state;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (s2, s3) = (s2 ^ s0, s3 ^ s1);
        self.state = [s0 ^ s3, s1 ^ s2, s2 ^ (s1 << 17), s3.rotate_left(45)];
        result
    }

    /// A number below `bound`, nearly uniform (the bias is below `bound / 2^64`); 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next_u64()).wrapping_mul(u128::from(bound));
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included; `low` when the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0).saturating_add(1);
        low.saturating_add(i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// True `times` out of `of` times.
    pub fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    /// A position in a list of `length`; 0 when it is empty.
    pub fn position(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(0))).unwrap_or(0)
    }

    /// One of `items`.
    ///
    /// # Panics
    /// When `items` is empty: a mistake of the harness, not of its input.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let position = self.position(items.len());
        items.get(position).unwrap_or_else(|| unreachable!("picked from an empty list"))
    }

    /// `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.iter_mut().zip(self.next_u64().to_le_bytes()).for_each(|(to, from)| *to = from);
        }
        bytes
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let other = self.position(end.saturating_add(1));
            items.swap(end, other);
        }
    }
}

struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_first_number() {
        // First output for seed 0, as in the reference implementation.
        assert_eq!(SplitMix64(0).next(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn xoshiro_gives_the_published_numbers() {
        // State 1, 2, 3, 4: first outputs of the reference implementation.
        let mut random = Random { state: [1, 2, 3, 4] };
        let first = [random.next_u64(), random.next_u64(), random.next_u64(), random.next_u64()];
        assert_eq!(first, [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn the_same_seed_replays_and_forks_are_apart() {
        let mut one = Random::from_seed(7);
        let mut two = Random::from_seed(7);
        assert_eq!(one.bytes::<20>(), two.bytes::<20>());
        assert_ne!(one.fork("a").next_u64(), one.fork("b").next_u64());
        assert_eq!(one.fork("a"), two.fork("a"));
    }

    #[test]
    fn numbers_stay_in_their_range_and_reach_its_ends() {
        let mut random = Random::from_seed(1);
        let drawn: Vec<i64> = (0..1_000).map(|_| random.between(-3, 3)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-3), Some(&3)));
        assert_eq!(random.below(0), 0);
        let mut items = [1, 2, 3, 4, 5];
        random.shuffle(&mut items);
        items.sort_unstable();
        assert_eq!(items, [1, 2, 3, 4, 5]);
    }
}
