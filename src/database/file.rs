//! The SQLite file under a running server. A file that is removed or replaced leaves the open connections with one that
//! nobody finds any more: what they write is lost, and what others change is not seen.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::DatabaseUrl;
use crate::error::{Error, Outage};

/// Less room than this is none: a change writes some pages to the journal.
const LEAST_ROOM: u64 = 256 * 1024;

/// The file that the first connection opened.
#[derive(Debug)]
pub struct DatabaseFile {
    path: PathBuf,
    /// Its device and inode.
    identity: OnceLock<(u64, u64)>,
    missing: AtomicBool,
}

impl DatabaseFile {
    /// Of an SQLite database; `None` for Postgres.
    pub fn of(url: &DatabaseUrl) -> Option<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                Some(Self { path: path.into(), identity: OnceLock::new(), missing: AtomicBool::new(false) })
            }
            DatabaseUrl::Postgres(_) => None,
        }
    }

    /// Takes the file that is there for the one that was opened, unless it is known already.
    pub fn opened(&self) {
        if let Ok(found) = std::fs::metadata(&self.path) {
            self.identity.get_or_init(|| (found.dev(), found.ino()));
        }
    }

    /// Whether the file is still the one that was opened.
    ///
    /// # Errors
    /// `Unavailable` where it was removed or replaced.
    pub fn check(&self) -> Result<(), Error> {
        let Some(identity) = self.identity.get() else { return Ok(()) };
        let found = std::fs::metadata(&self.path).ok().map(|found| (found.dev(), found.ino()));
        let is_missing = found != Some(*identity);
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
