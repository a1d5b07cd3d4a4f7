//! What the rules of a change ask of an account: conditions on `accounts a`, behind the other conditions of a statement.

use super::changes::Tally;
use crate::accounts::model::Kind;
use crate::audit::Change;
use crate::database::sql::Sql;
use crate::id::Id;
use crate::roles::permission::Permission;

#[derive(Debug, Clone, Copy)]
pub enum Condition<'a> {
    Any,
    Is(&'a Id),
    /// It shares no team with this account, or with nobody where there is none.
    NoColleagueOf(Option<&'a Id>),
    /// The change, whose events these are, has none about it.
    UntouchedBy(&'a Change, &'a [Tally]),
    /// Another system account has its name, and is enabled or is enabled by the change.
    NameTaken(&'a Change),
    HasRole(&'a Id),
    /// An account of this kind has this role in one of its teams.
    HasRoleInTeam(Kind, &'a Id),
    /// It is a person who holds this permission, by a role or as an administrator of a team.
    PersonWith(&'a Permission),
}

impl Condition<'_> {
    pub fn push(self, sql: &mut Sql) {
        match self {
            Self::Any => {}
            Self::Is(id) => drop(sql.push(" AND a.id = ").bind(id)),
            Self::NoColleagueOf(id) => {
                sql.push(
                    " AND NOT EXISTS (SELECT 1 FROM team_members m JOIN team_members mine ON mine.team_id = m.team_id \
                     WHERE m.account_id = a.id AND mine.account_id = ",
                );
                sql.bind(id.map_or("", Id::as_str)).push(")");
            }
            // All the verbs of the change are named, so that the index of a change's events finds those of one account; without
            // them SQLite reads all of the change for each account.
            Self::UntouchedBy(change, tallies) => {
                sql.push(" AND NOT EXISTS (SELECT 1 FROM audit_events t WHERE t.target_id = a.id AND t.change_id = ");
                sql.bind(&change.id).push(" AND t.type IN ").bind_list(tallies.iter().map(|tally| &*tally.verb)).push(")");
            }
            // The names that the change itself brings twice are gathered once: asked for each account, they take the square of its
            // size.
            Self::NameTaken(change) => {
                sql.push(
                    " AND (EXISTS (SELECT 1 FROM accounts o WHERE o.kind = 'system' AND o.disabled = FALSE AND o.name_key = a.name_key) \
                     OR a.name_key IN (SELECT o.name_key FROM accounts o WHERE o.kind = 'system' AND o.id IN \
                     (SELECT e.target_id FROM audit_events e WHERE e.change_id = ",
                );
                sql.bind(&change.id).push(") GROUP BY o.name_key HAVING count(*) > 1))");
            }
            Self::HasRole(role) => {
                sql.push(" AND EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = a.id AND r.role_id = ");
                sql.bind(role).push(")");
            }
            Self::HasRoleInTeam(kind, role) => {
                sql.push(
                    " AND EXISTS (SELECT 1 FROM team_members m JOIN team_members o ON o.team_id = m.team_id \
                     JOIN account_roles r ON r.account_id = o.account_id WHERE m.account_id = a.id AND r.kind = ",
                );
                sql.bind(kind.as_str()).push(" AND r.role_id = ").bind(role).push(")");
            }
            Self::PersonWith(held) => {
                sql.push(
                    " AND a.kind = 'user' AND (EXISTS (SELECT 1 FROM account_roles r JOIN role_permissions p \
                     ON p.role_id = r.role_id WHERE r.account_id = a.id AND p.permission = ",
                );
                sql.bind(held.as_str());
                sql.push(") OR EXISTS (SELECT 1 FROM team_administrators t WHERE t.account_id = a.id AND t.team_id = ");
                sql.bind(held.scope().unwrap_or_default().trim_matches(['{', '}'])).push("))");
            }
        }
    }
}
