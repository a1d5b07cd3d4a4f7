//! What the search box of a list looks for.

use crate::id::Id;
use crate::text::fold;

/// Words in any order, each anywhere in the searched text. A single word may also be an account's UUID, or the public id of a
/// token or how its value begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Folded.
    words: Vec<String>,
    /// An account's UUID, or its first characters.
    account: Option<String>,
    /// The public id of a token, or its first characters.
    token: Option<String>,
}

/// An index finds words of so many letters or more.
const INDEXED_LETTERS: usize = 3;

impl Search {
    /// `token` is how the public id of the token begins that the text may mean.
    pub fn parse(text: &str, token: Option<&str>) -> Self {
        let visible = |letter: &char| letter.is_whitespace() || !letter.is_control();
        let text: String = text.chars().filter(visible).collect();
        let words: Vec<&str> = text.split_whitespace().collect();
        let [word] = words[..] else {
            return Self { words: words.into_iter().map(fold).collect(), ..Self::default() };
        };
        Self { words: vec![fold(word)], account: uuid_prefix(word), token: token.map(Into::into) }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words that an index finds, and those that are too short.
    pub fn words(&self) -> (Vec<&str>, Vec<&str>) {
        self.words.iter().map(String::as_str).partition(|word| word.chars().count() >= INDEXED_LETTERS)
    }

    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

/// A UUID, or how one begins: eight digits of it or more, with hyphens or without.
fn uuid_prefix(word: &str) -> Option<String> {
    const SHORTEST: usize = 8;
    const LONGEST: usize = 32;
    if let Some(id) = Id::parse(&word.to_ascii_lowercase()) {
        return Some(id.to_string());
    }
    let digits: String = word.chars().filter(|letter| *letter != '-').map(|letter| letter.to_ascii_lowercase()).collect();
    let is_one = (SHORTEST..=LONGEST).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let hyphen = |at: usize| if matches!(at, 8 | 12 | 16 | 20) { "-" } else { "" };
    is_one.then(|| digits.char_indices().flat_map(|(at, digit)| [hyphen(at).to_owned(), digit.to_string()]).collect())
}

impl From<&str> for Search {
    fn from(text: &str) -> Self {
        Self::parse(text, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_any_white_space() {
        for text in ["ci  Deploy", " CI\tdeploy\n", "ci\u{a0}deploy", "\u{0}ci deploy\u{7f}"] {
            assert_eq!(Search::parse(text, Some("AbCd")).words, ["ci", "deploy"], "{text:?}");
        }
        assert!(Search::parse(" \t ", None).is_empty());
        assert_eq!(Search::from("ab abc 日本語").words(), (vec!["abc", "日本語"], vec!["ab"]));
    }

    #[test]
    fn a_single_word_may_be_a_uuid_or_a_token() {
        let id = Id::new();
        for text in [id.to_string(), id.to_string().to_uppercase(), format!("  {id}\t")] {
            assert_eq!(Search::from(text.as_str()).account(), Some(id.as_str()), "{text:?}");
        }
        let (start, bare) = (&id.as_str()[..14], id.as_str().replace('-', ""));
        for (text, begins) in [(start, start), (&start[..8], &start[..8]), (&bare[..12], &start[..13]), (&bare, id.as_str())] {
            assert_eq!(Search::from(text).account(), Some(begins.trim_end_matches('-')), "{text:?}");
        }
        for text in ["0193a4c", "0193a4cx", "payments", &format!("{bare}0")] {
            assert_eq!(Search::from(text).account(), None, "{text:?}");
        }
        assert_eq!(Search::from(format!("{id} x").as_str()).account(), None);
        assert_eq!(Search::from("1234").account(), None);
        let token = |text| Search::parse(text, Some("AbCd")).token().map(str::to_owned);
        assert_eq!((token("mstw_AbCd"), token("mstw_AbCd ci")), (Some("AbCd".into()), None));
    }
}
