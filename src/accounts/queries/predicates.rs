//! The list's filters as SQL, each in two forms: by its index ([`Criteria::found_by`]), and asked of one account
//! ([`Criteria::test`]).

use chrono::{NaiveDateTime, TimeDelta};

use super::hints::{fence, opaque, visible};
use crate::accounts::model::{Activity, Filter, Kind, Order, OwnedBy, SOON_DAYS, TokenState};
use crate::clock;
use crate::database::sql::Sql;
use crate::database::{DbConnection, Engine};
use crate::id::Id;
use crate::text::like_anywhere;

/// A filter with what its statements depend on.
#[derive(Debug, Clone)]
pub struct Criteria {
    pub filter: Filter,
    pub engine: Engine,
    now: NaiveDateTime,
}

/// One of the filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicate {
    Expiring,
    Activity,
    Search,
    Role,
    Team,
    NoTeam,
    Tokens,
    /// Of one user, or of nobody.
    Owner,
    OwnerLeft,
    Invited,
    Colleagues,
}

/// Of which accounts a predicate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Of those that an index gives in an order, until a page is full.
    InOrder(Option<Order>),
    /// Of the few that another predicate has found.
    OfFound,
    /// Of all, to the end.
    OfAll,
}

impl Predicate {
    /// Whether its index has the accounts in the order of their names.
    pub fn is_by_name(self) -> bool {
        matches!(self, Self::Role | Self::Team | Self::Owner)
    }

    /// The order in which its index has the accounts of a kind, where that is one of the list's own.
    fn order(self, kind: Kind) -> Option<Order> {
        match self {
            Self::Activity if kind == Kind::User => Some(Order::Login),
            Self::Activity => Some(Order::Used),
            Self::Expiring => Some(Order::Expiry),
            _ => None,
        }
    }
}

impl Criteria {
    pub fn new(conn: &DbConnection, filter: &Filter) -> Self {
        let engine = match conn {
            DbConnection::Sqlite(_) => Engine::Sqlite,
            DbConnection::Postgres(_) => Engine::Postgres,
        };
        Self { filter: filter.clone(), engine, now: clock::now() }
    }

    /// The filters that are set: first those that an account's own row answers.
    pub fn predicates(&self) -> Vec<Predicate> {
        let Filter {
            kind: _,
            search,
            role,
            team,
            activity,
            invited,
            expiring,
            no_team,
            tokens,
            owner,
            disabled: _,
            only_disabled: _,
            colleagues_of,
        } = &self.filter;
        let set = [
            (*expiring, Predicate::Expiring),
            (activity.is_some(), Predicate::Activity),
            (matches!(owner, Some(OwnedBy::Nobody | OwnedBy::User(_))), Predicate::Owner),
            (!search.is_empty(), Predicate::Search),
            (role.is_some(), Predicate::Role),
            (team.is_some(), Predicate::Team),
            (tokens.is_some(), Predicate::Tokens),
            (*no_team, Predicate::NoTeam),
            (*owner == Some(OwnedBy::Left), Predicate::OwnerLeft),
            (*invited, Predicate::Invited),
            (colleagues_of.is_some(), Predicate::Colleagues),
        ];
        set.into_iter().filter_map(|(set, predicate)| set.then_some(predicate)).collect()
    }

    /// Whether an index finds what a predicate leaves.
    pub fn is_indexed(&self, predicate: Predicate) -> bool {
        match predicate {
            Predicate::Search => !self.filter.search.words().0.is_empty(),
            // What is not there stands in no index.
            Predicate::Tokens => self.filter.tokens == Some(TokenState::Expired),
            Predicate::NoTeam => false,
            _ => true,
        }
    }

    /// `accounts` of the kind and state, in a WHERE.
    pub fn of_kind(&self, table: &str, sql: &mut Sql) {
        sql.push(table).push(".kind = ").bind(self.filter.kind.as_str());
        if let Some(state) = self.state() {
            sql.push(" AND ").push(table).push(state);
        }
    }

