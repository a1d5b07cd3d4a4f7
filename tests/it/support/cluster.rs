//! A PostgreSQL server of a test's own, which the test may stop, kill and freeze.
//!
//! Its commits are as durable as a real server's against all that happens to its processes (`synchronous_commit` is on); only
//! the power may not fail.

use std::fs::File;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection};
use rand::RngExt;
use tempfile::TempDir;

/// How long a start, an end or a signal may take. Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As for a restart (SIGINT): clients are cut off, and all is written.
    Fast,
    /// SIGQUIT, as `pg_ctl -m immediate`: the next start has to recover.
    Immediate,
    /// kill -9.
    Killed,
}

/// A private server on a free port of the loopback.
pub struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    /// The user that it runs as where the test is root, as which PostgreSQL refuses to run.
    user: Option<(u32, u32)>,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// Makes one and starts it.
    pub fn start() -> Self {
        let folder = TempDir::with_prefix("muster-cluster-").unwrap();
        let user = is_root().then(|| (number("-u"), number("-g")));
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut cluster = Self { folder, bin: bin(), user, port: 0, server: None };
        let made = cluster
            .command("initdb")
            .args(["--username=muster", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--pgdata"])
            .arg(cluster.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let end = Instant::now() + PATIENCE;
        loop {
            // Below the ports that the system gives to clients.
            cluster.port = rand::rng().random_range(20_000..32_000);
            if cluster.try_start(end) {
                return cluster;
            }
        }
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://muster@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends it, and returns when nothing of it is left.
    pub fn stop(&mut self, how: End) {
        let mut server = self.server.take().expect("a server that runs");
        let processes = self.processes(&server);
        signal(
            match how {
                End::Fast => "INT",
                End::Immediate => "QUIT",
                End::Killed => "KILL",
            },
            &[server.id()],
        );
        server.wait().unwrap();
        // Those that it started see by themselves that it is gone, and nothing may start before they are.
        let end = Instant::now() + PATIENCE;
        while processes.iter().any(|process| is_alive(*process)) {
            assert!(Instant::now() < end, "processes of a stopped server stay");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts it on its old port with its old data, and returns when it answers.
    pub fn start_again(&mut self) {
        let end = Instant::now() + PATIENCE;
        assert!(self.server.is_none(), "it runs");
        while !self.try_start(end) {}
    }

    /// Freezes all its processes: connections stay, and nobody answers on them.
    pub fn freeze(&self) {
        let server = self.server.as_ref().expect("a server that runs");
        // First the one that makes the others.
        signal("STOP", &[server.id()]);
        signal("STOP", &self.processes(server));
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        let server = self.server.as_ref().expect("a server that runs");
        signal("CONT", &self.processes(server));
        signal("CONT", &[server.id()]);
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn processes(&self, server: &Child) -> Vec<u32> {
        let id = server.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        children.split_whitespace().map(|child| child.parse().unwrap()).collect()
    }

    /// False where it ended at once: its port was taken, or something of its predecessor was still there.
    fn try_start(&mut self, end: Instant) -> bool {
        let log = File::create(self.folder.path().join("log")).unwrap();
        let mut server = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(["-c", "max_connections=50", "-c", "shared_buffers=16MB"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", self.folder.path().display()))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        loop {
            if server.try_wait().unwrap().is_some() {
                let said = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                assert!(Instant::now() < end, "no start: {said}");
                std::thread::sleep(Duration::from_millis(20));
                return false;
            }
            // Not by a connection alone: another server may have the port.
            let said = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            if said.contains("ready to accept connections") && PgConnection::establish(&self.url()).is_ok() {
                self.server = Some(server);
                return true;
            }
            assert!(Instant::now() < end, "it does not answer: {said}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        // From a folder that its user may read, or it complains of that.
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        for process in self.processes(&server).into_iter().chain([server.id()]) {
            let _ = Command::new("kill").args(["-CONT", &process.to_string()]).stderr(Stdio::null()).status();
        }
        let _ = Command::new("kill").args(["-QUIT", &server.id().to_string()]).status();
        let _ = server.wait();
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

/// The number of the user, or of the group, of nobody.
fn number(which: &str) -> u32 {
    let told = Command::new("id").args([which, "nobody"]).output().unwrap();
    String::from_utf8_lossy(&told.stdout).trim().parse().expect("a user called nobody")
}

/// Where the newest PostgreSQL is that is installed.
fn bin() -> PathBuf {
    let of_packages =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let mut packaged: Vec<PathBuf> = of_packages.filter(|bin| has_server(bin)).collect();
    packaged.sort_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
        version.parse::<u32>().unwrap_or_default()
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = packaged.pop().or_else(|| std::env::split_paths(&path).find(|bin| has_server(bin)));
    found.expect("a PostgreSQL server in /usr/lib/postgresql or on the path (apt-get install postgresql)")
}

fn has_server(bin: &Path) -> bool {
    bin.join("postgres").exists() && bin.join("initdb").exists()
}

fn signal(name: &str, processes: &[u32]) {
    for process in processes {
        let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).output().unwrap();
        // One that has ended meanwhile needs none.
        assert!(sent.status.success() || !is_alive(*process), "{}", String::from_utf8_lossy(&sent.stderr));
    }
}

/// Whether there is such a process. One that has ended counts no more, though its parent may not have asked for it.
fn is_alive(process: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { return false };
    !stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}
