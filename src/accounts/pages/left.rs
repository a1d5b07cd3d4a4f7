//! What people leave behind when they are deleted, in words.

use crate::people::queries::belongings::{Belongings, NamedSample};
use crate::text::grouped;
use crate::web::view::words::joined;

/// One sentence for each kind of thing.
pub fn behind(left: &Belongings, hands_over: bool) -> Vec<String> {
    let stays = if hands_over {
        "They keep working. Without a new owner they are marked “owner has left”."
    } else {
        "They keep working, marked “owner has left”. Set another owner in their list."
    };
    let kinds: [(NamedSample, &str, &str); 3] = [
        (left.owned(), "System accounts owned", stays),
        (left.teams.clone(), "Teams without another administrator", "Administrators of Muster can still manage them."),
        (
            left.invited.clone(),
            "Pending invitations they made",
            "Their links stop working. Create new ones on the invited users' pages.",
        ),
    ];
    let found = kinds.into_iter().filter(|(named, ..)| named.total > 0);
    found.map(|(named, what, then)| format!("{what}: {}. {then}", listed(named))).collect()
}

/// The names, or the first of them and how many more; only how many where none may be read.
pub fn listed(named: NamedSample) -> String {
    let NamedSample { mut names, total } = named;
    if names.is_empty() && total > 0 {
        return grouped(total);
    }
    let more = total - i64::try_from(names.len()).unwrap_or(i64::MAX);
    if more > 0 {
        names.push(format!("{} more", grouped(more)));
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
            teams: NamedSample { names: (1..=10).map(|n| format!("T{n}")).collect(), total: 1_011 },
            invited: NamedSample { names: vec!["Kaja".into(), "Teo".into()], total: 2 },
            ..Belongings::default()
        };
        let told = behind(&left, true);
        assert!(told[0].contains("T9, T10 and 1,001 more."), "{told:?}");
        let unseen = Belongings { owned: 3, ..Belongings::default() };
        assert!(behind(&unseen, false)[0].starts_with("System accounts owned: 3. They keep working"));
        assert!(told[1].starts_with("Pending invitations they made: Kaja and Teo."), "{told:?}");
    }
}
