//! The pages of system accounts, as plain data for their templates.

use crate::web::view::{Choice, Field, Hidden, Moment, Pagination, Shell, Text, Tile, address, grouped};
use askama::Template;

/// The address of the list.
pub const LIST: &str = "/settings/system-accounts";

/// How much of the plan is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The plan's name, such as `Team`.
    pub name: String,
    /// Enabled system accounts.
    pub used: u64,
    /// The most there may be; `None` is unlimited and shows a plain count without a meter.
    pub limit: Option<u64>,
}

impl Plan {
    /// Whether no further system account may be created or enabled.
    pub fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.used >= limit)
    }

    /// From where on the meter warns: nine tenths.
    pub fn high(&self) -> u64 {
        self.limit.map_or(0, |limit| limit.saturating_mul(9) / 10)
    }

    /// `Team plan, 37 of 50`; without a limit there is no plan to name.
    pub fn line(&self) -> String {
        match self.limit {
            Some(limit) => format!("{} plan, {} of {}", self.name, grouped(self.used), grouped(limit)),
            None => format!("No limit, {} in use", grouped(self.used)),
        }
    }

    /// `This will be 38 of 50 on the Team plan`; empty without a limit.
    pub fn next_line(&self) -> String {
        match self.limit {
            Some(limit) => format!("This will be {} of {} on the {} plan", grouped(self.used + 1), grouped(limit), self.name),
            None => String::new(),
        }
    }

    /// Why "New system account" is out of reach.
    pub fn full_line(&self) -> String {
        format!("The {} plan is full. Disable or delete a system account first.", self.name)
    }

    /// The limit, grouped; empty without one.
    pub fn limit_text(&self) -> String {
        self.limit.map_or_else(String::new, grouped)
    }

    /// The number used, grouped.
    pub fn used_text(&self) -> String {
        grouped(self.used)
    }
}

/// What the list is narrowed to and sorted by, as in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// The search: a part of name or description.
    pub q: String,
    /// A role's id; empty for any.
    pub role: String,
    /// A team's id; empty for any.
    pub team: String,
    /// `30`, `unused-90`, `never`; empty for any.
    pub activity: String,
    /// Only those with a token that expires within so many days; empty for all, otherwise `14`.
    pub expiring: String,
    /// Whether disabled ones are displayed.
    pub disabled: bool,
    /// `name`, `-name`, `login`, `-login`, `used`, `-used`, `expiry`, `-expiry`, `status`, `-status`; empty is `name`.
    pub sort: String,
    /// Rows per page as chosen in the address; empty is the default of 25.
    pub size: String,
    /// All roles to choose from, the present one ticked.
    pub roles: Vec<Choice>,
    /// All teams to choose from, the present one ticked.
    pub teams: Vec<Choice>,
}

