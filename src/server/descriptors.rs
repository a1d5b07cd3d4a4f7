//! How many connections the process may hold. Each is a descriptor, and many systems begin with room for 1,024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is left for the database, its journal, the listeners and the runtime.
const RESERVED: u64 = 128;
/// More connections per worker than this would cost more memory than a server of this kind should take.
const MOST: usize = 25_600;

/// Raises the soft limit to the hard one.
pub fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        Ok(()) => log::debug!("the limit of open files was raised from {:?} to {:?}", limit.current, limit.maximum),
        Err(error) => log::warn!("the limit of open files could not be raised from {:?}: {error}", limit.current),
    }
}

/// Connections that each of `workers` may hold, so that the database can always be opened.
pub fn connections(workers: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let each = limit.saturating_sub(RESERVED).max(RESERVED) / workers.max(1) as u64;
    usize::try_from(each).unwrap_or(MOST).min(MOST)
}
