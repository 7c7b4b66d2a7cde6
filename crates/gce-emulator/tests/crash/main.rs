//! Whole local clouds that are killed with -9 at random points of random operations, again and
//! again on one state directory.
//!
//! After each restart every acknowledged operation must be there with what it did, the state file
//! must be sound, and no process of the killed run may be left. Fifty kills by default, a thousand
//! with `FLASKSCALE_LONG=1`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

mod run;
mod worker;

use std::time::Duration;

use rand::Rng;

use run::{Run, serve_until_killed};
use worker::Worker;

/// How many callers change the cloud at the same time.
const WORKERS: usize = 4;

fn kills() -> usize {
    if std::env::var("FLASKSCALE_LONG").is_ok_and(|long| long == "1") {
        1000
    } else {
        50
    }
}

/// Not a test of its own: the cloud that the test here starts and kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the test of this file starts it as a process of its own"]
async fn a_cloud_to_be_killed() {
    serve_until_killed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_every_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut workers: Vec<Worker> = (0..WORKERS).map(Worker::new).collect();
    let mut acknowledged = 0;
    for kill in 0..kills() {
        let mut run = Run::start(dir.path()).await;
        for worker in &mut workers {
            worker.verify(&run).await;
        }
        let working = workers.into_iter().map(|worker| {
            let url = run.url();
            tokio::spawn(worker.work(url))
        });
        let working: Vec<_> = working.collect();
        tokio::time::sleep(moment()).await;
        run.kill_9();
        workers = Vec::new();
        for worker in working {
            workers.push(worker.await.expect("a worker ends when its cloud does"));
        }
        acknowledged += workers.iter().map(Worker::acknowledged).sum::<usize>();
        run.is_gone().await;
        run::is_sound(dir.path());
        println!(
            "kill {}: {acknowledged} operations acknowledged so far",
            kill + 1
        );
    }
    assert!(acknowledged > kills(), "the cloud was hardly used");
    let mut run = Run::start(dir.path()).await;
    for worker in &mut workers {
        worker.verify(&run).await;
    }
    run.kill_9();
    run.is_gone().await;
}

/// Mostly early; now and then so late that instances run.
fn moment() -> Duration {
    let mut random = rand::rng();
    let longest = if random.random_ratio(1, 6) { 600 } else { 120 };
    Duration::from_millis(random.random_range(0..longest))
}