impl Filters {
    /// Everything but the page, in the order of the address, including what is empty.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        vec![
            ("q", self.q.clone()),
            ("role", self.role.clone()),
            ("team", self.team.clone()),
            ("activity", self.activity.clone()),
            ("expiring", self.expiring.clone()),
            ("disabled", if self.disabled { "1".to_owned() } else { String::new() }),
            ("sort", if self.sort == "name" { String::new() } else { self.sort.clone() }),
            ("size", self.size.clone()),
        ]
    }

    /// The list's address with these filters and one parameter changed; an empty value takes it out. The page starts anew.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = self.query();
        match query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => *held = value.to_owned(),
            None => {
                return address(
                    LIST,
                    &[query, vec![("page", if name == "page" { value.to_owned() } else { String::new() })]].concat(),
                );
            }
        }
        address(LIST, &query)
    }

    /// The list's address with these filters, first page.
    pub fn here(&self) -> String {
        address(LIST, &self.query())
    }

    /// The address of a numbered page; the first has no number.
    pub fn page(&self, number: u64) -> String {
        self.with("page", &if number > 1 { number.to_string() } else { String::new() })
    }

    /// The address without what narrows the list; sorting, size and the disabled ones stay.
    pub fn cleared(&self) -> String {
        let kept = Self { disabled: self.disabled, sort: self.sort.clone(), size: self.size.clone(), ..Self::default() };
        kept.here()
    }

    /// The filters as hidden fields: the bulk form sends them, so that "all that match" is the filter and not the ids.
    pub fn hidden(&self) -> Vec<Hidden> {
        self.query().into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Hidden::new(name, value)).collect()
    }

    /// Whether anything but sorting and size is set.
    pub fn is_narrowed(&self) -> bool {
        !(self.q.is_empty()
            && self.role.is_empty()
            && self.team.is_empty()
            && self.activity.is_empty()
            && self.expiring.is_empty())
    }

    /// What a column's header leads to: the other direction when it sorts by that column already.
    pub fn sort_link(&self, column: &str) -> String {
        let next = if self.sorts("name") == "ascending" && column == "name" || self.sort == column {
            format!("-{column}")
        } else if column == "name" {
            String::new()
        } else {
            column.to_owned()
        };
        self.with("sort", &next)
    }

    /// `ascending`, `descending`, or empty when the list is sorted by something else.
    pub fn sorts(&self, column: &str) -> &'static str {
        let sort = if self.sort.is_empty() { "name" } else { self.sort.as_str() };
        match sort.strip_prefix('-') {
            Some(by) if by == column => "descending",
            None if sort == column => "ascending",
            _ => "",
        }
    }

    /// The table's caption: `sorted by name`.
    pub fn sorted_by(&self) -> &'static str {
        match self.sort.trim_start_matches('-') {
            "login" => "sorted by last login",
            "used" => "sorted by token activity",
            "expiry" => "sorted by token expiry",
            "status" => "sorted by status",
            _ => "sorted by name",
        }
    }

    /// The choices of the activity filter.
    pub fn activities(&self) -> Vec<Choice> {
        self.options(
            &self.activity,
            &[
                ("", "Any activity"),
                ("30", "Used in the last 30 days"),
                ("unused-90", "Unused for 90 days"),
                ("never", "Never used"),
            ],
        )
    }

    /// The choices of the Sort select, which stands in for the headers on phones.
    pub fn sorts_to_choose(&self) -> Vec<Choice> {
        let present = if self.sort == "name" { "" } else { self.sort.as_str() };
        let mut all = vec![
            ("", "Sort by name"),
            ("-used", "Newest activity first"),
            ("used", "Oldest activity first"),
            ("expiry", "Tokens expiring first"),
        ];
        // One that only a header can choose must survive the form
        let others = [
            ("-name", "Sort by name, backwards"),
            ("login", "Oldest login first"),
            ("-login", "Newest login first"),
            ("-expiry", "Tokens expiring last"),
            ("status", "Sort by status"),
            ("-status", "Sort by status, backwards"),
        ];
        all.extend(others.into_iter().filter(|(value, _)| *value == present));
        self.options(present, &all)
    }

    fn options(&self, present: &str, all: &[(&str, &str)]) -> Vec<Choice> {
        all.iter().map(|(value, name)| Choice::new(*value, *name).checked(*value == present)).collect()
    }
}

/// A count that is a filter: `4 with tokens expiring soon`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub href: String,
}

/// A role as a badge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleBadge {
    /// The role's UUID, the anchor on the roles page.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is Administrator, which is set apart.
    pub administrator: bool,
}

/// One system account in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRow {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Description; may be empty.
    pub description: String,
    /// Tile.
    pub tile: Tile,
    /// Names of its teams, by name.
    pub teams: Vec<String>,
    /// Its roles, Administrator first.
    pub roles: Vec<RoleBadge>,
    /// Last call of Muster's own API; `None` for never.
    pub last_login: Option<Moment>,
    /// Last time any of its tokens was accepted anywhere; `None` for never.
    pub activity: Option<Moment>,
    /// Usable and expired tokens, in words: `2 tokens`; `None` for no token.
    pub tokens: Option<String>,
    /// The expiry that comes first, or the one that has passed; `None` shows "no expiry".
    pub expiry: Option<Moment>,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Whether it holds Administrator.
    pub administrator: bool,
    /// Whether its box is ticked.
    pub checked: bool,
}

impl AccountRow {
    /// The teams that are spelled out: both of two, else the first.
    pub fn teams_shown(&self) -> String {
        let shown = if self.teams.len() <= 2 { self.teams.len() } else { 1 };
        self.teams[..shown].join(", ")
    }

