//! Machines that ask the check without pause, an administrator who meanwhile takes away their tokens one after another, and
//! what of all that they were told was right.
//!
//! Every answer is written down with its beginning and its end, and every change with the moments at which it was first sent
//! and at which it was answered. What has been taken away never comes back, so an acceptance is wrong if it was asked for
//! after the change was answered (and the promised second is over, on another instance), and a refusal if it was told before
//! the change was sent.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use muster::accounts::operations::{self, UserCreation};
use muster::auth::principal::Principal;
use muster::database::{DbConnection, manager, migrations};
use muster::error::Error;
use muster::roles::predefined;

use super::machines::{Machine, locked, machine};
use super::written::Activity;
use crate::support::app::{Client, PASSWORD};
use crate::support::dice::Dice;
use crate::support::snapshot::lines;

/// Within this a change is known to every instance, and after it nothing is accepted without the database.
pub const PROMISE: Duration = Duration::from_secs(1);

/// Within this after the end of an outage the check answers as if there had been none.
pub const RECOVERY: Duration = Duration::from_secs(10);
/// Longer than this no answer takes, whatever happens: a second until the check gives a question up, and one for the answer
/// of a machine that is busy.
const LONGEST: Duration = Duration::from_secs(2);
/// Machines, each with one token.
const MACHINES: usize = 500;
/// Machines that nothing is taken away from.
const SPARED: usize = 40;
/// Threads that ask each server.
const ASKERS: usize = 2;
/// Between two changes.
const PACE: Duration = Duration::from_millis(15);
/// What is waited for comes long before this, or never.
const PATIENCE: Duration = Duration::from_secs(40);
/// The administrator's e-mail address.
const EMAIL: &str = "maya@example.test";

/// One question and what came of it.
#[derive(Debug, Clone, Copy)]
pub struct Heard {
    machine: usize,
    /// The place of the server among those that were asked.
    pub server: usize,
    /// When the question was sent.
    pub start: Instant,
    /// When the answer had been read, or would not come any more.
    pub end: Instant,
    /// The answer; `None` where there was none.
    pub status: Option<u16>,
}

/// A time in which the database could not be asked.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    /// It began after this.
    pub from: Instant,
    /// It ended after this.
    pub until: Instant,
}

/// The machines, the administrator's changes, and all that was answered.
pub struct Load {
    machines: Vec<Machine>,
    heard: Mutex<Vec<Heard>>,
    changed: AtomicUsize,
    over: AtomicBool,
}

impl Load {
    /// Puts the administrator and the machines into a database.
    pub fn prepare(url: &str) -> Self {
        migrations::migrate(&url.parse().unwrap()).unwrap();
        let form = UserCreation {
            name: "Maya".into(),
            email: EMAIL.into(),
            password_hash: Some(muster::auth::password::hash(PASSWORD).unwrap()),
            roles: vec![predefined::ADMINISTRATOR.into()],
        };
        let machines = diesel::Connection::transaction::<_, Error, _>(&mut open(url), |conn| {
            operations::create_user(conn, &Principal::shell(), &form)?;
            (0..MACHINES).map(|number| machine(conn, number)).collect()
        });
        Self { machines: machines.unwrap(), heard: Mutex::default(), changed: AtomicUsize::new(0), over: AtomicBool::new(false) }
    }

    /// Asks `servers` without pause and changes through the first of them, for as long as `during` takes. The machines are
    /// divided among the servers.
    pub fn run(&self, servers: &[&str], during: impl FnOnce()) {
        let admin = signed_in(servers[0]);
        std::thread::scope(|scope| {
            for (server, url) in servers.iter().enumerate() {
                for number in 0..ASKERS {
                    scope.spawn(move || self.ask(url, server, servers.len(), number as u64));
                }
            }
            scope.spawn(|| self.change(&admin));
            // Also where `during` panics, or the others would go on for ever.
            let _over = Over(&self.over);
            during();
        });
    }

