//! One unit of work of the writer, with the way back to its caller.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{StoreError, Transaction};

pub(super) type Decision = Box<dyn FnOnce(&mut Transaction<'_>) -> Decided + Send>;
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
pub(super) type Sql = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

/// What became of a decision: whether its writes count, and how its caller is told.
pub(super) struct Decided {
    pub(super) accepted: bool,
    pub(super) answer: Answer,
}

/// One unit of work of the writer.
pub(super) struct Job {
    pub(super) durable: bool,
    pub(super) work: Work,
}

pub(super) enum Work {
    Decide(Decision),
    Sql(Sql, Answer),
}

impl Job {
    /// SQL beside the resources, without `fsync`.
    pub(super) fn sql(
        sql: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
        answer: oneshot::Sender<Result<(), StoreError>>,
    ) -> Self {
        let answer = Box::new(move |result| _ = answer.send(result));
        Self {
            durable: false,
            work: Work::Sql(Box::new(sql), answer),
        }
    }
}

/// A job that decides, and where its answer will come.
pub(super) fn job<T, E>(
    durable: bool,
    decide: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, E>>)
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    let decision: Decision = Box::new(move |transaction| {
        let result = decide(transaction);
        let accepted = result.is_ok();
        let answer: Answer = Box::new(move |stored| {
            // A caller that stopped waiting has dropped its end; the change stands all the same.
            _ = sender.send(result.and_then(|value| stored.map(|()| value).map_err(E::from)));
        });
        Decided { accepted, answer }
    });
    (
        Job {
            durable,
            work: Work::Decide(decision),
        },
        receiver,
    )
}