    /// How many teams are left out of [`Self::teams_shown`].
    pub fn teams_left(&self) -> usize {
        if self.teams.len() <= 2 { 0 } else { self.teams.len() - 1 }
    }

    /// Their names.
    pub fn teams_left_names(&self) -> String {
        self.teams.get(1..).unwrap_or_default().join(", ")
    }

    /// The roles that are spelled out: both of two, else the first.
    pub fn roles_shown(&self) -> &[RoleBadge] {
        if self.roles.len() <= 2 { &self.roles } else { &self.roles[..1] }
    }

    /// How many roles are left out of [`Self::roles_shown`].
    pub fn roles_left(&self) -> usize {
        self.roles.len() - self.roles_shown().len()
    }

    /// Their names.
    pub fn roles_left_names(&self) -> String {
        self.roles.iter().skip(1).map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// The list of system accounts.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/list.html")]
pub struct AccountsPage {
    /// The frame.
    pub shell: Shell,
    /// Used and limit.
    pub plan: Plan,
    /// Counts that are filters; those of zero are left out by whoever fills this.
    pub hints: Vec<Hint>,
    /// Whether checkboxes, menus and "New system account" are there (`system_account:manage:*`).
    pub can_manage: bool,
    /// The page that says who needs a user account of their own; plain text without one.
    pub policy_link: Option<String>,
    /// For those who may only look, whom to ask: `Maya Lindqvist or Tomas Okafor`.
    pub ask: Option<String>,
    /// Whether only the accounts of the user's own teams are shown (`system_account:manage:team` alone).
    pub own_teams: bool,
    /// Filters and sorting.
    pub filters: Filters,
    /// The rows of this page.
    pub rows: Vec<AccountRow>,
    /// How many match, over all pages, in words: `37`, `more than 10,000`.
    pub total_text: String,
    /// How many match, over all pages, as a number for the script.
    pub total: u64,
    /// `scope=matching`: all that match are selected, not only the ticked rows. The script ends it when a row is unticked;
    /// for browsers without one the form also sends `shown`, the number of rows on the page: fewer `id`s than that mean that
    /// a row was unticked, so that only the ticked ones count.
    pub matching: bool,
    /// The roles that can be given to what is selected.
    pub addable_roles: Vec<Choice>,
    /// The roles that can be taken from what is selected.
    pub removable_roles: Vec<Choice>,
    /// Pages.
    pub pagination: Pagination,
    /// `9 Oct 2026`, since when use is tracked: the title of a bare "Never".
    pub tracked_since: String,
    /// No system account exists at all, disabled or not: the first run.
    pub is_first_run: bool,
}

impl AccountsPage {
    /// What the status line says after a filter took effect.
    pub fn summary(&self) -> String {
        match self.total {
            0 => "No system account matches".to_owned(),
            1 => "1 system account matches".to_owned(),
            _ => format!("{} system accounts match", self.total_text),
        }
    }

    /// Whether more match than this page shows.
    pub fn is_partial(&self) -> bool {
        self.total > self.rows.len() as u64
    }
}

/// A role at the side of an account's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleLine {
    /// The role's UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it allows, in a line.
    pub description: String,
}

/// A team at the side of an account's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamLine {
    /// Its name.
    pub name: String,
    /// `11 users, 3 system accounts`.
    pub members: String,
}

/// The last accepted use of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenUse {
    /// When.
    pub at: Moment,
    /// The address it came from; empty if unknown.
    pub from: String,
    /// The program that made the call; empty if unknown.
    pub agent: String,
}

/// The value that a regenerated token replaced and that still lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OldValue {
    /// How it begins: `mstw_` and the public id, see [`begins_with`].
    pub begins: String,
    /// Until when it works.
    pub until: Moment,
    /// Its last use since; `None` for none.
    pub last_used: Option<TokenUse>,
    /// Where "Finish now" posts to: `…/tokens/{token}/finish`.
    pub finish: String,
}

