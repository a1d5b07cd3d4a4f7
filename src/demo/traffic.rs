//! The calls that the machines of Halden Freight made in the last weeks.

use chrono::{Datelike, NaiveDate, TimeDelta, Timelike, Weekday};
use diesel::prelude::*;

use super::cast::{LOGINS, MACHINES, PERSONAL, REFUSALS};
use super::stage::Stage;
use crate::database::sql::{Sql, Value};
use crate::error::Error;
use crate::id::Id;
use crate::schema::accounts;

/// Days of calls that are there, today included: more than the chart shows.
const DAYS: i64 = 45;
/// Rows in one statement.
const ROWS: usize = 2000;

const AGENTS: [&str; 6] =
    ["pact-jvm/4.6.14", "pact-js/13.1.0", "curl/8.5.0", "python-requests/2.32.3", "Go-http-client/2.0", "pact-ruby/1.66.1"];

/// The address and the program that a machine calls from.
pub fn source(stage: &mut Stage<'_>, machine: &str) -> (String, &'static str) {
    let own = [
        ("github", "actions-runner/2.319"),
        ("workflows", "actions-runner/2.319"),
        ("jenkins", "Jenkins/2.462"),
        ("gitlab", "gitlab-runner/17.3"),
        ("buildkite", "buildkite-agent/3.81"),
        ("terraform", "terraform-pact/v0.10.1"),
        ("k6", "k6/0.54.0"),
    ];
    let known = own.into_iter().find(|(prefix, _)| machine.starts_with(prefix)).map(|(_, agent)| agent);
    let agent = known.or_else(|| stage.dice.pick(&AGENTS).copied()).unwrap_or(AGENTS[0]);
    (format!("203.0.113.{}", 10 + stage.dice.below(90)), agent)
}

/// Writes the days' calls, and the sign-ins of machines.
pub fn seen(stage: &mut Stage<'_>) -> Result<(), Error> {
    let mut rows: Vec<[Value; 4]> = Vec::new();
    for machine in &MACHINES {
        let Ok(id) = stage.account(machine.name) else { continue };
        days_of(stage, (machine.name, machine.calls), (&id, NaiveDate::MIN), &mut rows)?;
    }
    // People call less, and with tokens that they have not had for long.
    for (name, age, _) in PERSONAL.iter().filter(|(.., credential)| credential.used.is_some()) {
        let (id, first) = (stage.account(name)?, stage.now.date() - TimeDelta::days(*age));
        days_of(stage, (name, (7, 1)), (&id, first), &mut rows)?;
    }
    for part in rows.chunks(ROWS) {
        let mut sql = Sql::new("INSERT INTO account_days (account_id, day, accepted, refused) VALUES ");
        for (index, row) in part.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", (" });
            for (column, value) in row.iter().enumerate() {
                sql.push(if column == 0 { "" } else { ", " }).bind(value.clone());
            }
            sql.push(")");
        }
        sql.execute(stage.conn)?;
    }
    for (name, days) in LOGINS {
        let at = stage.workday(days);
        stage.log_in(name, at)?;
    }
    Ok(())
}

fn days_of(
    stage: &mut Stage<'_>,
    (name, calls): (&str, (i64, i64)),
    (id, first): (&Id, NaiveDate),
    rows: &mut Vec<[Value; 4]>,
) -> Result<(), Error> {
    let found = accounts::table.filter(accounts::id.eq(id)).select((accounts::created_at, accounts::last_used_at));
    let times: Option<(chrono::NaiveDateTime, chrono::NaiveDateTime)> = found.first(stage.conn).optional()?;
    let Some((created, used)) = times else { return Ok(()) };
    let today = stage.now.date();
    for back in (0..DAYS).rev() {
        let day = today - TimeDelta::days(back);
        let usual = if is_weekend(day) { calls.1 } else { calls.0 };
        let whole = if usual == 0 { 0 } else { stage.dice.about(usual).max(1) };
        let accepted = match day {
            _ if day > used.date() || day < created.date().max(first) => 0,
            // As much of the day as is over.
            _ if day == today => (whole * i64::from(stage.now.num_seconds_from_midnight()) / 86_400).max(1),
            _ if day == used.date() => whole.max(1),
            _ => whole,
        };
        let refused: i64 =
            REFUSALS.iter().filter(|(whose, days, _)| *whose == name && *days == back).map(|(.., calls)| calls).sum();
        if accepted + refused > 0 {
            rows.push([id.into(), day.to_string().into(), accepted.into(), refused.into()]);
        }
    }
    Ok(())
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}
