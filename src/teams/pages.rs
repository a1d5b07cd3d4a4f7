//! The pages of teams.

use super::operations::members::{MembersChange, Touched};
use super::operations::undo::MembersUndone;
use super::queries::members::TeamPerson;
use super::view::TEAMS;
use super::view::team::PersonLine;
use crate::accounts::model::{Kind, Right};
use crate::accounts::view::told::left_alone;
use crate::auth::principal::Principal;
use crate::id::Id;
use crate::web::view::address::address;
use crate::web::view::words::{count, joined};
use crate::web::view::{Flash, Text, Tile};

pub mod deletion;
pub mod list;
pub mod members;
pub mod team;
pub mod visits;

/// Which page of `size` rows is shown, and how many rows come before it.
fn place(wanted: &str, size: u64, total: i64) -> (u64, (i64, i64)) {
    let last = count(total).div_ceil(size).max(1);
    let page = wanted.parse().unwrap_or(1).clamp(1, last);
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    (page, (signed(size), signed((page - 1) * size)))
}

fn may_see(actor: &Principal, kind: Kind) -> bool {
    actor.may(kind.permission(Right::Read))
}

/// The list of a kind with a team as its filter, for who may see it.
fn list_of(actor: &Principal, kind: Kind, team: &Id) -> Option<String> {
    may_see(actor, kind).then(|| address(kind.screen().path, &[("team", team.to_string())]))
}

/// The page of an account, for who may see it.
fn page_of(actor: &Principal, kind: &str, id: &Id) -> Option<String> {
    let kind = Kind::parse(kind).filter(|kind| may_see(actor, *kind))?;
    Some(format!("{}/{id}", kind.screen().path))
}

fn line(actor: &Principal, kind: Kind, person: TeamPerson) -> PersonLine {
    let id = person.id.to_string();
    let tile = match kind {
        Kind::User => Tile::person(&id, &person.name),
        Kind::System => Tile::machine(&id, &person.name),
    };
    PersonLine {
        href: page_of(actor, kind.as_str(), &person.id),
        tile,
        name: person.name,
        about: person.email.unwrap_or(person.description),
        disabled: person.disabled,
        administrator: false,
        removable: false,
        id,
    }
}

/// The words of an answer.
#[derive(Clone, Copy)]
struct ChangeWords {
    before: &'static str,
    /// Between the accounts and the team, for one and for several.
    between: (&'static str, &'static str),
    /// Where nothing was to be done.
    nothing: &'static str,
    undoable: bool,
}

/// "2 users and 1 system account", or the name of the one.
fn whom(touched: &Touched) -> String {
    let kinds: Vec<String> = touched.kinds.iter().map(|(kind, n)| kind.counted(*n)).collect();
    touched.only.clone().unwrap_or_else(|| joined(&kinds, "and"))
}

/// "Added **3 accounts** to **Platform**."
fn told(changed: &MembersChange, kept: &str, words: ChangeWords) -> Flash {
    let Some(change) = &changed.change else {
        return Flash::neutral(vec![Text::plain(words.nothing)]);
    };
    let between = if changed.touched.only.is_some() { words.between.0 } else { words.between.1 };
    let text = Flash::done(format!("{} ", words.before)).strong(whom(&changed.touched)).plain(format!(" {between} "));
    let flash = text.strong(&changed.team.name).plain(".");
    if words.undoable { flash.undo(format!("{TEAMS}/{}/changes/{change}/undo{kept}", changed.team.id)) } else { flash }
}

/// "Undone: **3 users** added to **Platform**."
fn undone(undone: &MembersUndone) -> Flash {
    let mut flash = Flash::done("Undone: ");
    let parts = [(&undone.joined, "added to"), (&undone.left, "removed from")];
    for (at, (touched, verb)) in parts.iter().filter(|(touched, _)| !touched.kinds.is_empty()).enumerate() {
        flash = flash.plain(if at > 0 { "; " } else { "" }).strong(whom(touched)).plain(format!(" {verb} "));
        flash = flash.strong(&undone.team.name);
    }
    flash.plain(left_alone(undone.alone))
}
