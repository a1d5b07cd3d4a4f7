//! The chart of an account's calls per day.

use crate::web::view::words::{counted, grouped};

/// One day of activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// `26 Oct`.
    pub name: String,
    /// Accepted calls.
    pub calls: u64,
    /// Refused calls, set apart.
    pub refused: u64,
}

impl Day {
    /// The accepted calls, grouped.
    pub fn calls_text(&self) -> String {
        grouped(self.calls)
    }

    /// The refused calls, grouped.
    pub fn refused_text(&self) -> String {
        grouped(self.refused)
    }
}

/// A bar of the chart, in the units of its 600 × 64 view box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// What the pointer is told: `26 Oct: 515 calls`.
    pub title: String,
    /// Left edge.
    pub x: String,
    /// Width.
    pub width: String,
    /// Top and height of the accepted part; `None` for none.
    pub calls: Option<(String, String)>,
    /// Top and height of the refused part; `None` for none.
    pub refused: Option<(String, String)>,
    /// Whether it is the last day.
    pub today: bool,
}

/// Calls per day, oldest first, the last day being today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityChart {
    /// Usually 30 days.
    pub days: Vec<Day>,
    /// `Calls per day (UTC), 26 October to 24 November`.
    pub label: String,
}

impl ActivityChart {
    /// All accepted calls: `1 call`, `1,204 calls`.
    pub fn calls(&self) -> String {
        counted(self.days.iter().map(|day| day.calls).sum(), "call")
    }

    /// Whether there was not a single call, accepted or refused.
    pub fn is_empty(&self) -> bool {
        self.days.iter().all(|day| day.calls + day.refused == 0)
    }

    /// `85`, or `None` when nothing was refused.
    pub fn refused(&self) -> Option<String> {
        let sum = self.days.iter().map(|day| day.refused).sum();
        (sum > 0).then(|| grouped(sum))
    }

    /// `Busiest day: 680 on 11 Nov`, or `None` without accepted calls.
    pub fn busiest(&self) -> Option<String> {
        let day = self.days.iter().rev().max_by_key(|day| day.calls).filter(|day| day.calls > 0)?;
        Some(format!("Busiest day: {} on {}", grouped(day.calls), day.name))
    }

    /// The first day's name.
    pub fn first_day(&self) -> &str {
        self.days.first().map_or("", |day| day.name.as_str())
    }

    /// The bars of the chart.
    pub fn bars(&self) -> Vec<Bar> {
        const WIDTH: f64 = 600.0;
        const HEIGHT: f64 = 64.0;
        let step = WIDTH / self.days.len().max(1) as f64;
        let most = self.days.iter().map(|day| day.calls + day.refused).max().unwrap_or(0).max(1) as f64;
        // Not even one call among thousands may look like none
        let scaled = |count: u64| {
            if count == 0 { 0.0 } else { (count as f64 / most * (HEIGHT - 2.0)).max(1.5) }
        };
        let last = self.days.len().saturating_sub(1);
        let bar = |(at, day): (usize, &Day)| {
            let (calls, refused) = (scaled(day.calls), scaled(day.refused));
            let gap = if day.calls > 0 && day.refused > 0 { 1.0 } else { 0.0 };
            let plural = if day.calls == 1 { "" } else { "s" };
            let also = if day.refused > 0 { format!(", {} refused", grouped(day.refused)) } else { String::new() };
            Bar {
                title: format!("{}: {} call{plural}{also}", day.name, grouped(day.calls)),
                x: format!("{:.1}", at as f64 * step + step * 0.1),
                width: format!("{:.1}", step * 0.8),
                calls: (day.calls > 0).then(|| (format!("{:.1}", HEIGHT - calls), format!("{calls:.1}"))),
                refused: (day.refused > 0).then(|| (format!("{:.1}", HEIGHT - calls - gap - refused), format!("{refused:.1}"))),
                today: at == last,
            }
        };
        self.days.iter().enumerate().map(bar).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_shows_even_one_call() {
        let day = |calls, refused| Day { name: "1 Nov".into(), calls, refused };
        let activity = ActivityChart { days: vec![day(0, 0), day(1, 0), day(10_000, 3)], label: String::new() };
        let bars = activity.bars();
        assert_eq!(bars[0].calls, None);
        assert_eq!(bars[1].calls, Some(("62.5".into(), "1.5".into())));
        assert!(bars[2].today && bars[2].refused.is_some());
        assert_eq!(bars[2].title, "1 Nov: 10,000 calls, 3 refused");
        assert_eq!(activity.calls(), "10,001 calls");
        assert!(ActivityChart::default().bars().is_empty());
    }
}
