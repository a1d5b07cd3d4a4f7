//! What is said of what was done: the account's name where it was one, its number where it was several.

use crate::accounts::actions::{Action, Effect};
use crate::accounts::model::Kind;
use crate::accounts::operations::{Done, Happened, Undone};
use crate::error::Error;
use crate::text::grouped;
use crate::web::view::words::joined;
use crate::web::view::{Flash, Text};

/// One of several pieces of a sentence: `{whom}` and `{names}` stand out.
fn sentence(pattern: &str, whom: &str, names: &[String]) -> Vec<Text> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (slot, after) = after.split_once('}').unwrap_or(("", after));
        if !before.is_empty() {
            pieces.push(Text::plain(before));
        }
        match slot {
            "names" => pieces.push(Text::strong(joined(names, "and"))),
            "it" => pieces.push(Text::plain(if names.len() == 1 { "it" } else { "them" })),
            _ => pieces.push(Text::strong(whom)),
        }
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Text::plain(rest));
    }
    pieces
}

/// "buildkite/ios", "3 system accounts".
fn whom(kind: Kind, happened: &Happened) -> String {
    happened.only.clone().unwrap_or_else(|| kind.counted(happened.accounts))
}

/// The result of an action, with Undo where there is something to take back.
pub fn done(action: &Action, done: &Done) -> Result<Flash, Error> {
    let names = &done.names;
    let unchanged = action.verb.unchanged();
    let left = done.outcome.unchanged;
    let Some(change) = &done.change else {
        if left == 0 {
            return Ok(Flash::neutral(vec![Text::plain("No change.")]).missing(&done.missing));
        }
        let words = if left == 1 { unchanged.only } else { unchanged.all };
        let mut text = sentence(words, "", names);
        if !words.starts_with(char::is_uppercase) {
            text.insert(0, Text::plain("No change: "));
            text.push(Text::plain("."));
        }
        return Ok(Flash::neutral(text).missing(&done.missing));
    };
    let mut text = Vec::new();
    for happened in &done.happened {
        let pattern = match action.verb.done() {
            Some((one, several)) => {
                if happened.accounts == 1 {
                    one
                } else {
                    several
                }
            }
            None => Effect::of(&happened.event)?.done,
        };
        if !text.is_empty() {
            text.push(Text::plain(" "));
        }
        text.extend(sentence(pattern, &whom(action.kind, happened), &happened.objects));
    }
    match (left, &done.left_name) {
        (0, _) => {}
        (_, Some(name)) => {
            text.push(Text::plain(" "));
            text.push(Text::strong(name));
            text.push(Text::plain(" "));
            text.extend(sentence(unchanged.one, "", names));
            text.push(Text::plain("."));
        }
        (n, None) => {
            text.push(Text::plain(format!(" {} ", grouped(n))));
            text.extend(sentence(unchanged.several, "", names));
            text.push(Text::plain("."));
        }
    }
    let flash = Flash { text, ..Flash::default() }.missing(&done.missing);
    // Who has lost the right to it cannot take it back.
    let undoable = !action.verb.is_final() && action.params.losses.is_empty();
    if done.is_one_way {
        return Ok(flash.plain(" You can't undo this, because it takes someone who has those permissions to give them back."));
    }
    Ok(if undoable { flash.undo(format!("/settings/changes/{change}/undo")) } else { flash })
}

/// What Undo did, and what it left alone.
pub fn undone(undone: &Undone) -> Result<Flash, Error> {
    let mut text = vec![Text::plain("Undone: ")];
    for (at, happened) in undone.happened.iter().enumerate() {
        if at > 0 {
            text.push(Text::plain("; "));
        }
        text.extend(sentence(Effect::of(&happened.event)?.undone, &whom(undone.kind, happened), &happened.objects));
    }
    text.push(Text::plain(left_alone(undone.left)));
    Ok(Flash { text, ..Flash::default() })
}

/// The end of what is said of an Undo.
pub fn left_alone(changes: i64) -> String {
    match changes {
        0 => ".".to_owned(),
        1 => ". 1 change was left alone: someone has changed it since.".to_owned(),
        n => format!(". {} changes were left alone: someone has changed them since.", grouped(n)),
    }
}

impl Flash {
    /// Names those that were to be changed and are gone.
    fn missing(self, missing: &[String]) -> Self {
        match missing {
            [] => self,
            [one] => self.plain(" ").strong(one).plain(" was deleted in the meantime."),
            several if several.len() <= 3 => {
                self.plain(" ").strong(joined(several, "and")).plain(" were deleted in the meantime.")
            }
            many => self.plain(format!(" {} were deleted in the meantime.", grouped(many.len() as i64))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_filled_in() {
        let said = |pattern, whom: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            sentence(pattern, whom, &names).iter().map(|piece| piece.text.as_str()).collect::<String>()
        };
        assert_eq!(said("Added {names} to {whom}.", "ci", &["A", "B"]), "Added A and B to ci.");
        assert_eq!(said("didn't have {it}", "", &["A", "B"]), "didn't have them");
        assert_eq!(said("No {", "x", &[]), "No x");
    }
}
