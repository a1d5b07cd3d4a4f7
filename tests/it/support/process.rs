//! The program itself, as a process that can be killed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_muster");

/// A `muster serve` on a port of its own.
pub struct Process {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The link that creates the first administrator, where there is no user yet.
    pub setup_link: Option<String>,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it on a database, with these variables besides.
    pub fn serve(database_url: &str, variables: &[(&str, &str)]) -> Self {
        Self::start(Command::new(PROGRAM), database_url, variables)
    }

    /// The same with little room at first for open files, and for [`Self::let_write`]: a write beyond a limit is refused, and does
    /// not end the process.
    pub fn serve_with_limits(database_url: &str, variables: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -S -n 256; exec \"$0\" \"$@\"", PROGRAM]);
        Self::start(shell, database_url, variables)
    }

    fn start(mut command: Command, database_url: &str, variables: &[(&str, &str)]) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0"]).env("DATABASE_URL", database_url).envs(variables.iter().copied());
        Self::of(&mut command)
    }

    /// What this command starts.
    pub fn of(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        let readers = vec![
            collect(child.stdout.take().unwrap(), Arc::clone(&output)),
            collect(child.stderr.take().unwrap(), Arc::clone(&output)),
        ];
        let mut process = Self { child, url: String::new(), setup_link: None, output, readers };
        process.url = process.wait_for("Muster is listening on ").unwrap_or_else(|| panic!("no start: {}", process.output()));
        // The link is printed right after the address, where there is one.
        while process.setup_link.is_none() && process.answers().is_none() {}
        process.setup_link = process.word_after("Open ").filter(|link| link.contains("/setup/"));
        process
    }

    fn answers(&self) -> Option<()> {
        let answer = super::app::Client::new(&self.url).try_get("/healthz")?;
        (answer.status == 200).then_some(())
    }

    fn wait_for(&self, sign: &str) -> Option<String> {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if let Some(word) = self.word_after(sign) {
                return Some(word);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    fn word_after(&self, sign: &str) -> Option<String> {
        let output = self.output();
        let line = output.lines().find_map(|line| line.strip_prefix(sign))?;
        line.split_whitespace().next().map(str::to_owned)
    }

    /// Everything that it has printed and logged so far.
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// How many files it may have open: the soft limit, and the hard one.
    pub fn open_files(&self) -> (String, String) {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
        let mut words = line.split_whitespace().map(str::to_owned);
        (words.next().unwrap(), words.next().unwrap())
    }

    /// Lets it write to files up to this size; `None` for any.
    pub fn let_write(&self, size: Option<u64>) {
        let limit = rustix::process::Rlimit { current: size, maximum: None };
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::prlimit(Some(pid), rustix::process::Resource::Fsize, limit).unwrap();
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, without waiting.
    pub fn ask_to_stop(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
    }

    /// Ends it, and everything that it printed and logged. What it has just logged may still be on its way to [`Self::output`].
    pub fn stop_and_read(mut self) -> String {
        self.ask_to_stop();
        assert!(self.wait(), "{}", self.output());
        self.output()
    }

    /// Waits for its end: whether it was a good one.
    pub fn wait(&mut self) -> bool {
        let ended = self.child.wait().unwrap().success();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(from);
        let mut bytes = Vec::new();
        while lines.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes));
            bytes.clear();
        }
    })
}
