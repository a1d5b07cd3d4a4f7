//! The list's filters as SQL, each in two forms: what its index finds, and what is asked of one account.

use chrono::{NaiveDateTime, TimeDelta};

use super::TEAM_ADMINISTRATORS;
use super::hints::{fence, opaque};
use crate::accounts::model::{AccountFilter, ActivityFilter, Kind, Order, OwnedBy, SOON_DAYS, TokenState};
use crate::clock;
use crate::database::sql::{Sql, Value};
use crate::database::{DbConnection, Engine};
use crate::roles::predefined::is_team_administrator;
use crate::text::like_anywhere;

/// A filter with what its statements depend on.
#[derive(Debug, Clone)]
pub struct AccountCriteria {
    pub filter: AccountFilter,
    pub engine: Engine,
    /// One for each filter that is set: first those that an account's own row answers.
    pub predicates: Vec<Predicate>,
}

/// A filter that is set.
#[derive(Debug, Clone)]
pub struct Predicate {
    /// `SELECT id, name_key` of the accounts of the kind and state that it leaves, where an index finds them.
    pub found: Option<Sql>,
    /// Whether that index has them in the order of their names.
    pub is_by_name: bool,
    /// The condition on one account `a`.
    pub test: Sql,
    /// The same for a list in this order, whose index begins and ends with it.
    pub range: Option<(Order, Sql)>,
}

impl AccountCriteria {
    pub fn new(conn: &DbConnection, filter: &AccountFilter) -> Self {
        let engine = conn.engine();
        let mut criteria = Self { filter: filter.clone(), engine, predicates: Vec::new() };
        criteria.predicates = criteria.set(clock::now());
        criteria
    }

    /// In conditions, `@` stands for the table of the accounts.
    fn set(&self, now: NaiveDateTime) -> Vec<Predicate> {
        let AccountFilter {
            kind, search, role, team, activity, invited, expiring, no_team, tokens, owner, colleagues_of, ..
        } = &self.filter;
        let fence = fence(self.engine);
        let mut set = Vec::new();
        if *expiring {
            let soon = now + TimeDelta::days(SOON_DAYS);
            let condition = "@.first_expiry_at > (SELECT ?) AND @.first_expiry_at <= (SELECT ?)";
            set.push(self.ranging(Order::Expiry, condition, &[now.into(), soon.into()]));
        }
        if let Some(activity) = activity {
            // A person is active by signing in, a machine by its tokens.
            let (order, column) = match kind {
                Kind::User => (Order::Login, "@.last_login_at"),
                Kind::System => (Order::Used, "@.last_used_at"),
            };
            let ago = |days| Value::from(now - TimeDelta::days(days));
            let (condition, values) = match activity {
                ActivityFilter::Recent => ("@ >= (SELECT ?)", vec![ago(30)]),
                ActivityFilter::Unused(days) => ("@ > (SELECT ?) AND @ < (SELECT ?)", vec![clock::NEVER.into(), ago(*days)]),
                ActivityFilter::Never => ("@ = (SELECT ?)", vec![clock::NEVER.into()]),
            };
            set.push(self.ranging(order, &condition.replace('@', column), &values));
        }
        set.extend(owner.as_ref().map(|owner| match owner {
            OwnedBy::Nobody => Predicate { is_by_name: true, ..self.indexed("@.owner_id IS NULL", &[]) },
            OwnedBy::User(id) => Predicate { is_by_name: true, ..self.indexed("@.owner_id = ?", &[id.into()]) },
            OwnedBy::Left => {
                let gone = "(SELECT o.id FROM accounts o WHERE o.kind = 'user' AND o.disabled = TRUE \
                            UNION ALL SELECT d.id FROM deleted_accounts d WHERE d.kind = 'user') gone CROSS JOIN accounts f";
                let here = format!("accounts o WHERE o.id = @.owner_id AND o.disabled = FALSE{fence}");
                let test = format!("@.owner_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {here})");
                self.found_apart(gone, "f.owner_id = gone.id", &test)
            }
        }));
        if !search.is_empty() {
            set.push(self.searched());
        }
        set.extend(role.as_ref().map(|id| match is_team_administrator(id.as_str()) {
            true => self.in_set(&format!("{TEAM_ADMINISTRATORS} = ?"), id.into(), false),
            false => self.in_set("account_roles f WHERE f.role_id = ?", id.into(), true),
        }));
        set.extend(team.as_ref().map(|id| self.in_set("team_members f WHERE f.team_id = ?", id.into(), true)));
        let living = "tokens t WHERE t.account_id = @.id AND t.revoked_at IS NULL AND t.replaced_by IS NULL";
        set.extend(tokens.map(|state| match state {
            TokenState::None => {
                Predicate { is_by_name: true, ..self.indexed("@.first_expiry_at = (SELECT ?)", &[clock::no_token().into()]) }
            }
            TokenState::Expired => {
                let living = format!("{living} AND (t.expires_at IS NULL OR t.expires_at > (SELECT ?)){fence}");
                let condition = format!("@.first_expiry_at <= (SELECT ?) AND NOT EXISTS (SELECT 1 FROM {living})");
                self.indexed(&condition, &[now.into(), now.into()])
            }
        }));
        if *no_team {
            set.push(self.tested(&format!("NOT EXISTS (SELECT 1 FROM team_members m WHERE m.account_id = @.id{fence})"), &[]));
        }
        if *invited {
            let test = format!("EXISTS (SELECT 1 FROM invitations i WHERE i.account_id = @.id{fence})");
            set.push(self.found_apart("invitations i CROSS JOIN accounts f", "f.id = i.account_id", &test));
        }
        set.extend(colleagues_of.as_ref().map(|id| {
            let mine = "team_members mine CROSS JOIN team_members f WHERE f.team_id = mine.team_id AND mine.account_id = ?";
            self.in_set(mine, id.into(), false)
        }));
        set
    }

