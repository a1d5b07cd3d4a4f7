//! The promise of the check, under load: a change that has been answered is known to the same instance at once, and to any
//! other within a second; and nobody is refused who may pass.
//!
//! On Postgres two servers share a database, and the changes are made through the pages of the first. On SQLite there is one
//! server, and another process on the same file (a pool of its own) makes them. Every answer is written down with its
//! beginning and end, and compared with the log of the changes when all is over.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, Plan};
use muster::auth::principal::Principal;
use muster::database::{Database, DbConnection};
use muster::error::Error;
use muster::id::Id;
use muster::tokens;
use muster::tokens::model::Expiry;
use muster::tokens::value::Access;

use crate::support::app::{Client, TestApp};
use crate::support::dice::Dice;
use crate::support::engine::Engine;

mod lag;
mod reach;

const ACCOUNTS: usize = 200;
const CHANGES: usize = 1000;
/// At least this long for each change, so that what the others still say is seen.
const PACE: Duration = Duration::from_millis(25);
/// For so long a token whose answer has changed is asked about more often than others.
const HOT: Duration = Duration::from_millis(1500);
const PROMISE: Duration = Duration::from_secs(1);
/// Threads that ask each server.
const ASKERS: usize = 2;
/// What the door says of a token where `payments:refund` is asked for.
const PASSES: u16 = 200;
const LACKS: u16 = 403;
const REFUSED: u16 = 401;
const UNAVAILABLE: u16 = 503;

/// From some moment between `sent` and `answered` on, this is the right answer.
struct Turn {
    sent: Instant,
    answered: Instant,
    status: u16,
}

struct Token {
    value: String,
    /// In order. The first is its creation.
    turns: Vec<Turn>,
}

struct Account {
    id: Id,
    enabled: bool,
    refunds: bool,
    /// The place of its living token.
    token: usize,
}

impl Account {
    fn status(&self) -> u16 {
        match (self.enabled, self.refunds) {
            (false, _) => REFUSED,
            (true, false) => LACKS,
            (true, true) => PASSES,
        }
    }
}

struct Answer {
    token: usize,
    /// Whether the instance that the changes go through gave it.
    same: bool,
    start: Instant,
    end: Instant,
    status: u16,
}

/// Who makes the changes.
enum Changer<'a> {
    /// Through the pages of a server.
    Pages(Client, &'a TestApp),
    /// In another process, as far as the server can tell.
    Aside(Database),
}

impl Changer<'_> {
    fn make(&self, account: &Id, what: &What, role: &Id) {
        match self {
            Self::Pages(admin, _) => {
                let own = format!("/settings/system-accounts/{account}");
                let answer = match what {
                    What::Disable => admin.post(&format!("{own}/disablement"), &[]),
                    What::Enable => admin.post(&format!("{own}/enablement"), &[]),
                    What::Grant => admin.post(&format!("{own}/roles"), &[("role", role.as_str())]),
                    What::Withdraw => admin.post(&format!("{own}/roles"), &[]),
                    What::Revoke(token) => admin.post(&format!("{own}/tokens/{token}/revocation"), &[]),
                };
                assert_eq!(answer.status, 303, "{what:?}: {}", answer.text());
            }
            Self::Aside(database) => database.write_now(|conn| change(conn, account, what, role)).unwrap(),
        }
    }

    /// On the same way as the changes: a write through the server itself would have it catch up.
    fn make_token(&self, account: &Id) -> String {
        match self {
            Self::Pages(_, app) => app.write(|conn| new_token(conn, account)),
            Self::Aside(database) => database.write_now(|conn| new_token(conn, account)).unwrap(),
        }
    }
}

#[derive(Debug)]
enum What {
    Disable,
    Enable,
    Grant,
    Withdraw,
    Revoke(String),
}

fn change(conn: &mut DbConnection, account: &Id, what: &What, role: &Id) -> Result<(), Error> {
    let (shell, one) = (Principal::shell(), Selection::Accounts(vec![account.clone()]));
    match what {
        What::Disable => operations::disable(conn, &shell, Kind::System, &one).map(drop),
        What::Enable => operations::enable(conn, &shell, &Plan::unlimited(), Kind::System, &one).map(drop),
        What::Grant => {
            operations::set_roles(conn, &shell, Kind::System, account, &operations::ActionParams::exactly([role.clone()]))
                .map(drop)
        }
        What::Withdraw => {
            operations::set_roles(conn, &shell, Kind::System, account, &operations::ActionParams::default()).map(drop)
        }
        What::Revoke(token) => tokens::operations::revoke(conn, &shell, account, token).map(drop),
    }
}