/// One token on its account's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRow {
    /// The token's id, as in its addresses; also makes the ids of its dialogs.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Read-write, otherwise read-only.
    pub writes: bool,
    /// How it begins, see [`begins_with`].
    pub begins: String,
    /// When it was made, see [`Moment::made`].
    pub created: Moment,
    /// Who made it; empty if unknown.
    pub created_by: String,
    /// When it expires or did, see [`Moment::expiry_fact`]; `None` for never.
    pub expires: Option<Moment>,
    /// `Expires in 6 days` or `Expired`, see [`Moment::expiry_badge`].
    pub badge: Option<Moment>,
    /// Whether it has expired: no Regenerate, and "Remove" in place of "Revoke".
    pub expired: bool,
    /// Its last use; `None` for never.
    pub last_used: Option<TokenUse>,
    /// The value it replaced, while that still lives.
    pub old: Option<OldValue>,
}

/// The part of a token that may be shown: `mstw_` and the 12 characters of its public id, never more.
pub fn begins_with(writes: bool, public_id: &str) -> String {
    let shown: String = public_id.chars().take(12).collect();
    format!("mst{}_{shown}", if writes { 'w' } else { 'r' })
}

/// One day of activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// `26 Oct`.
    pub name: String,
    /// Accepted calls.
    pub calls: u64,
    /// Refused calls, set apart.
    pub refused: u64,
}

impl Day {
    /// The accepted calls, grouped.
    pub fn calls_text(&self) -> String {
        grouped(self.calls)
    }

    /// The refused calls, grouped.
    pub fn refused_text(&self) -> String {
        grouped(self.refused)
    }
}

/// A bar of the chart, in the units of its 600 × 64 view box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// What the pointer is told: `26 Oct: 515 calls`.
    pub title: String,
    /// Left edge.
    pub x: String,
    /// Width.
    pub width: String,
    /// Top and height of the accepted part; `None` for none.
    pub calls: Option<(String, String)>,
    /// Top and height of the refused part; `None` for none.
    pub refused: Option<(String, String)>,
    /// Whether it is the last day.
    pub today: bool,
}

/// Calls per day, oldest first, the last day being today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Usually 30 days.
    pub days: Vec<Day>,
    /// `Calls per day, 26 October to 24 November`.
    pub label: String,
}

impl Activity {
    /// All accepted calls, grouped.
    pub fn calls(&self) -> String {
        grouped(self.days.iter().map(|day| day.calls).sum())
    }

    /// Whether there was not a single call, accepted or refused.
    pub fn is_empty(&self) -> bool {
        self.days.iter().all(|day| day.calls + day.refused == 0)
    }

    /// `85`, or `None` when nothing was refused.
    pub fn refused(&self) -> Option<String> {
        let sum = self.days.iter().map(|day| day.refused).sum();
        (sum > 0).then(|| grouped(sum))
    }

    /// `680 on the busiest day, 11 Nov`, or `None` without accepted calls.
    pub fn busiest(&self) -> Option<String> {
        let day = self.days.iter().rev().max_by_key(|day| day.calls).filter(|day| day.calls > 0)?;
        Some(format!("{} on the busiest day, {}", grouped(day.calls), day.name))
    }

    /// The first day's name.
    pub fn first_day(&self) -> &str {
        self.days.first().map_or("", |day| day.name.as_str())
    }

    /// The bars of the chart.
    pub fn bars(&self) -> Vec<Bar> {
        const WIDTH: f64 = 600.0;
        const HEIGHT: f64 = 64.0;
        let step = WIDTH / self.days.len().max(1) as f64;
        let most = self.days.iter().map(|day| day.calls + day.refused).max().unwrap_or(0).max(1) as f64;
        // Not even one call among thousands may look like none
        let scaled = |count: u64| {
            if count == 0 { 0.0 } else { (count as f64 / most * (HEIGHT - 2.0)).max(1.5) }
        };
        let last = self.days.len().saturating_sub(1);
        let bar = |(at, day): (usize, &Day)| {
            let (calls, refused) = (scaled(day.calls), scaled(day.refused));
            let gap = if day.calls > 0 && day.refused > 0 { 1.0 } else { 0.0 };
            let plural = if day.calls == 1 { "" } else { "s" };
            let also = if day.refused > 0 { format!(", {} refused", grouped(day.refused)) } else { String::new() };
            Bar {
                title: format!("{}: {} call{plural}{also}", day.name, grouped(day.calls)),
                x: format!("{:.1}", at as f64 * step + step * 0.1),
                width: format!("{:.1}", step * 0.8),
                calls: (day.calls > 0).then(|| (format!("{:.1}", HEIGHT - calls), format!("{calls:.1}"))),
                refused: (day.refused > 0).then(|| (format!("{:.1}", HEIGHT - calls - gap - refused), format!("{refused:.1}"))),
                today: at == last,
            }
        };
        self.days.iter().enumerate().map(bar).collect()
    }
}

