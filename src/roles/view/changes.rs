//! What a change gives and takes, in words.

use crate::roles::queries::Difference;
use crate::web::view::words::{counted, joined};

/// One line of "What this changes".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeLine {
    pub permission: String,
    pub label: String,
    pub text: String,
}

/// What is added, and what is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub added: Vec<ChangeLine>,
    pub removed: Vec<ChangeLine>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl From<Vec<Difference>> for Changes {
    fn from(differences: Vec<Difference>) -> Self {
        let line = |one: &Difference| ChangeLine {
            permission: one.permission.to_string(),
            label: one.permission.label(),
            text: sentence(one),
        };
        let (added, removed): (Vec<Difference>, Vec<Difference>) = differences.into_iter().partition(|one| one.added);
        Self { added: added.iter().map(line).collect(), removed: removed.iter().map(line).collect() }
    }
}

/// `2 system accounts and 3 users`; nothing for none of either.
pub fn accounts(system_accounts: i64, users: i64) -> String {
    let some = |number: i64, one: &str| (number > 0).then(|| counted(number.unsigned_abs(), one));
    let parts: Vec<String> = [some(system_accounts, "system account"), some(users, "user")].into_iter().flatten().collect();
    joined(&parts, "and")
}

/// Who has lost what by a change that is saved; empty for nobody.
pub fn losses(differences: &[Difference]) -> String {
    let lost: Vec<&Difference> = differences.iter().filter(|one| !one.added && one.system_accounts + one.users > 0).collect();
    let Some(most) = lost.iter().max_by_key(|one| one.system_accounts + one.users) else { return String::new() };
    let who = accounts(most.system_accounts, most.users);
    match lost.as_slice() {
        [one] => format!(" {who} lost {}.", one.permission),
        several => format!(" Up to {who} lost {} permissions.", several.len()),
    }
}

fn sentence(one: &Difference) -> String {
    let changed = one.system_accounts + one.users;
    let (gains, has) = if one.added { ("gain", "have") } else { ("lose", "keep") };
    let verb = |number: i64, word: &str| match (number, word) {
        (1, "have") => "has".to_owned(),
        (1, word) => format!("{word}s"),
        (_, word) => word.to_owned(),
    };
    if one.covered {
        let word = if one.added { "already allows" } else { "still allows" };
        return format!("Changes nothing: another permission of this role {word} it.");
    }
    let others =
        || format!("{} {} it through other roles.", counted(one.others.unsigned_abs(), "account"), verb(one.others, has));
    match (changed, one.others) {
        (0, 0) => "No account has this role.".into(),
        (0, _) => others(),
        (_, 0) => format!("{} {} it.", accounts(one.system_accounts, one.users), verb(changed, gains)),
        _ => format!("{} {} it. {}", accounts(one.system_accounts, one.users), verb(changed, gains), others()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::permission::Permission;

    #[test]
    fn who_gains_and_who_loses() {
        let permission = Permission::parse("payments:refund").unwrap();
        let told = |added, covered, (system_accounts, users, others)| {
            sentence(&Difference { permission: permission.clone(), added, covered, system_accounts, users, others })
        };
        assert_eq!(told(true, false, (2, 1, 1)), "2 system accounts and 1 user gain it. 1 account has it through other roles.");
        assert_eq!(told(true, false, (0, 1, 0)), "1 user gains it.");
        assert_eq!(told(false, false, (1, 0, 2)), "1 system account loses it. 2 accounts keep it through other roles.");
        assert_eq!(told(false, false, (0, 0, 3)), "3 accounts keep it through other roles.");
        assert_eq!(told(true, false, (0, 0, 0)), "No account has this role.");
        assert_eq!(told(true, true, (0, 0, 0)), "Changes nothing: another permission of this role already allows it.");
    }
}