    fn ask(&self, url: &str, server: usize, servers: usize, number: u64) {
        let client = Client::new(url);
        let mut dice = Dice(0x9e37_79b9 + number);
        while !self.over.load(Ordering::Relaxed) {
            // Every other question is about one of those that have just lost their access, or are about to.
            let changed = self.changed.load(Ordering::Relaxed);
            let machine = if dice.below(2) == 0 { changed.saturating_sub(8) + dice.below(12) } else { dice.below(MACHINES) };
            let machine = (machine / servers * servers + server) % MACHINES;
            let start = Instant::now();
            let answer = client.try_get_with("/auth/verify", &[("Authorization", &self.machines[machine].bearer)]);
            let heard = Heard { machine, server, start, end: Instant::now(), status: answer.map(|answer| answer.status) };
            locked(&self.heard).push(heard);
            if heard.status.is_none() {
                // Nobody is there: to ask on at full speed would only take the processor from the others.
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Revokes a token, disables an account, and so on; what is not done because of an outage is tried again.
    fn change(&self, admin: &Client) {
        for (number, machine) in self.machines[..MACHINES - SPARED].iter().enumerate() {
            let account = format!("/settings/system-accounts/{}", machine.account);
            let path = match number % 2 {
                0 => format!("{account}/tokens/{}/revocation", machine.token),
                _ => format!("{account}/disablement"),
            };
            locked(&machine.ended).0 = Some(Instant::now());
            loop {
                if self.over.load(Ordering::Relaxed) {
                    return;
                }
                let answer = admin.try_post(&path, &[]);
                match answer.as_ref().map(|answer| answer.status) {
                    // 409: it was done already, by a question whose answer was lost.
                    Some(303 | 409) => break,
                    Some(503) | None => std::thread::sleep(PACE),
                    Some(status) => panic!("{path}: {status} {}", answer.unwrap().text()),
                }
            }
            locked(&machine.ended).1 = Some(Instant::now());
            self.changed.store(number + 1, Ordering::Relaxed);
            std::thread::sleep(PACE);
        }
    }

    /// The `Authorization` of a machine that nothing is taken away from.
    pub fn bearer(&self) -> &str {
        &self.machines[MACHINES - 1].bearer
    }

    /// The account of a machine that nothing is taken away from.
    pub fn spared(&self) -> &str {
        &self.machines[MACHINES - 1].account
    }

    /// How many changes have been answered.
    pub fn changes(&self) -> usize {
        self.changed.load(Ordering::Relaxed)
    }

    /// Waits until so many more changes have been answered.
    pub fn wait_for_changes(&self, more: usize) {
        let enough = (self.changes() + more).min(MACHINES - SPARED);
        wait("more changes", || self.changes() >= enough);
    }

    /// Waits until each of `servers` has given so many answers of `status` to questions that were sent after a moment.
    pub fn wait_for(&self, servers: &[usize], many: usize, status: u16, after: Instant) {
        wait(&format!("{many} times {status}"), || {
            let heard = locked(&self.heard);
            let late = |server| {
                let fits = |one: &&Heard| one.server == server && one.status == Some(status) && one.start > after;
                heard.iter().rev().take(20_000).filter(fits).count()
            };
            servers.iter().all(|server| late(*server) >= many)
        });
    }

    /// Everything that was answered.
    pub fn heard(&self) -> Vec<Heard> {
        locked(&self.heard).clone()
    }

    /// Panics with the answers that were wrong. `missing` says of which question no answer is no fault.
    pub fn assert_right(&self, outages: &[Outage], missing: impl Fn(&Heard) -> bool) {
        let heard = self.heard();
        let mut wrong: BTreeMap<&str, Vec<&Heard>> = BTreeMap::new();
        for one in &heard {
            if let Some(fault) = self.fault(one, outages, &missing) {
                wrong.entry(fault).or_default().push(one);
            }
        }
        let told: Vec<String> = wrong
            .iter()
            .map(|(fault, ones)| format!("{} times {fault}, first: {}", ones.len(), self.describe(ones[0], outages)))
            .collect();
        assert!(told.is_empty(), "of {} answers\n{}", heard.len(), told.join("\n"));
        for status in [200, 401] {
            let many = heard.iter().filter(|one| one.status == Some(status)).count();
            assert!(many > 100, "the load says nothing about {status}: {many} of {}", heard.len());
        }
    }

    fn fault(&self, one: &Heard, outages: &[Outage], missing: &impl Fn(&Heard) -> bool) -> Option<&'static str> {
        let (sent, answered) = self.machines[one.machine].ended();
        let allowed = if one.server == 0 { Duration::ZERO } else { PROMISE };
        let gone = outages.iter().any(|outage| one.start > outage.from + PROMISE && one.end < outage.until);
        let disturbed = outages.iter().any(|outage| one.end > outage.from && one.start < outage.until + RECOVERY);
        match one.status {
            Some(_) if one.end - one.start > LONGEST => Some("answered too late"),
            Some(200) if answered.is_some_and(|answered| one.start > answered + allowed) => Some("accepted after the change"),
            Some(200) if gone => Some("accepted without a database"),
            Some(401) if sent.is_none_or(|sent| sent > one.end) => Some("refused for no reason"),
            Some(401) if gone => Some("refused without a database"),
            Some(200 | 401) => None,
            Some(503) => (!disturbed).then_some("no database, it is said, and it is there"),
            None => (!missing(one)).then_some("no answer"),
            Some(_) => Some("an answer that nobody expects"),
        }
    }

    fn describe(&self, one: &Heard, outages: &[Outage]) -> String {
        let (sent, answered) = self.machines[one.machine].ended();
        let since =
            |moment: Option<Instant>| moment.map_or("never".into(), |moment| format!("{:+.1} ms", apart(one.start, moment)));
        let outages: Vec<String> =
            outages.iter().map(|outage| format!("{}..{}", since(Some(outage.from)), since(Some(outage.until)))).collect();
        format!(
            "server {} said {:?} after {:.1} ms; from its question on: change sent {}, answered {}, outages {outages:?}",
            one.server,
            one.status,
            apart(one.start, one.end),
            since(sent),
            since(answered)
        )
    }

    /// Prints what an outage looked like from outside. Returns how long it took until the first acceptance after it.
    pub fn report(&self, what: &str, outage: Outage, server: usize) {
        let heard = self.heard();
        let of_it = || heard.iter().filter(|one| one.server == server);
        let ms = |moment: Option<Instant>, from| moment.map_or("-".into(), |moment| format!("{:.0} ms", apart(from, moment)));
        let last = of_it().filter(|one| one.status == Some(200) && one.start < outage.until && one.end < outage.until);
        let first_503 = of_it().filter(|one| one.status == Some(503) && one.end > outage.from).map(|one| one.end).min();
        let slowest =
            of_it().filter(|one| one.end > outage.from && one.start < outage.until).map(|one| one.end - one.start).max();
        let again = of_it().filter(|one| one.status == Some(200) && one.start > outage.until).map(|one| one.end).min();
        let last_503 =
            of_it().filter(|one| one.status == Some(503) && one.start < outage.until + RECOVERY).map(|one| one.end).max();
        println!(
            "{what}, server {server}: gone for {:.0} ms; last accepted after {}, first 503 after {}, slowest answer {:?}; \
             back: first accepted after {}, last 503 after {}",
            apart(outage.from, outage.until),
            ms(last.map(|one| one.start).max(), outage.from),
            ms(first_503, outage.from),
            slowest.unwrap_or_default(),
            ms(again, outage.until),
            ms(last_503, outage.until),
        );
    }

    /// The acceptances that a server answered, that the database has of its machines, and the most of them that fell into
    /// two seconds: one interval of a second between two writes, and a second for the write itself.
    pub fn activity(&self, conn: &mut DbConnection, server: usize, servers: usize) -> Activity {
        let sql = "SELECT account_id || ' ' || CAST(sum(accepted) AS TEXT) AS line FROM account_days GROUP BY account_id";
        let pairs = lines(conn, sql).into_iter().map(|line| {
            let (account, count) = line.split_once(' ').unwrap();
            (account.to_owned(), count.parse().unwrap())
        });
        let counts: HashMap<String, usize> = pairs.collect();
        let own = self.machines.iter().skip(server).step_by(servers);
        let written = own.filter_map(|machine| counts.get(&machine.account)).sum();
        let heard = self.heard();
        let accepted = heard.iter().filter(|one| one.server == server && one.status == Some(200));
        let mut moments: Vec<Instant> = accepted.map(|one| one.end).collect();
        moments.sort_unstable();
        let window = Duration::from_secs(2);
        let until = |from: &Instant| moments.partition_point(|moment| *moment < *from + window);
        let interval = moments.iter().enumerate().map(|(at, from)| until(from) - at).max().unwrap_or_default();
        Activity { accepted: moments.len(), written, interval }
    }
}

/// Says that all is over, also where a test panics.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connection of the test's own.
pub fn open(url: &str) -> DbConnection {
    manager::open(&url.parse().unwrap()).unwrap()
}

/// The administrator of [`Load::prepare`].
pub fn signed_in(url: &str) -> Client {
    let client = Client::new(url);
    assert_eq!(client.post("/login", &[("email", EMAIL), ("password", PASSWORD)]).status, 303);
    client
}

/// Panics where a condition does not come true.
pub fn wait(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One load at a time: two would only slow each other down.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    locked(&ALONE)
}

/// Milliseconds from one moment to another, which may be before it.
fn apart(from: Instant, to: Instant) -> f64 {
    (to.saturating_duration_since(from).as_secs_f64() - from.saturating_duration_since(to).as_secs_f64()) * 1000.0
}
