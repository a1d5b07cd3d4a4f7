//! What can be seen of a name. Two names that look the same must not differ by what nobody sees, and none may turn the
//! sentence around it.

/// The text without what cannot be seen, and with one plain space wherever it has white space.
pub fn visible(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut seen = String::with_capacity(text.len());
    for (at, &letter) in letters.iter().enumerate() {
        if letter.is_whitespace() || is_blank(letter) {
            if !seen.is_empty() && !seen.ends_with(' ') {
                seen.push(' ');
            }
        } else if !is_invisible(letter) || shapes(at.checked_sub(1).map(|at| letters[at]), letter, letters.get(at + 1)) {
            seen.push(letter);
        }
    }
    seen.truncate(seen.trim_end().len());
    seen
}

/// Letters that are drawn as a gap.
fn is_blank(letter: char) -> bool {
    matches!(letter, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// Marks of direction, joiners, variation selectors, tags and everything else that Unicode lets a font ignore.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether an invisible letter changes how its neighbours look: a joiner in a script that joins, or within a pictograph.
fn shapes(before: Option<char>, letter: char, after: Option<&char>) -> bool {
    let Some(before) = before else { return false };
    let joining = |letter: char| matches!(letter, '\u{600}'..='\u{dff}' | '\u{1000}'..='\u{109f}');
    match letter {
        '\u{200c}' => joining(before) && after.copied().is_some_and(joining),
        '\u{200d}' => after.is_some_and(|after| joining(before) && joining(*after) || pictograph(before) && pictograph(*after)),
        '\u{fe0e}' | '\u{fe0f}' => pictograph(before),
        _ => false,
    }
}

/// Roughly: arrows, symbols, emoji and what belongs to them.
fn pictograph(letter: char) -> bool {
    matches!(letter, '\u{a9}' | '\u{ae}' | '\u{2190}'..='\u{27ff}' | '\u{2900}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_left_out() {
        for (typed, seen) in [
            ("prod", "prod"),
            ("pr\u{200b}od", "prod"),
            ("\u{202e}prod\u{202c}", "prod"),
            ("\u{2067}prod\u{2069}", "prod"),
            ("prod\u{e0070}\u{e0072}", "prod"),
            ("pr\u{ad}od\u{feff}\u{2060}", "prod"),
            ("pro\u{fe0f}d\u{e0100}", "prod"),
            ("pro\u{200d}d\u{200c}", "prod"),
            ("pro\u{34f}d\u{61c}", "prod"),
            ("\u{3164}prod\u{2800}", "prod"),
            ("a\u{3000}\u{a0}\t b", "a b"),
            ("  a  ", "a"),
            ("\u{200b}\u{202e}\u{3164}", ""),
        ] {
            assert_eq!(visible(typed), seen, "{typed:?}");
        }
    }

    #[test]
    fn what_shapes_its_neighbours_stays() {
        for name in
            ["می\u{200c}خواهم", "क्\u{200d}ष", "👩\u{200d}💻 build", "⚙\u{fe0f} nightly", "Zürich", "東京", "שלום", "e\u{301}"]
        {
            assert_eq!(visible(name), name);
        }
    }
}