    /// The condition on kind and state.
    pub fn of_kind(&self, table: &str) -> Sql {
        let state = self.state(table).map(|state| format!(" AND {state}")).unwrap_or_default();
        Sql::of(&format!("{table}.kind = ?{state}"), [self.filter.kind.as_str().into()])
    }

    fn state(&self, table: &str) -> Option<String> {
        match (self.filter.only_disabled, self.filter.disabled) {
            (true, _) => Some(format!("{table}.disabled = TRUE")),
            (false, true) => None,
            (false, false) => Some(format!("{table}.disabled = FALSE")),
        }
    }

    /// The accounts `f` of the kind and state for which `condition` holds, found by its index and not by the state's.
    fn accounts(&self, from: &str, condition: &str, values: &[Value]) -> Sql {
        let mut sql = Sql::new("SELECT f.id, f.name_key FROM ");
        sql.push(from).push(" WHERE f.kind = ").bind(self.filter.kind.as_str()).push(" AND ");
        sql.append(Sql::of(condition, values.to_vec()));
        if let Some(state) = self.state("f") {
            sql.push(" AND ").append(opaque(Sql::new(&state)));
        }
        sql
    }

    fn tested(&self, condition: &str, values: &[Value]) -> Predicate {
        let test = opaque(Sql::of(&condition.replace('@', "a"), values.to_vec()));
        Predicate { found: None, is_by_name: false, test, range: None }
    }

    fn found_apart(&self, from: &str, condition: &str, test: &str) -> Predicate {
        Predicate { found: Some(self.accounts(from, condition, &[])), ..self.tested(test, &[]) }
    }

    fn indexed(&self, condition: &str, values: &[Value]) -> Predicate {
        let found = self.accounts("accounts f", &condition.replace('@', "f"), values);
        Predicate { found: Some(found), ..self.tested(condition, values) }
    }

    fn ranging(&self, order: Order, condition: &str, values: &[Value]) -> Predicate {
        let range = Sql::of(&condition.replace('@', "a"), values.to_vec());
        Predicate { range: Some((order, range)), ..self.indexed(condition, values) }
    }

    /// The accounts `f` of a role or a team, or of several teams.
    fn in_set(&self, from: &str, id: Value, is_by_name: bool) -> Predicate {
        let distinct = if is_by_name { "" } else { "DISTINCT " };
        let mut found = Sql::of(&format!("SELECT {distinct}f.account_id AS id, f.name_key FROM {from} AND "), [id.clone()]);
        found.append(self.of_kind("f"));
        let test = format!("EXISTS (SELECT 1 FROM {from} AND f.account_id = a.id{})", fence(self.engine));
        Predicate { found: Some(found), is_by_name, test: Sql::of(&test, [id]), range: None }
    }

    fn searched(&self) -> Predicate {
        let search = &self.filter.search;
        let (indexed, short) = search.words();
        let position = if self.engine == Engine::Sqlite { "instr" } else { "strpos" };
        let has =
            |table: &str, words: &[&str]| vec![format!("{position}({table}.search_text, ?) > 0"); words.len()].join(" AND ");
        let text = |words: &[&str]| words.iter().map(|word| Value::from(*word)).collect::<Vec<_>>();
        let all = [&indexed[..], &short].concat();
        let (mut test, mut tested) = (has("a", &all), text(&all));
        // From the index of words to the accounts: the other way round SQLite asks the index once for each account (4 s).
        let (from, mut condition, mut values): (_, _, Vec<Value>) = match self.engine {
            Engine::Sqlite => {
                let quoted: Vec<String> = indexed.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
                let matching = "s.accounts_search MATCH ? AND f.search_id = s.rowid";
                ("accounts_search s CROSS JOIN accounts f", matching.to_owned(), vec![quoted.join(" AND ").into()])
            }
            Engine::Postgres => {
                let like = vec!["f.search_text LIKE ?"; indexed.len()].join(" AND ");
                ("accounts f", like, indexed.iter().map(|word| like_anywhere(word).into()).collect())
            }
        };
        if !short.is_empty() {
            condition += &format!(" AND {}", has("f", &short));
            values.extend(text(&short));
        }
        let mut found = self.accounts(from, &condition, &values);
        if let Some(id) = search.account() {
            let (begins, values) = begins_with("f", id);
            found.push(" UNION ").append(self.accounts("accounts f", &begins, &values));
            test += &format!(" OR {}", begins_with("a", id).0);
            tested.extend(values);
        }
        if let Some(token) = search.token() {
            let (begins, values) = begins_with("t", token);
            let with = format!("f.id = t.account_id AND {begins}");
            found.push(" UNION ").append(self.accounts("tokens t CROSS JOIN accounts f", &with, &values));
            let fence = fence(self.engine);
            test += &format!(" OR EXISTS (SELECT 1 FROM tokens t WHERE t.account_id = a.id AND {begins}{fence})");
            tested.extend(values);
        }
        let found = (!indexed.is_empty()).then_some(found);
        Predicate { found, is_by_name: false, test: Sql::of(&format!("({test})"), tested), range: None }
    }
}

/// The rows of a table whose id begins so. `~` comes after every letter and digit.
fn begins_with(table: &str, id: &str) -> (String, [Value; 2]) {
    (format!("({table}.id >= ? AND {table}.id < ?)"), [id.into(), format!("{id}~").into()])
}