/// A line of "Recent changes".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Who did it.
    pub tile: Tile,
    /// The sentence, in pieces.
    pub text: Vec<Text>,
    /// When, see [`Moment::in_feed`].
    pub at: Moment,
}

/// What the form for a new token shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTokenForm {
    /// The form's own identity: sent twice, it makes one token.
    pub form: String,
    /// Its name.
    pub name: Field,
    /// `read` and `write`, one ticked; see [`NewTokenForm::new`].
    pub access: Vec<Choice>,
    /// What is wrong with the access.
    pub access_error: Option<String>,
    /// `30`, `90`, `365`, `never`, `date`, one ticked; fewer where a maximum lifetime is set.
    pub expires: Vec<Choice>,
    /// What is wrong with the expiry.
    pub expires_error: Option<String>,
    /// `YYYY-MM-DD`, asked for with `date`.
    pub expires_on: Field,
    /// The first and the last day that may be chosen, `YYYY-MM-DD`; empty for no bound.
    pub days: (String, String),
}

impl NewTokenForm {
    /// The form as it first appears, under the identity `id`: read-only, 90 days or the nearest below; `max_days` is the
    /// installation's maximum lifetime.
    pub fn new(max_days: Option<u32>, id: &str) -> Self {
        let mut form = Self { form: id.into(), ..Self::default() };
        form.choose("read", if max_days.is_some_and(|most| most < 90) { "30" } else { "90" }, max_days);
        form
    }

    /// Ticks what was sent.
    pub fn choose(&mut self, access: &str, expires: &str, max_days: Option<u32>) {
        self.access = vec![
            Choice::new("read", "Read-only").about("Downloads contracts and results").checked(access == "read"),
            Choice::new("write", "Read-write").about("Publishes contracts, results and releases").checked(access == "write"),
        ];
        let fits = |days: u32| max_days.is_none_or(|most| days <= most);
        let all = [
            ("30", "In 30 days", fits(30)),
            ("90", "In 90 days", fits(90)),
            ("365", "In a year", fits(365)),
            ("never", "Never", max_days.is_none()),
            ("date", "On a date", true),
        ];
        let open = all.into_iter().filter(|(_, _, open)| *open);
        self.expires = open.map(|(value, name, _)| Choice::new(value, name).checked(value == expires)).collect();
    }
}

/// How long the old value may live on, one ticked: 24 hours. `in_24_hours` is that moment, see [`Moment::until`].
pub fn overlaps(in_24_hours: &Moment) -> Vec<Choice> {
    vec![
        Choice::new("0", "Now").about("If it leaked. Calls with it get 401 from here on"),
        Choice::new("1h", "In 1 hour"),
        Choice::new("24h", "In 24 hours").about(in_24_hours.exact.clone()).checked(true),
        Choice::new("7d", "In 7 days"),
    ]
}

