//! Names that look the same although they are spelled differently.

use unicode_security::confusable_detection::skeleton;

use super::{fold, visible::visible};

/// Whether two names look the same on a screen: their skeletons are equal (UTS 39), as they are written or in lower case.
pub fn look_alike(one: &str, other: &str) -> bool {
    Look::of(one).is_that_of(other)
}

/// How a name looks, to be compared with many.
pub struct Look {
    written: String,
    folded: String,
}

impl Look {
    pub fn of(name: &str) -> Self {
        let name = visible(name);
        Self { written: skeleton(&name).collect(), folded: skeleton(&fold(&name)).collect() }
    }

    pub fn is_that_of(&self, name: &str) -> bool {
        let other = Self::of(name);
        self.written == other.written || self.folded == other.folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_alphabets_and_invisible_letters_deceive_nobody() {
        for (one, other) in [
            ("prod", "рrоd"),
            ("prod", "pr\u{200b}od"),
            ("paypal", "paypaI"),
            ("modern", "modem"),
            ("ci", "СІ"),
            ("a b", "a\u{a0}b"),
        ] {
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in [("prod", "prob"), ("prod-1", "prod-2"), ("Zürich", "Zurich"), ("東京", "東亰")] {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }
}