    /// Which of enabled and disabled ones are meant, where it is not both.
    fn state(&self) -> Option<&'static str> {
        match (self.filter.only_disabled, self.filter.disabled) {
            (true, _) => Some(".disabled = TRUE"),
            (false, true) => None,
            (false, false) => Some(".disabled = FALSE"),
        }
    }

    /// The query of the accounts of a predicate, of this kind and state, by its index: identity and `name_key`. An `estimate`
    /// lets PostgreSQL see the word that is sought, see [`visible`].
    pub fn found_by(&self, predicate: Predicate, estimate: bool, sql: &mut Sql) {
        match predicate {
            Predicate::Search => return self.found_by_search(estimate, sql),
            Predicate::Activity | Predicate::Expiring => {
                sql.push("SELECT f.id, f.name_key FROM accounts f WHERE f.kind = ").bind(self.filter.kind.as_str()).push(" AND ");
                self.in_range(predicate, "f", Sql::bind_unseen, sql);
                return self.of_state(sql);
            }
            Predicate::Tokens | Predicate::NoTeam | Predicate::Owner => {
                sql.push("SELECT f.id, f.name_key FROM accounts f WHERE f.kind = ").bind(self.filter.kind.as_str()).push(" AND ");
                self.is_so(predicate, "f", sql);
                return self.of_state(sql);
            }
            Predicate::OwnerLeft => {
                sql.push("SELECT f.id, f.name_key FROM (SELECT o.id FROM accounts o WHERE o.kind = 'user' AND o.disabled = TRUE");
                sql.push(" UNION ALL SELECT d.id FROM deleted_accounts d WHERE d.kind = 'user') gone CROSS JOIN accounts f");
                sql.push(" WHERE f.owner_id = gone.id AND f.kind = ").bind(self.filter.kind.as_str());
                return self.of_state(sql);
            }
            Predicate::Invited => {
                sql.push("SELECT f.id, f.name_key FROM invitations i CROSS JOIN accounts f WHERE f.id = i.account_id");
            }
            Predicate::Colleagues => {
                sql.push("SELECT DISTINCT f.account_id AS id, f.name_key FROM team_members mine CROSS JOIN team_members f");
                sql.push(" WHERE f.team_id = mine.team_id AND mine.account_id = ").bind(text(&self.filter.colleagues_of));
            }
            Predicate::Role | Predicate::Team => {
                let (table, id) = self.set(predicate);
                sql.push("SELECT f.account_id AS id, f.name_key FROM ").push(table).push(" = ").bind(id);
            }
        }
        sql.push(" AND ");
        self.of_kind("f", sql);
    }

    /// ` AND …`: the state of `f`, not by an index.
    fn of_state(&self, sql: &mut Sql) {
        if let Some(state) = self.state() {
            sql.push(" AND ");
            opaque(sql, |sql| {
                sql.push("f").push(state);
            });
        }
    }

    /// What is asked of an account itself, of its tokens, or whether something is missing.
    fn is_so(&self, predicate: Predicate, table: &str, sql: &mut Sql) {
        let fence = fence(self.engine);
        match (predicate, &self.filter.owner, self.filter.tokens) {
            (Predicate::Invited, ..) => {
                sql.push(&format!("EXISTS (SELECT 1 FROM invitations i WHERE i.account_id = {table}.id{fence})"));
            }
            (Predicate::NoTeam, ..) => {
                sql.push(&format!("NOT EXISTS (SELECT 1 FROM team_members m WHERE m.account_id = {table}.id{fence})"));
            }
            (Predicate::Tokens, _, state) => {
                let expired = state == Some(TokenState::Expired);
                if expired {
                    sql.push(table).push(".first_expiry_at <= ").bind_unseen(self.now).push(" AND ");
                }
                sql.push(&format!("NOT EXISTS (SELECT 1 FROM tokens t WHERE t.account_id = {table}.id"));
                sql.push(" AND t.revoked_at IS NULL AND t.replaced_by IS NULL");
                if expired {
                    sql.push(" AND (t.expires_at IS NULL OR t.expires_at > ").bind_unseen(self.now).push(")");
                }
                sql.push(fence).push(")");
            }
            (_, Some(OwnedBy::User(id)), _) => {
                sql.push(table).push(".owner_id = ").bind(id);
            }
            (_, Some(OwnedBy::Left), _) => {
                sql.push(&format!("{table}.owner_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM accounts o"));
                sql.push(&format!(" WHERE o.id = {table}.owner_id AND o.disabled = FALSE{fence})"));
            }
            _ => {
                sql.push(table).push(".owner_id IS NULL");
            }
        }
    }

    /// The table of a role's or a team's accounts, and which of them.
    fn set(&self, predicate: Predicate) -> (&'static str, &str) {
        match predicate {
            Predicate::Role => ("account_roles f WHERE f.role_id", text(&self.filter.role)),
            _ => ("team_members f WHERE f.team_id", text(&self.filter.team)),
        }
    }

    fn found_by_search(&self, estimate: bool, sql: &mut Sql) {
        let search = &self.filter.search;
        let (indexed, short) = search.words();
        sql.push("SELECT f.id, f.name_key FROM ");
        match self.engine {
            // From the index of words to the accounts: the other way round SQLite asks the index once for each account (4 s).
            Engine::Sqlite => {
                let quoted: Vec<String> = indexed.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
                sql.push("accounts_search s CROSS JOIN accounts f WHERE s.accounts_search MATCH ").bind(quoted.join(" AND "));
                sql.push(" AND f.search_id = s.rowid AND ");
            }
            Engine::Postgres => {
                sql.push("accounts f WHERE ");
                for word in indexed {
                    sql.push("f.search_text LIKE ");
                    let bind = if estimate { visible } else { Sql::bind_unseen };
                    bind(sql, like_anywhere(word)).push(" AND ");
                }
            }
        }
        for word in short {
            self.has_word("f", word, sql);
            sql.push(" AND ");
        }
        self.of_kind("f", sql);
        if let Some(id) = search.account() {
            sql.push(" UNION SELECT f.id, f.name_key FROM accounts f WHERE f.id = ").bind(id).push(" AND ");
            self.of_kind("f", sql);
        }
        if let Some(token) = search.token() {
            sql.push(" UNION SELECT f.id, f.name_key FROM tokens t CROSS JOIN accounts f WHERE f.id = t.account_id AND ");
            begins_with(token, sql);
            sql.push(" AND ");
            self.of_kind("f", sql);
        }
    }

    fn has_word(&self, table: &str, word: &str, sql: &mut Sql) {
        let position = match self.engine {
            Engine::Sqlite => "instr(",
            Engine::Postgres => "strpos(",
        };
        sql.push(position).push(table).push(".search_text, ").bind(word).push(") > 0");
    }

    /// ` AND …`: a predicate asked of one account `a` at a time.
    pub fn test(&self, predicate: Predicate, asked: Asked, sql: &mut Sql) {
        sql.push(" AND ");
        match predicate {
            Predicate::Search => return self.test_search(sql),
            // In the order of its own index that begins and ends with the range.
            Predicate::Activity | Predicate::Expiring if asked == Asked::InOrder(predicate.order(self.filter.kind)) => {
                return self.in_range(predicate, "a", Sql::bind, sql);
            }
            Predicate::Activity | Predicate::Expiring => {
                return opaque(sql, |sql| self.in_range(predicate, "a", Sql::bind, sql));
            }
            Predicate::Tokens | Predicate::NoTeam | Predicate::Owner | Predicate::OwnerLeft | Predicate::Invited => {
                return opaque(sql, |sql| self.is_so(predicate, "a", sql));
            }
            Predicate::Colleagues => {
                sql.push("EXISTS (SELECT 1 FROM team_members f JOIN team_members mine ON mine.team_id = f.team_id");
                sql.push(" WHERE mine.account_id = ").bind(text(&self.filter.colleagues_of));
            }
            Predicate::Role | Predicate::Team => {
                let (table, id) = self.set(predicate);
                sql.push("EXISTS (SELECT 1 FROM ").push(table).push(" = ").bind(id);
            }
        }
        sql.push(" AND f.account_id = a.id").push(if asked == Asked::OfAll { "" } else { fence(self.engine) }).push(")");
    }

    fn test_search(&self, sql: &mut Sql) {
        let search = &self.filter.search;
        let (indexed, short) = search.words();
        sql.push("(");
        for (at, word) in indexed.into_iter().chain(short).enumerate() {
            sql.push(if at == 0 { "" } else { " AND " });
            self.has_word("a", word, sql);
        }
        if let Some(id) = search.account() {
            sql.push(" OR a.id = ").bind(id);
        }
        if let Some(token) = search.token() {
            sql.push(" OR EXISTS (SELECT 1 FROM tokens t WHERE t.account_id = a.id AND ");
            begins_with(token, sql);
            sql.push(fence(self.engine)).push(")");
        }
        sql.push(")");
    }

    /// The conditions on a moment in the account's row: last use, or the expiry to come.
    fn in_range(&self, predicate: Predicate, table: &str, bind: fn(&mut Sql, NaiveDateTime) -> &mut Sql, sql: &mut Sql) {
        let days = |days| TimeDelta::days(days);
        // A person is active by signing in, a machine by its tokens.
        let active = if self.filter.kind == Kind::User { ".last_login_at" } else { ".last_used_at" };
        let (column, above, below) = match (predicate, self.filter.activity) {
            (Predicate::Activity, Some(Activity::Recent)) => (active, Some((">= ", self.now - days(30))), None),
            (Predicate::Activity, Some(Activity::Unused(unused))) => {
                (active, Some(("> ", clock::NEVER)), Some(("< ", self.now - days(unused))))
            }
            (Predicate::Activity, _) => (active, Some(("= ", clock::NEVER)), None),
            _ => (".first_expiry_at", Some(("> ", self.now)), Some(("<= ", self.now + days(SOON_DAYS)))),
        };
        for (at, (operator, moment)) in above.into_iter().chain(below).enumerate() {
            sql.push(if at == 0 { "" } else { " AND " }).push(table).push(column).push(" ").push(operator);
            bind(sql, moment);
        }
    }
}

/// The tokens `t` whose public id begins so. `~` comes after every letter and digit.
fn begins_with(id: &str, sql: &mut Sql) {
    sql.push("t.id >= ").bind(id).push(" AND t.id < ").bind(format!("{id}~"));
}

/// No account has the identity that is asked for where none is.
fn text(id: &Option<Id>) -> &str {
    id.as_ref().map_or("", Id::as_str)
}
