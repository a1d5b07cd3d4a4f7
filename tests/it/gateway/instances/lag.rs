//! How late an instance was, counted and printed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Answer, PROMISE, Token};

/// Prints how long after a change's answer the old state was last told, by instance.
pub(super) fn report(tokens: &[Token], answers: &[Answer]) {
    const EDGES: [u64; 9] = [0, 25, 50, 100, 150, 200, 300, 500, 1000];
    let mut by_token: BTreeMap<(bool, usize), Vec<&Answer>> = BTreeMap::new();
    for answer in answers {
        by_token.entry((answer.same, answer.token)).or_default().push(answer);
    }
    for same in [true, false] {
        let mut lags: Vec<Duration> = Vec::new();
        for (_, asked) in by_token.range((same, 0)..=(same, usize::MAX)) {
            let turns = &tokens[asked[0].token].turns;
            for (at, pair) in turns.windows(2).enumerate() {
                if pair[0].status == pair[1].status {
                    continue;
                }
                let next = turns.get(at + 2).map(|turn| turn.sent);
                let late =
                    asked.iter().filter(|answer| answer.start > pair[1].answered && next.is_none_or(|next| answer.end < next));
                let late: Vec<&&Answer> = late.collect();
                if late.is_empty() {
                    continue;
                }
                let stale = late.iter().filter(|answer| answer.status != pair[1].status).map(|answer| answer.start);
                lags.push(stale.max().map_or(Duration::ZERO, |last| last - pair[1].answered));
            }
        }
        if lags.is_empty() {
            continue;
        }
        lags.sort();
        eprintln!(
            "{}: {} changes seen; the old state was last told",
            if same { "same instance" } else { "other instance" },
            lags.len()
        );
        let mut from = None;
        for edge in EDGES {
            let edge = Duration::from_millis(edge);
            let count = lags.iter().filter(|lag| **lag <= edge && from.is_none_or(|from| **lag > from)).count();
            eprintln!("  {:>5} ms or less after its answer: {count:>5} {}", edge.as_millis(), "#".repeat(count.div_ceil(10)));
            from = Some(edge);
        }
        let beyond = lags.iter().filter(|lag| **lag > PROMISE).count();
        let last = lags[lags.len() - 1];
        eprintln!("  later: {beyond}; median {:?}, longest {last:?}", lags[lags.len() / 2]);
    }
}
