//! Many at once.

use muster::id::Id;

use super::{at, belonging, post};
use crate::support::app::TestApp;

#[test]
fn no_addition_is_lost_and_none_outlives_its_team() {
    let app = TestApp::start();
    let admin = app.admin();
    let accounts: Vec<Id> = (0..30).map(|n| app.add_account(&format!("robot {n}"))).collect();
    let (kept, doomed) = (app.add_team("Kept", &[]), app.add_team("Doomed", &[]));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..10)
            .map(|at| {
                let (client, accounts, kept, doomed) = (admin.clone(), &accounts, &kept, &doomed);
                scope.spawn(move || {
                    let mut teams = [kept, doomed];
                    if at % 2 == 1 {
                        teams.reverse();
                    }
                    let mut statuses = Vec::new();
                    for account in &accounts[at * 3..at * 3 + 3] {
                        for team in teams {
                            statuses.push((team == doomed, post(&client, team, "/members", &[account])));
                        }
                        if at == 5 {
                            let deleted = client.post(&super::at(doomed, "/deletion"), &[]).status;
                            statuses.push((true, deleted));
                        }
                    }
                    statuses
                })
            })
            .collect();
        let all = threads.into_iter().flat_map(|thread| thread.join().unwrap());
        all.map(|(may_be_gone, status)| {
            assert!(status == 303 || (may_be_gone && status == 404), "{status}");
            status
        })
        .collect()
    });
    assert!(statuses.contains(&404));
    assert_eq!(belonging(&app, "team_members", &kept).len(), accounts.len());
    assert!(belonging(&app, "team_members", &doomed).is_empty(), "no row outlives its team");
    assert_eq!(admin.get(&at(&doomed, "")).status, 404);
}
