//! What of a server's activity is in the database.

/// What of a server's activity is in the database.
#[derive(Debug)]
pub struct Activity {
    /// Acceptances that were heard.
    pub accepted: usize,
    /// Acceptances that were written.
    pub written: usize,
    /// The most that one interval can have held.
    pub interval: usize,
}

impl Activity {
    /// Panics unless all is there, and nothing else.
    pub fn assert_complete(&self) {
        println!("{self:?}");
        assert_eq!(self.written, self.accepted, "{self:?}");
    }

    /// Panics where more is missing, or was counted twice, than one interval can have held.
    pub fn assert_all_but_an_interval(&self) {
        println!("{self:?}: {} lost", self.accepted.abs_diff(self.written));
        assert!(self.accepted.abs_diff(self.written) <= self.interval, "{self:?}");
        // An interval in which all fell would allow anything.
        assert!(self.interval * 10 < self.accepted * 9, "{self:?}");
    }
}
