//! The general settings as this instance knows them. Every page shows some of them, so they are read at most once a second:
//! what another instance has saved is seen here within that time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::general::{self, General};
use crate::database::Database;

const MAX_AGE: Duration = Duration::from_millis(800);

#[derive(Clone, Default)]
pub struct Current(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    read: Option<Instant>,
    general: Arc<General>,
}

impl Current {
    /// The settings as they were last read.
    pub fn known(&self) -> Arc<General> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner).general)
    }

    /// Reads them again where they may be out of date. Others go on with the old ones meanwhile, as all do while the database
    /// cannot be reached.
    pub async fn refresh(&self, database: &Database) {
        {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.read.is_some_and(|read| read.elapsed() < MAX_AGE) {
                return;
            }
            state.read = Some(Instant::now());
        }
        match database.read(general::read).await {
            Ok(general) => self.0.lock().unwrap_or_else(PoisonError::into_inner).general = Arc::new(general),
            Err(error) => log::warn!("the settings could not be read: {error}"),
        }
    }

    /// Takes what has just been saved here.
    pub fn set(&self, general: General) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { read: Some(Instant::now()), general: Arc::new(general) };
    }
}