/// The page of one system account, with its dialogs.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/account.html")]
pub struct AccountPage {
    /// The frame.
    pub shell: Shell,
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Description; may be empty.
    pub description: String,
    /// Tile.
    pub tile: Tile,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Whether it holds Administrator.
    pub administrator: bool,
    /// Whether everything may be changed (`system_account:manage:*`).
    pub can_manage: bool,
    /// Whether tokens, disabling and enabling are in reach (also `system_account:manage:team`).
    pub can_operate: bool,
    /// For those who may only look, whom to ask.
    pub ask: Option<String>,
    /// Last use of any token; `None` for never.
    pub activity_at: Option<Moment>,
    /// Last call of Muster's own API; `None` for never.
    pub last_login: Option<Moment>,
    /// Since when use is tracked.
    pub tracked_since: String,
    /// When it was created.
    pub created: Moment,
    /// By whom; empty if unknown.
    pub created_by: String,
    /// Its tokens; `None` for those who may not see them.
    pub tokens: Option<Vec<TokenRow>>,
    /// Calls per day; `None` leaves the section out.
    pub activity: Option<Activity>,
    /// What happened to it; empty leaves the section out.
    pub changes: Vec<Change>,
    /// Its roles.
    pub roles: Vec<RoleLine>,
    /// Its teams.
    pub teams: Vec<TeamLine>,
    /// Used and limit.
    pub plan: Plan,
    /// All roles, its own ticked, for Edit Roles.
    pub role_choices: Vec<Choice>,
    /// The ids of the roles that it had when the form was first drawn, separated by commas.
    pub roles_shown: String,
    /// What is wrong with the chosen roles.
    pub roles_error: Option<String>,
    /// All teams, its own ticked, for Edit Teams.
    pub team_choices: Vec<Choice>,
    /// The ids of the teams that it belonged to when the form was first drawn, separated by commas.
    pub teams_shown: String,
    /// What is wrong with the chosen teams.
    pub teams_error: Option<String>,
    /// Edit name and description: the name.
    pub rename_name: Field,
    /// Edit name and description: the description.
    pub rename_description: Field,
    /// The form for a new token.
    pub new_token: NewTokenForm,
    /// Why no token can be made at the moment; `None` where one can.
    pub creation_stopped: Option<String>,
    /// How long a regenerated token's old value may live, see [`overlaps`].
    pub overlaps: Vec<Choice>,
    /// What is wrong with the chosen overlap.
    pub overlap_error: Option<String>,
    /// The dialog that comes back in error, by its id: `edit-roles`, `edit-teams`, `rename`, `new-token`, `regenerate-{token}`, `revoke-{token}`.
    pub open_dialog: Option<String>,
}

impl AccountPage {
    /// The page's address.
    pub fn url(&self) -> String {
        format!("{LIST}/{}", self.id)
    }

    /// Whether the dialog of that id comes back in error.
    pub fn opens(&self, dialog: &str) -> bool {
        self.open_dialog.as_deref() == Some(dialog)
    }

    /// Whether a dialog of that kind for that token comes back in error.
    pub fn opens_for(&self, kind: &str, token: &str) -> bool {
        self.open_dialog.as_deref().and_then(|open| open.strip_prefix(kind)).and_then(|open| open.strip_prefix('-'))
            == Some(token)
    }
}

/// The form for a new system account.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/new.html")]
pub struct NewAccountPage {
    /// The frame.
    pub shell: Shell,
    /// The form's own identity: sent twice, it creates one account.
    pub form: String,
    /// Its name.
    pub name: Field,
    /// Its description.
    pub description: Field,
    /// All roles; CI/CD ticked and marked as the default.
    pub roles: Vec<Choice>,
    /// What is wrong with the chosen roles.
    pub roles_error: Option<String>,
    /// All teams.
    pub teams: Vec<Choice>,
    /// What is wrong with the chosen teams.
    pub teams_error: Option<String>,
    /// Whether a first token is made.
    pub token: bool,
    /// The first token in words: `Read-write, expires in 90 days.`
    pub token_text: String,
    /// Why no token can be made at the moment; `None` where one can.
    pub creation_stopped: Option<String>,
    /// Used and limit.
    pub plan: Plan,
    /// Why the whole was refused, such as a full plan.
    pub error: Option<String>,
}

/// One of the accounts that a confirmation names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfirmRow {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Tile.
    pub tile: Tile,
    /// Names of its roles: `CI/CD, Viewer`.
    pub roles: String,
    /// Last use of any token; `None` for never.
    pub used: Option<Moment>,
    /// Whether that was within two days, which deserves a warning.
    pub recent: bool,
    /// `1 token`, `no tokens`.
    pub tokens: String,
}

/// What a confirmation is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// Delete: final, the number is typed.
    #[default]
    Delete,
    /// Make Administrator.
    MakeAdministrator,
}

