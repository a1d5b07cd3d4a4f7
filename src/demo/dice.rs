//! Numbers that look thrown and are the same at every start.

/// SplitMix64: small, and good enough for a story.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `end`, which is not among them.
    pub fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.throw() >> 1).unwrap_or_default() % end.max(1)
    }

    /// About `number`: up to a quarter more or less.
    pub fn about(&mut self, number: i64) -> i64 {
        number * 3 / 4 + self.below(number / 2 + 1)
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let end = i64::try_from(from.len()).unwrap_or_default();
        usize::try_from(self.below(end)).ok().and_then(|at| from.get(at))
    }
}
