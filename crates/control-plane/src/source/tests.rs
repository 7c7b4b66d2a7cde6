#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use gce::{Client, Endpoints, NoToken};
use tokio::sync::Semaphore;

use super::*;

const LONG: Duration = Duration::from_hours(1);

fn source(max_age: Duration) -> Source<usize> {
    let endpoints = Endpoints::local("http://127.0.0.1:1");
    let client = Client::new(endpoints, Arc::new(NoToken), "p".to_owned()).unwrap();
    Source::new("test", max_age, client)
}

/// Counts its calls and gives the count.
fn counted(calls: &Arc<AtomicUsize>) -> impl Fn() -> std::future::Ready<Result<usize, gce::Error>> {
    let calls = calls.clone();
    move || std::future::ready(Ok(calls.fetch_add(1, Ordering::SeqCst) + 1))
}

fn refused() -> gce::Error {
    let error = gce::ApiError {
        code: 429,
        message: "Slow down".to_owned(),
        ..Default::default()
    };
    error.into()
}

#[tokio::test]
async fn a_hundred_readers_cost_one_gather() {
    let calls = Arc::new(AtomicUsize::new(0));
    let source = source(LONG);
    let gather = counted(&calls);
    let readers = (0..100).map(|_| source.read(&gather));
    for snapshot in join_all(readers).await {
        assert_eq!(snapshot.value.as_deref(), Some(&1));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_old_value_is_read_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let source = source(LONG);
    let gather = counted(&calls);
    assert_eq!(source.read(&gather).await.value.as_deref(), Some(&1));
    tokio::time::advance(LONG).await;
    assert_eq!(source.read(&gather).await.value.as_deref(), Some(&2));
}

#[tokio::test]
async fn a_refusal_leaves_the_old_value_and_says_so() {
    let source = source(LONG);
    source.read(|| std::future::ready(Ok(7))).await;
    source.invalidate();
    let snapshot = source.read(|| std::future::ready(Err(refused()))).await;
    assert_eq!(snapshot.value.as_deref(), Some(&7));
    assert_eq!(snapshot.problem.unwrap().message, "Slow down (429)");
}

#[tokio::test]
async fn a_change_of_ours_is_seen_by_the_next_reader_though_an_older_gather_is_running() {
    let source = source(LONG);
    let gate = Arc::new(Semaphore::new(0));
    let calls = Arc::new(AtomicUsize::new(0));
    let gather = || {
        let (gate, calls) = (gate.clone(), calls.clone());
        async move {
            let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
            if call == 1 {
                let _permit = gate.acquire().await;
            }
            Ok(call)
        }
    };
    let (first, second) = tokio::join!(source.read(gather), async {
        while calls.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        source.invalidate();
        gate.add_permits(1);
        source.read(gather).await
    });
    assert_eq!(second.value.as_deref(), Some(&2));
    assert_eq!(first.value.as_deref(), Some(&2));
}

#[tokio::test(start_paused = true)]
async fn a_silent_source_is_a_problem_and_not_a_hang() {
    let source = source(LONG);
    let snapshot = source.read(std::future::pending).await;
    assert!(snapshot.value.is_none());
    assert_eq!(snapshot.problem.unwrap().source, "test");
}

#[tokio::test(start_paused = true)]
async fn a_gather_that_panics_does_not_stop_the_next() {
    let source = source(LONG);
    let calls = Arc::new(AtomicUsize::new(0));
    let gather = || {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        async move {
            assert!(call > 0, "the first gather fails");
            Ok(call)
        }
    };
    assert!(source.read(gather).await.value.is_none());
    tokio::time::advance(LONG).await;
    assert_eq!(source.read(gather).await.value.as_deref(), Some(&1));
}
