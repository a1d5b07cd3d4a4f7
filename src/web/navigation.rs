//! The side bar. Features define its items; this only renders them.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

use super::view::{NavGroup, NavLink};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::text::grouped;

/// The heading that an item appears under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NavigationGroup {
    /// What the organisation has; the heading is its name.
    Organisation,
    /// Reference pages.
    Reference,
}

/// A link of the side bar.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    pub label: &'static str,
    /// Its page, which is also how a page says where it belongs.
    pub href: &'static str,
    /// A symbol of the sprite, without `i-`.
    pub icon: &'static str,
    pub group: NavigationGroup,
    /// Who sees it holds one of these, as the page itself asks for; empty for everybody. `team:read:{}` is held by who holds it for
    /// one thing at least.
    pub any_of: &'static [&'static str],
    /// Who holds this needs no such item: another one leads to more.
    pub unless: Option<&'static str>,
    /// A query for the number beside it.
    pub count: Option<&'static str>,
}

/// The items of the installation, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Navigation(pub &'static [Item]);

impl Navigation {
    fn seen_by(self, actor: &Principal) -> impl Iterator<Item = (usize, &'static Item)> {
        self.0
            .iter()
            .enumerate()
            .filter(|(_, item)| !item.unless.is_some_and(|permission| actor.may(permission)))
            .filter(|(_, item)| sees_all(item, actor) || item.any_of.iter().any(|permission| holds_for_one(permission, actor)))
    }

    /// The first page of the organisation's that the actor may see, or else any that takes a permission.
    pub fn home(self, actor: &Principal) -> Option<&'static Item> {
        let mut seen: Vec<&Item> = self.seen_by(actor).map(|(_, item)| item).filter(|item| !item.any_of.is_empty()).collect();
        seen.sort_by_key(|item| item.group != NavigationGroup::Organisation);
        seen.first().copied()
    }

    /// The page that an address lies below, if the actor may see it.
    pub fn above(self, actor: &Principal, path: &str) -> Option<&'static Item> {
        let lies_below = |item: &&Item| path.strip_prefix(item.href).is_some_and(|rest| rest.starts_with('/'));
        self.seen_by(actor).map(|(_, item)| item).find(lies_below)
    }

    /// The links for the actor, that of `place` marked.
    pub fn groups(self, actor: &Principal, organisation: &str, place: &str, counts: &NavigationCounts) -> Vec<NavGroup> {
        let mut groups = Vec::new();
        for (group, label) in [(NavigationGroup::Organisation, organisation), (NavigationGroup::Reference, "Reference")] {
            let link = |(at, item): (usize, &Item)| NavLink {
                label: item.label,
                href: item.href,
                icon: item.icon,
                // Who sees some of them is not told how many there are.
                count: counts
                    .0
                    .iter()
                    .filter(|_| sees_all(item, actor))
                    .find(|count| usize::try_from(count.item) == Ok(at))
                    .map(|count| grouped(count.n)),
                current: item.href == place,
            };
            let links: Vec<NavLink> = self.seen_by(actor).filter(|(_, item)| item.group == group).map(link).collect();
            if !links.is_empty() {
                groups.push(NavGroup { label: label.to_owned(), links });
            }
        }
        groups
    }
}

fn sees_all(item: &Item, actor: &Principal) -> bool {
    item.any_of.is_empty() || item.any_of.iter().any(|permission| actor.may(permission))
}

fn holds_for_one(permission: &str, actor: &Principal) -> bool {
    permission.strip_suffix("{}").is_some_and(|some| actor.permissions.allows_some(&format!("{some}*")))
}

#[derive(Debug, Clone, QueryableByName)]
struct NavigationCount {
    #[diesel(sql_type = BigInt)]
    item: i64,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The numbers beside the links.
#[derive(Debug, Clone, Default)]
pub struct NavigationCounts(Vec<NavigationCount>);

impl NavigationCounts {
    /// Reads them all in one statement.
    pub fn read(conn: &mut DbConnection, navigation: Navigation) -> Result<Self, Error> {
        let mut sql = Sql::default();
        let mut lead = "";
        for (at, item) in navigation.0.iter().enumerate() {
            let Some(count) = item.count else { continue };
            sql.push(&format!("{lead}SELECT CAST({at} AS BIGINT) AS item, CAST(({count}) AS BIGINT) AS n"));
            lead = " UNION ALL ";
        }
        if lead.is_empty() { Ok(Self::default()) } else { Ok(Self(sql.load(conn)?)) }
    }
}
