//! What the check promises, while machines ask it without pause and its database, another instance or it itself goes down.
//!
//! The servers are processes, as they are in operation, and write activity every second.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use super::load::{Load, Outage, PROMISE, alone, open, wait};
use crate::support::app::Client;
use crate::support::cluster::{Cluster, End};
use crate::support::engine::{Engine, TestDatabase};
use crate::support::process::Process;

const SETTINGS: [(&str, &str); 3] = [("MUSTER_LOG", "warn"), ("MUSTER_ACTIVITY_INTERVAL", "1"), ("MUSTER_REFUSAL_LIMIT", "0")];
/// Changes before and after each disturbance: enough for the load to last longer than what one interval may lose.
const CHANGES: usize = 80;

/// A server that is ready.
pub fn serve(url: &str) -> Process {
    let process = Process::serve(url, &SETTINGS);
    let visitor = Client::new(&process.url);
    wait("a server that is ready", || visitor.get("/readyz").status == 200);
    process
}

/// SIGTERM, and a good end.
pub fn stop(mut process: Process) {
    process.ask_to_stop();
    assert!(process.wait(), "{}", process.output());
}

/// A migrated database.
pub fn fresh() -> TestDatabase {
    TestDatabase::fresh(|url| {
        muster::database::migrations::migrate(&url.parse().unwrap()).unwrap();
    })
}

/// Two instances on a server that goes down and comes back, once for each way.
fn outages_of_postgres(ways: &[End]) {
    let _alone = alone();
    let mut cluster = Cluster::start();
    let url = cluster.url();
    let load = Load::prepare(&url);
    let instances = [serve(&url), serve(&url)];
    let servers: Vec<&str> = instances.iter().map(|instance| instance.url.as_str()).collect();
    let mut outages = Vec::new();
    load.run(&servers, || {
        for way in ways {
            load.wait_for_changes(CHANGES);
            let from = Instant::now();
            cluster.stop(*way);
            // Long enough for what is remembered to be past its time, and for the answers of that time to be many.
            load.wait_for(&[0, 1], 200, 503, from + PROMISE);
            let until = Instant::now();
            cluster.start_again();
            let outage = Outage { from, until };
            load.wait_for(&[0, 1], 200, 200, until);
            load.wait_for_changes(CHANGES);
            for server in [0, 1] {
                load.report(&format!("{way:?}"), outage, server);
            }
            outages.push(outage);
        }
    });
    instances.into_iter().for_each(stop);
    load.assert_right(&outages, |_| false);
    for server in [0, 1] {
        load.activity(&mut open(&url), server, 2).assert_all_but_an_interval();
    }
}

#[test]
fn a_postgres_that_is_restarted_costs_no_wrong_answer() {
    if Engine::current() == Engine::Postgres {
        outages_of_postgres(&[End::Fast]);
    }
}

#[test]
fn a_postgres_that_is_stopped_hard_costs_no_wrong_answer() {
    if Engine::current() == Engine::Postgres {
        outages_of_postgres(&[End::Immediate, End::Killed]);
    }
}

#[test]
fn an_instance_that_is_killed_leaves_the_other_as_it_was() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    let _alone = alone();
    let home = fresh();
    let load = Load::prepare(home.url());
    let (stays, mut killed) = (serve(home.url()), serve(home.url()));
    let mut gone = Instant::now();
    let servers = [stays.url.clone(), killed.url.clone()];
    load.run(&[&servers[0], &servers[1]], || {
        load.wait_for_changes(CHANGES);
        gone = Instant::now();
        killed.kill();
        load.wait_for_changes(CHANGES);
        load.wait_for(&[0], 200, 200, gone);
    });
    stop(stays);
    load.assert_right(&[], |one| one.server == 1 && one.end > gone);
    let conn = &mut open(home.url());
    load.activity(conn, 0, 2).assert_complete();
    load.activity(conn, 1, 2).assert_all_but_an_interval();
}

#[test]
fn a_sqlite_file_that_is_locked_for_a_while_costs_no_wrong_answer() {
    if Engine::current() != Engine::Sqlite {
        return;
    }
    let _alone = alone();
    let home = fresh();
    let load = Load::prepare(home.url());
    let process = serve(home.url());
    load.run(&[&process.url], || {
        for lock in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
            load.wait_for_changes(CHANGES);
            let mut other = open(home.url());
            other.batch_execute(lock).unwrap();
            let (from, changes) = (Instant::now(), load.changes());
            std::thread::sleep(Duration::from_secs(3));
            assert!(load.changes() <= changes + 1, "changes were made beside {lock}");
            let until = Instant::now();
            other.batch_execute("ROLLBACK").unwrap();
            load.wait_for_changes(CHANGES);
            load.report(lock, Outage { from, until }, 0);
        }
    });
    stop(process);
    // Who only reads does not wait for a writer: no answer may be missing.
    load.assert_right(&[], |_| false);
    load.activity(&mut open(home.url()), 0, 1).assert_complete();
}
