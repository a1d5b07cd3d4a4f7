//! What people leave behind when they are deleted, in words.

use crate::people::queries::{Belongings, MOST};
use crate::web::view::words::joined;

/// One sentence for each kind of thing.
pub fn behind(left: &Belongings, hands_over: bool) -> Vec<String> {
    let accounts = left.accounts.iter().map(|account| account.name.clone()).collect();
    let stays = if hands_over {
        "They keep working. Without a new owner they are marked “owner has left”."
    } else {
        "They keep working, marked “owner has left”. Set another owner in their list."
    };
    let kinds: [(Vec<String>, &str, &str); 3] = [
        (accounts, "System accounts owned", stays),
        (left.teams.clone(), "Teams without another administrator", "Administrators of Muster can still manage them."),
        (
            left.invited.clone(),
            "Pending invitations they made",
            "The links stop working. Make new ones on the pages of the invited.",
        ),
    ];
    let named = kinds.into_iter().filter(|(names, ..)| !names.is_empty());
    named.map(|(names, what, then)| format!("{what}: {}. {then}", listed(names))).collect()
}

/// The names, or the first of them.
fn listed(mut names: Vec<String>) -> String {
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    if names.len() > most {
        names.truncate(most);
        names.push("others".to_owned());
    }
    joined(&names, "and")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_named() {
        assert!(behind(&Belongings::default(), true).is_empty());
        let left = Belongings {
            teams: (1..=11).map(|n| format!("T{n}")).collect(),
            invited: vec!["Kaja".into(), "Teo".into()],
            ..Belongings::default()
        };
        let told = behind(&left, true);
        assert!(told[0].contains("T9, T10 and others.") && !told[0].contains("T11"), "{told:?}");
        assert!(told[1].starts_with("Pending invitations they made: Kaja and Teo."), "{told:?}");
    }
}
