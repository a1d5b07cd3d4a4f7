//! Waiting for what comes by itself.

use std::time::{Duration, Instant};

/// Longer than anything takes on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until it is so, however slow the machine is.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what} does not come");
        std::thread::sleep(PAUSE);
    }
}

/// What one instance was told, another knows within a second: whoever asks later than that gets no wrong answer. `None` is no
/// answer, which an instance gives that could not ask the database in time: that is no fault, and asked again.
pub fn soon(what: &str, ask: impl Fn() -> Option<bool>) {
    let told = Instant::now();
    eventually(what, || {
        let begun = Instant::now();
        let answer = ask();
        assert!(answer != Some(false) || begun < told + Duration::from_secs(1), "{what} did not arrive within the second");
        answer == Some(true)
    });
}
