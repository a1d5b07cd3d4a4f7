//! SIGTERM while machines ask the check without pause: who has been let in is answered, and what was answered is written.
//!
//! The clients speak HTTP by hand: a library would hide what became of a connection.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::load::{Load, alone, open};
use super::under_load::{fresh, serve};

/// Clients that make a connection for each question, and clients that keep theirs for as long as the server does.
const CLIENTS: [bool; 8] = [false, false, false, false, true, true, true, true];

/// What became of a question, whose connection had been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// A whole answer, and whether the connection ends with it.
    Answered(u16, bool),
    /// Not a byte came.
    Dropped(ErrorKind),
    /// The beginning of an answer came.
    Torn,
}

struct Question {
    keeps: bool,
    /// When its connection was made or, on one that was kept, when it was sent.
    begun: Instant,
    fate: Fate,
}

struct Asker<'a> {
    address: &'a str,
    bearer: &'a str,
    keeps: bool,
}

impl Asker<'_> {
    /// Asks until nobody is let in any more.
    fn ask(&self, told: &Mutex<Vec<Question>>, over: &AtomicBool) {
        let mut kept: Option<TcpStream> = None;
        while !over.load(Ordering::Relaxed) {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => match TcpStream::connect(self.address) {
                    Ok(connection) => connection,
                    Err(refused) => {
                        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{refused}");
                        return;
                    }
                },
            };
            connection.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let begun = Instant::now();
            let fate = self.question(&mut connection);
            told.lock().unwrap().push(Question { keeps: self.keeps, begun, fate });
            if self.keeps && matches!(fate, Fate::Answered(_, false)) {
                kept = Some(connection);
            }
        }
    }

    fn question(&self, connection: &mut TcpStream) -> Fate {
        let wish = if self.keeps { "keep-alive" } else { "close" };
        let question = format!(
            "GET /auth/verify HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nConnection: {wish}\r\n\r\n",
            self.address, self.bearer
        );
        if let Err(error) = connection.write_all(question.as_bytes()) {
            return Fate::Dropped(error.kind());
        }
        let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
        // An accepted call has no body: the head is all of the answer.
        while !bytes.ends_with(b"\r\n\r\n") {
            match connection.read(&mut part) {
                Ok(0) if bytes.is_empty() => return Fate::Dropped(ErrorKind::UnexpectedEof),
                Err(error) if bytes.is_empty() => return Fate::Dropped(error.kind()),
                Ok(0) | Err(_) => return Fate::Torn,
                Ok(read) => bytes.extend_from_slice(&part[..read]),
            }
        }
        let head = String::from_utf8(bytes).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Fate::Answered(status, !self.keeps || head.contains("\r\nconnection: close\r\n"))
    }
}

#[test]
fn a_stop_under_load_loses_no_question_and_no_activity() {
    let _alone = alone();
    let home = fresh();
    let load = Load::prepare(home.url());
    let mut process = serve(home.url());
    let address = process.url.strip_prefix("http://").unwrap().to_owned();
    let (told, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let took = std::thread::scope(|scope| {
        for keeps in CLIENTS {
            let asker = Asker { address: &address, bearer: load.bearer(), keeps };
            let (told, over) = (&told, &over);
            scope.spawn(move || asker.ask(told, over));
        }
        super::load::wait("a load", || told.lock().unwrap().len() > 4000);
        let asked = Instant::now();
        process.ask_to_stop();
        let ended = process.wait();
        let took = asked.elapsed();
        over.store(true, Ordering::Relaxed);
        assert!(ended, "{}", process.output());
        println!("asked to stop at {} questions; ended after {took:?}", told.lock().unwrap().len());
        took
    });
    let told = told.into_inner().unwrap();
    let lost: Vec<&Question> = told.iter().filter(|one| !matches!(one.fate, Fate::Answered(200, _))).collect();
    let end = told.iter().map(|one| one.begun).max().unwrap();
    let described: Vec<String> = lost
        .iter()
        .map(|one| {
            format!(
                "{:?} on a {} connection, {:?} before the last",
                one.fate,
                if one.keeps { "kept" } else { "new" },
                end - one.begun
            )
        })
        .collect();
    let answered = told.len() - lost.len();
    println!("{answered} answered, {} lost", lost.len());
    assert!(lost.is_empty(), "{} of {} questions were lost: {described:#?}", lost.len(), told.len());
    // It would be 30 s if it waited for what never ends.
    assert!(took < Duration::from_secs(28), "the stop took {took:?}");
    let sql = "SELECT CAST(sum(accepted) AS TEXT) AS line FROM account_days";
    assert_eq!(crate::support::snapshot::lines(&mut open(home.url()), sql), [answered.to_string()]);
}