fn new_token(conn: &mut DbConnection, account: &Id) -> Result<String, Error> {
    let form = tokens::operations::TokenCreation { name: "load".into(), access: Some(Access::Write), expiry: Ok(Expiry::Never) };
    let (_, value) = tokens::operations::create(conn, &Principal::shell(), account, &form, None)?;
    Ok(value.expose().to_owned())
}

/// What askers and the changer share.
struct Field {
    tokens: RwLock<Vec<Token>>,
    hot: RwLock<Vec<(usize, Instant)>>,
    over: AtomicBool,
}

impl Field {
    /// Asks until all is over, about the tokens that have just been changed three times out of four.
    fn ask(&self, url: &str, same: bool, seed: u64) -> Vec<Answer> {
        let client = Client::new(url);
        let mut dice = Dice(seed);
        let mut answers = Vec::new();
        while !self.over.load(Ordering::Relaxed) {
            let hot = self.hot.read().unwrap();
            let token = if hot.is_empty() || dice.below(4) == 0 {
                drop(hot);
                dice.below(self.tokens.read().unwrap().len())
            } else {
                hot[dice.below(hot.len())].0
            };
            let bearer = format!("Bearer {}", self.tokens.read().unwrap()[token].value);
            let start = Instant::now();
            let answer = client.get_with("/auth/verify?require=payments:refund", &[("Authorization", &bearer)]);
            answers.push(Answer { token, same, start, end: Instant::now(), status: answer.status });
        }
        answers
    }

    fn heat(&self, token: usize) {
        let mut hot = self.hot.write().unwrap();
        let now = Instant::now();
        hot.retain(|(other, since)| *other != token && now - *since < HOT);
        hot.push((token, now));
    }

    fn turn(&self, token: usize, sent: Instant, status: u16) {
        let answered = Instant::now();
        self.tokens.write().unwrap()[token].turns.push(Turn { sent, answered, status });
    }
}

#[test]
fn what_has_been_answered_is_kept_by_every_instance() {
    let app = TestApp::start();
    let role = app.add_role("Refunder", &["payments:refund"]);
    let begun = Instant::now();
    let granted = role.clone();
    let made: Vec<(Id, String)> = app.write(move |conn| {
        let make = |number| {
            let form = operations::AccountCreation {
                name: format!("load {number}"),
                roles: vec![granted.clone()],
                ..Default::default()
            };
            let account = operations::create_system_account(conn, &Principal::shell(), &Plan::unlimited(), &form)?;
            let token = new_token(conn, &account)?;
            Ok((account, token))
        };
        (0..ACCOUNTS).map(make).collect()
    });
    let (changer, other) = match Engine::current() {
        Engine::Postgres => (Changer::Pages(app.admin(), &app), Some(app.beside())),
        Engine::Sqlite => (Changer::Aside(Database::connect(app.database_url.parse().unwrap(), 2).unwrap()), None),
    };
    let servers: Vec<(&str, bool)> = match &other {
        Some(other) => vec![(app.url.as_str(), true), (other.url.as_str(), false)],
        None => vec![(app.url.as_str(), false)],
    };
    // What was before the first change is long known everywhere.
    std::thread::sleep(PROMISE);
    let known =
        |value: &String| Token { value: value.clone(), turns: vec![Turn { sent: begun, answered: begun, status: PASSES }] };
    let field = Field {
        tokens: RwLock::new(made.iter().map(|(_, value)| known(value)).collect()),
        hot: RwLock::default(),
        over: AtomicBool::new(false),
    };
    let accounts = made.into_iter().enumerate();
    let mut accounts: Vec<Account> =
        accounts.map(|(token, (id, _))| Account { id, enabled: true, refunds: true, token }).collect();

    let load = Instant::now();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let field = &field;
        let askers: Vec<_> = servers
            .iter()
            .flat_map(|server| (0..ASKERS).map(move |number| (*server, number as u64)))
            .map(|((url, same), number)| scope.spawn(move || field.ask(url, same, 77 + number)))
            .collect();
        change_at_random(&changer, &role, &mut accounts, field);
        std::thread::sleep(HOT);
        field.over.store(true, Ordering::Relaxed);
        askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect()
    });
    let tokens = field.tokens.into_inner().unwrap();
    let rate = answers.len() as f64 / load.elapsed().as_secs_f64();
    eprintln!("{CHANGES} changes, {} answers, {rate:.0} a second, {} tokens", answers.len(), tokens.len());
    lag::report(&tokens, &answers);
    // Where the machine is too busy to ask the database in time, nobody is told anything wrong.
    let unanswered = answers.iter().filter(|answer| answer.status == UNAVAILABLE).count();
    eprintln!("{unanswered} were told to ask again");
    let wrong: Vec<String> = answers
        .iter()
        .filter(|answer| answer.status != UNAVAILABLE && !is_right(&tokens[answer.token], answer))
        .map(|answer| describe(&tokens, answer))
        .collect();
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong[..wrong.len().min(10)].join("\n"));
    for status in [PASSES, LACKS, REFUSED] {
        assert!(
            answers.iter().filter(|answer| answer.status == status).count() > CHANGES,
            "the load says nothing about {status}"
        );
    }
}