/// Asks before something final or far-reaching, for one account or for many.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/confirm.html")]
pub struct ConfirmPage {
    /// The frame.
    pub shell: Shell,
    /// What is asked.
    pub what: Confirm,
    /// How many accounts it is about.
    pub count: u64,
    /// Those that are named: all, or the first 100.
    pub rows: Vec<ConfirmRow>,
    /// Where the form posts to: `…/bulk`, `…/{id}/deletion`, `…/{id}/promotion`.
    pub action: String,
    /// Where "Disable instead" posts to: `…/bulk`, `…/{id}/disablement`.
    pub disable_action: String,
    /// Fields that the form carries on: `id`s, or `scope`, the filters and `expected`.
    pub hidden: Vec<Hidden>,
    /// Whether the set is no longer the one that was shown.
    pub changed: bool,
    /// Names of those used within two days, as a sentence's subject with its verb: `jenkins-nightly made a call 9 hours ago`; `None` for none.
    pub warning: Option<String>,
    /// The typed number (delete only).
    pub typed: Field,
    /// Why it was refused, such as a rule about the last administrator.
    pub error: Option<String>,
    /// Where Cancel leads: the list with its filters, or the account.
    pub cancel: String,
}

impl ConfirmPage {
    /// Whether it is about deleting.
    pub fn deletes(&self) -> bool {
        self.what == Confirm::Delete
    }

    /// `payments-api deploy` for one, `3 system accounts` for many.
    pub fn whom(&self) -> String {
        match (self.count, self.rows.first()) {
            (1, Some(row)) => row.name.clone(),
            _ => crate::web::view::counted(self.count, "system account"),
        }
    }

    /// How many of those that are named were used within two days.
    pub fn warned(&self) -> usize {
        self.rows.iter().filter(|row| row.recent).count()
    }

    /// How many are not named; 0 for none.
    pub fn left(&self) -> u64 {
        self.count.saturating_sub(self.rows.len() as u64)
    }

    /// [`Self::left`], grouped.
    pub fn left_text(&self) -> String {
        grouped(self.left())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_all_other_state() {
        let filters = Filters { q: "a b".into(), sort: "-used".into(), size: "50".into(), disabled: true, ..Filters::default() };
        assert_eq!(filters.sort_link("used"), "/settings/system-accounts?q=a%20b&disabled=1&sort=used&size=50");
        assert_eq!(filters.sort_link("name"), "/settings/system-accounts?q=a%20b&disabled=1&size=50");
        assert_eq!(filters.page(2), "/settings/system-accounts?q=a%20b&disabled=1&sort=-used&size=50&page=2");
        assert_eq!(filters.page(1), "/settings/system-accounts?q=a%20b&disabled=1&sort=-used&size=50");
        assert_eq!(filters.cleared(), "/settings/system-accounts?disabled=1&sort=-used&size=50");
        assert_eq!((filters.sorts("used"), filters.sorts("name")), ("descending", ""));
        assert_eq!(Filters::default().sort_link("name"), "/settings/system-accounts?sort=-name");
        assert!(filters.sorts_to_choose().iter().any(|choice| choice.checked));
    }

    #[test]
    fn long_lists_in_a_row_are_cut() {
        let row = AccountRow { teams: ["Platform", "SRE", "Web", "Mobile"].map(String::from).to_vec(), ..AccountRow::default() };
        assert_eq!(
            (row.teams_shown(), row.teams_left(), row.teams_left_names()),
            ("Platform".into(), 3, "SRE, Web, Mobile".into())
        );
        let row = AccountRow { teams: ["Platform", "SRE"].map(String::from).to_vec(), ..AccountRow::default() };
        assert_eq!((row.teams_shown(), row.teams_left()), ("Platform, SRE".into(), 0));
    }

    #[test]
    fn no_more_than_the_public_id_is_shown() {
        assert_eq!(begins_with(true, "7Kq2AbCdEf12"), "mstw_7Kq2AbCdEf12");
        assert_eq!(begins_with(false, "7Kq2AbCdEf12_secret"), "mstr_7Kq2AbCdEf12");
    }

    #[test]
    fn a_chart_shows_even_one_call() {
        let day = |calls, refused| Day { name: "1 Nov".into(), calls, refused };
        let activity = Activity { days: vec![day(0, 0), day(1, 0), day(10_000, 3)], label: String::new() };
        let bars = activity.bars();
        assert_eq!(bars[0].calls, None);
        assert_eq!(bars[1].calls, Some(("62.5".into(), "1.5".into())));
        assert!(bars[2].today && bars[2].refused.is_some());
        assert_eq!(bars[2].title, "1 Nov: 10,000 calls, 3 refused");
        assert_eq!(activity.calls(), "10,001");
        assert!(Activity::default().bars().is_empty());
    }
}
