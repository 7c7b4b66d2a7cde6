#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;

use super::*;

fn template(name: &str) -> Resource {
    let key = Key::global(Kind::InstanceTemplate, name);
    Resource::new(
        key,
        json!({"name": name, "count": 0})
            .as_object()
            .unwrap()
            .clone(),
    )
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_reopen_without_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    let wanted = template("t");
    let entry = LogEntry::new(autoscaler::Timestamp(5), "projects/p/logs/a", Map::new());
    let writes = vec![
        Write::Put(wanted.clone()),
        Write::Log(entry),
        Write::kv("pid", "7"),
    ];
    store.commit(writes).await.unwrap();

    // A copy of the files is what another program would find after a `kill -9`.
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let reopened = Store::open(copy.path(), "p").unwrap();
    assert_eq!(*reopened.get(&wanted.key).unwrap(), wanted);
    assert_eq!(reopened.kv("pid").as_deref(), Some("7"));
    assert_eq!(reopened.logs(LogQuery::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn concurrent_updates_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    let key = template("t").key;
    store.commit(vec![Write::Put(template("t"))]).await.unwrap();
    let adds = (0..200).map(|_| {
        store.update(&key, |body| {
            let count = body["count"].as_i64().unwrap_or(0);
            body.insert("count".into(), json!(count + 1));
        })
    });
    for added in futures::future::join_all(adds).await {
        added.unwrap();
    }
    assert_eq!(store.get(&key).unwrap().number("count"), Some(200));
}

#[tokio::test]
async fn a_refused_or_panicking_change_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    let refused: Result<(), UpdateError> = store
        .transact(|transaction| {
            transaction.put(template("t"));
            Err(UpdateError::NotFound)
        })
        .await;
    assert!(matches!(refused, Err(UpdateError::NotFound)));
    let broken: Result<(), StoreError> = store.transact(|_| panic!("a bug in a decision")).await;
    assert!(matches!(broken, Err(StoreError::Closed)));
    assert!(store.list(Kind::InstanceTemplate, None).is_empty());
    store.commit(vec![Write::Put(template("t"))]).await.unwrap();
    assert_eq!(
        store
            .list(Kind::InstanceTemplate, Some(&Scope::Global))
            .len(),
        1
    );
}

#[tokio::test]
async fn two_programs_never_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    assert!(matches!(
        Store::open(dir.path(), "p"),
        Err(OpenError::InUse { .. })
    ));
    drop(store);
    Store::open(dir.path(), "p").unwrap();
}

#[test]
fn a_damaged_file_is_named_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(open::FILE);
    std::fs::write(&path, b"this was a state file once").unwrap();
    let refused = Store::open(dir.path(), "p").unwrap_err();
    assert!(matches!(&refused, OpenError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains(&path.display().to_string()));
    assert!(!refused.to_string().contains('\n'));
    assert_eq!(std::fs::read(&path).unwrap(), b"this was a state file once");

    let aside = set_aside(dir.path(), "old").unwrap().unwrap();
    assert_eq!(std::fs::read(aside).unwrap(), b"this was a state file once");
    Store::open(dir.path(), "p").unwrap();
}

#[tokio::test]
async fn a_page_of_the_log_continues_behind_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    let entry = |at| Write::Log(LogEntry::new(autoscaler::Timestamp(at), "l", Map::new()));
    store
        .commit((0..5).map(|n| entry(n / 2)).collect())
        .await
        .unwrap();
    let mut query = LogQuery {
        newest_first: true,
        limit: 2,
        ..LogQuery::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = store.logs(query.clone()).await.unwrap();
        let Some(last) = page.last() else { break };
        query.after = Some((last.at, last.seq));
        seen.extend(page.iter().map(|entry| (entry.at.0, entry.seq)));
    }
    assert_eq!(seen, [(2, 5), (1, 4), (1, 3), (0, 2), (0, 1)]);
}

#[tokio::test]
async fn a_file_that_broke_in_the_middle_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "p").unwrap();
    let writes = (0..500).map(|at| Write::Put(template(&format!("t-{at}"))));
    store.commit(writes.collect()).await.unwrap();
    drop(store);
    let path = dir.path().join(open::FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..]
        .iter_mut()
        .take(20_000)
        .for_each(|byte| *byte = 0xa5);
    std::fs::write(&path, &bytes).unwrap();
    let refused = Store::open(dir.path(), "p").unwrap_err();
    assert!(matches!(&refused, OpenError::Damaged { .. }), "{refused}");
    assert!(!refused.to_string().contains('\n'));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_strangers_database_is_never_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(open::FILE);
    let stranger = rusqlite::Connection::open(&path).unwrap();
    stranger.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(stranger);
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(
        Store::open(dir.path(), "p"),
        Err(OpenError::Damaged { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
