//! The general settings as this instance knows them. Every page shows some of them, so they are read at most once a second:
//! what another instance has saved is seen here within that time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::general::{self, General};
use crate::database::Database;

const MAX_AGE: Duration = Duration::from_millis(800);
/// How long a request waits for newer ones. While the database hangs, it goes on with those it has.
const QUERY_TIMEOUT: Duration = Duration::from_millis(250);

#[derive(Clone, Default)]
pub struct Current(Arc<Mutex<CurrentState>>);

#[derive(Default)]
struct CurrentState {
    read: Option<Instant>,
    general: Arc<General>,
}

impl Current {
    /// The settings as they were last read.
    pub fn known(&self) -> Arc<General> {
        Arc::clone(&self.state().general)
    }

    fn state(&self) -> MutexGuard<'_, CurrentState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads them again where they may be out of date. Others go on with the old ones meanwhile, as all do while the database
    /// cannot be reached.
    pub async fn refresh(&self, database: &Database) {
        let began = Instant::now();
        {
            let mut state = self.state();
            if state.read.is_some_and(|read| read.elapsed() < MAX_AGE) {
                return;
            }
            state.read = Some(began);
        }
        let (current, database) = (self.clone(), database.clone());
        let reading = actix_web::rt::spawn(async move {
            let read = database.read(general::read).await;
            let mut state = current.state();
            match read {
                Ok(general) if state.read == Some(began) => state.general = Arc::new(general),
                // Saved or read again meanwhile.
                Ok(_) => {}
                Err(error) => log::warn!("the settings could not be read: {error}"),
            }
        });
        // Late or not, it is read to the end.
        let _ = tokio::time::timeout(QUERY_TIMEOUT, reading).await;
    }

    /// Takes what has just been saved here.
    pub fn set(&self, general: General) {
        *self.state() = CurrentState { read: Some(Instant::now()), general: Arc::new(general) };
    }
}
