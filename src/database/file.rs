//! The SQLite file under a running server, and the journal and its index beside it. A file that is removed or replaced leaves
//! the open connections with one that nobody finds any more: what they write is lost, and what others change is not seen.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::DatabaseUrl;
use crate::error::{Error, Outage};

/// Less room than this is none: a change writes some pages to the journal.
const LEAST_ROOM: u64 = 256 * 1024;

/// Device and inode.
type Identity = (u64, u64);

/// The journal and its index, which are there as long as a connection is. `None` for one that is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalIdentity([Option<Identity>; 2]);

/// The file that the first connection opened.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    identity: OnceLock<Identity>,
    missing: AtomicBool,
    /// Whether what was beside it was taken from it. Only a restart helps then.
    parted: AtomicBool,
}

fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

impl DatabaseFile {
    /// Of an SQLite database; `None` for Postgres.
    pub fn of(url: &DatabaseUrl) -> Option<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => Some(Self {
                path: path.into(),
                identity: OnceLock::new(),
                missing: AtomicBool::new(false),
                parted: AtomicBool::new(false),
            }),
            DatabaseUrl::Postgres(_) => None,
        }
    }

    /// Takes the file that is there for the one that was opened, unless it is known already.
    pub fn opened(&self) {
        if let Some(found) = identity(&self.path) {
            self.identity.get_or_init(|| found);
        }
    }

    /// What is beside it.
    pub fn beside(&self) -> JournalIdentity {
        JournalIdentity(["-wal", "-shm"].map(|ending| {
            let mut path = self.path.clone().into_os_string();
            path.push(ending);
            identity(path.as_ref())
        }))
    }

    /// Whether a connection that is open still shares with others what was beside the file when it was opened.
    ///
    /// # Errors
    /// `Unavailable` where it was removed or replaced.
    pub fn check_beside(&self, opened: JournalIdentity) -> Result<(), Error> {
        let is_parted = opened.0.iter().zip(self.beside().0).any(|(opened, now)| opened.is_some() && *opened != now);
        let path = self.path.display();
        if is_parted && !self.parted.swap(true, Ordering::Relaxed) {
            log::error!("{path}-wal or {path}-shm was removed or replaced: restart Muster");
        }
        self.check()
    }

    /// Whether the file is still the one that was opened.
    ///
    /// # Errors
    /// `Unavailable` where it was removed or replaced.
    pub fn check(&self) -> Result<(), Error> {
        let Some(identity) = self.identity.get() else { return Ok(()) };
        if self.parted.load(Ordering::Relaxed) {
            return Err(Error::Unavailable(Outage::Replaced, "a file beside it was removed or replaced".into()));
        }
        let is_missing = self::identity(&self.path) != Some(*identity);
        let path = self.path.display();
        if self.missing.swap(is_missing, Ordering::Relaxed) != is_missing {
            if is_missing {
                log::error!("the database file {path} was removed or replaced: put it back, or restart Muster");
            } else {
                log::info!("the database file {path} is back");
            }
        }
        if is_missing {
            return Err(Error::Unavailable(Outage::Replaced, format!("{path} was removed or replaced")));
        }
        Ok(())
    }

    /// Whether it can be written, as far as its folder's disk and its permissions tell.
    pub fn check_writable(&self) -> Result<(), Error> {
        self.check()?;
        let path = self.path.display();
        if std::fs::metadata(&self.path).is_ok_and(|found| found.permissions().readonly()) {
            return Err(Error::Unavailable(Outage::ReadOnly, format!("{path} is read-only")));
        }
        let Ok(disk) = rustix::fs::statvfs(&self.path) else { return Ok(()) };
        if disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
            return Err(Error::Unavailable(Outage::ReadOnly, format!("{path} is on a read-only file system")));
        }
        if disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST_ROOM {
            return Err(Error::Unavailable(Outage::DiskFull, format!("no space left for {path}")));
        }
        Ok(())
    }
}