fn change_at_random(changer: &Changer, role: &Id, accounts: &mut [Account], field: &Field) {
    let mut dice = Dice(20_261_124);
    for _ in 0..CHANGES {
        let began = Instant::now();
        let account = &mut accounts[dice.below(ACCOUNTS)];
        let token = account.token;
        let what = match dice.below(8) {
            0..=2 if account.enabled => What::Disable,
            0..=2 => What::Enable,
            3..=5 if account.refunds => What::Withdraw,
            3..=5 => What::Grant,
            _ => What::Revoke(field.tokens.read().unwrap()[token].value[5..17].to_owned()),
        };
        field.heat(token);
        let sent = Instant::now();
        changer.make(&account.id, &what, role);
        match what {
            What::Disable | What::Enable => account.enabled = !account.enabled,
            What::Grant | What::Withdraw => account.refunds = !account.refunds,
            What::Revoke(_) => {
                field.turn(token, sent, REFUSED);
                account.token = replacement(changer, account, field);
            }
        }
        if account.token == token {
            field.turn(token, sent, account.status());
        }
        std::thread::sleep(PACE.saturating_sub(began.elapsed()));
    }
}

/// Another token for the account. It is not counted among the changes, but no instance may refuse it, however new it is.
fn replacement(changer: &Changer, account: &Account, field: &Field) -> usize {
    let sent = Instant::now();
    let value = changer.make_token(&account.id);
    let turns = vec![Turn { sent, answered: Instant::now(), status: account.status() }];
    let mut tokens = field.tokens.write().unwrap();
    tokens.push(Token { value, turns });
    tokens.len() - 1
}

/// A turn's status can be true from when it was sent until the next turn was answered. An answer has to agree with one that
/// was true at some moment between its beginning, less the lag that its instance is allowed, and its end.
fn is_right(token: &Token, answer: &Answer) -> bool {
    let allowed = if answer.same { Duration::ZERO } else { PROMISE };
    token.turns.iter().enumerate().any(|(at, turn)| {
        let until = token.turns.get(at + 1).map(|next| next.answered);
        turn.status == answer.status && turn.sent <= answer.end && until.is_none_or(|until| until + allowed >= answer.start)
    })
}

fn describe(tokens: &[Token], answer: &Answer) -> String {
    let since = |moment: Instant| {
        let before = answer.start.saturating_duration_since(moment).as_secs_f64() * 1000.0;
        let after = moment.saturating_duration_since(answer.start).as_secs_f64() * 1000.0;
        after - before
    };
    let turns = &tokens[answer.token].turns;
    let turns: Vec<String> = turns
        .iter()
        .map(|turn| format!("{} from {:.1}..{:.1} ms", turn.status, since(turn.sent), since(turn.answered)))
        .collect();
    let who = if answer.same { "the same instance" } else { "the other instance" };
    format!("{} said {} in {:.1} ms, but right was {}", who, answer.status, since(answer.end), turns.join(", "))
}
