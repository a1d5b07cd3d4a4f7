//! The tile of an account: its initials on a colour that stays.

/// The coloured square of a machine, or the circle of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// One or two letters.
    pub initials: String,
    /// One of the style sheet's colours, 1 to 8; the same for the same id, always.
    pub hue: u8,
    /// `true` for a person.
    pub person: bool,
}

impl Tile {
    pub fn machine(id: &str, name: &str) -> Self {
        Self { initials: initials(name), hue: hue(id), person: false }
    }

    pub fn person(id: &str, name: &str) -> Self {
        Self { person: true, ..Self::machine(id, name) }
    }
}

/// First letters of the first two words, in capitals: `payments-api deploy` → `PA`, `buildkite/ios` → `BI`, `Muster` → `M`.
pub fn initials(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

/// A colour of 1 to 8 from an id: FNV-1a, so that it stays the same over releases and machines.
pub fn hue(id: &str) -> u8 {
    let hash =
        id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // The low bits of FNV depend on few of the input's bits: fold the high half in
    ((hash ^ (hash >> 32)) % 8) as u8 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_those_of_the_first_two_words() {
        assert_eq!(initials("payments-api deploy"), "PA");
        assert_eq!(initials("buildkite/ios"), "BI");
        assert_eq!(initials("Muster"), "M");
        assert_eq!(initials("—"), "");
        assert_eq!(initials("straße öl"), "SÖ");
    }

    #[test]
    fn a_hue_is_stable_and_all_are_used() {
        assert_eq!(hue("c1878b8e-d09e-11ea-8fde-af02c4677eb7"), hue("c1878b8e-d09e-11ea-8fde-af02c4677eb7"));
        let mut seen = [0; 9];
        for number in 0..800 {
            seen[hue(&format!("0193{number:04}-d09e-7000-8fde-af02c4677eb7")) as usize] += 1;
        }
        assert_eq!(seen[0], 0);
        assert!(seen[1..].iter().all(|count| *count > 50), "{seen:?}");
    }
}
