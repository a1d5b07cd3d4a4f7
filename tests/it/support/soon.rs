//! What one instance was told, another knows within a second.

use std::time::{Duration, Instant};

pub fn soon(what: &str, ask: impl Fn() -> bool) {
    let answered = Instant::now();
    loop {
        let begun = Instant::now();
        if ask() {
            return;
        }
        assert!(begun < answered + Duration::from_secs(1), "{what} did not arrive within the second");
    }
}
