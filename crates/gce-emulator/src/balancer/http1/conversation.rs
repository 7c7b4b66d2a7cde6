//! A client's connection, request after request.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::alarm::Alarm;
use super::asked::{self, Asked, Method, Refusal};
use super::backend::Backend;
use super::body::Body;
use super::download::Download;
use super::framing::Framing;
use super::inbound::{Inbound, fill};
use super::reply::{self, Kind, NoAnswer, Reply};
use super::tunnel::{self, Pump};
use super::upload::ClientFault;
use crate::balancer::connection::Connection;
use crate::balancer::failure::Answer;
use crate::balancer::route::RouteCell;

/// No head is longer, neither a request's nor an answer's (Google's own limit is about as much).
const MAX_HEAD: usize = 64 * 1024;

/// How long a request's head may take to arrive, from its first byte.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a client may take to read an answer of our own.
const OWN_ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client that still sends is listened to after the last answer. Closing at once would
/// reset the connection, and with it the answer that the client has not read yet.
const FAREWELL: Duration = Duration::from_secs(2);

/// A client's connection.
#[derive(Debug)]
pub(in crate::balancer) struct Conversation<R, W> {
    inbound: Inbound<R>,
    writer: W,
    /// What is about to be sent to the client.
    out: Vec<u8>,
    /// Lent to every request for what its backend gets.
    message: Vec<u8>,
    alarm: Alarm,
    connection: Connection,
    route: Arc<RouteCell>,
    leaving: CancellationToken,
}

/// What comes next on an idle connection.
enum Next {
    Request(Box<Asked>),
    Refused(u16),
    Over,
}

/// What becomes of the connection after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Keep,
    Close,
    /// The answer is incomplete, and the client has to see that.
    Cut,
}

/// Why a try gave no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The backend has gone, or talks nonsense.
    Lost,
    TimedOut,
    Client(ClientFault),
}

impl From<NoAnswer> for Fault {
    fn from(_: NoAnswer) -> Self {
        Self::Lost
    }
}

/// A try that gave a whole answer.
struct Done {
    keeps_client: bool,
    keeps_backend: bool,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Conversation<R, W> {
    pub(in crate::balancer) fn new(
        reader: R,
        writer: W,
        connection: Connection,
        route: Arc<RouteCell>,
        leaving: CancellationToken,
    ) -> Self {
        Self {
            inbound: Inbound::new(reader),
            writer,
            out: Vec::new(),
            message: Vec::new(),
            alarm: Alarm::new(Instant::now() + HEAD_TIMEOUT),
            connection,
            route,
            leaving,
        }
    }

    /// Serves the client until one side has had enough.
    pub(in crate::balancer) async fn serve(mut self) {
        let leaving = self.leaving.clone();
        let mut left = pin!(leaving.cancelled());
        let mut keep_alive = self.route.get().keep_alive;
        loop {
            let after = match self.next(keep_alive, left.as_mut()).await {
                Next::Request(asked) => {
                    keep_alive = asked.exchange.route.keep_alive;
                    self.handle(asked).await
                }
                Next::Refused(status) => {
                    Answer::Status(status).write(&mut self.out, false, false);
                    self.send().await
                }
                // The client may have gone already, which is just as well.
                Next::Over => return drop(self.writer.shutdown().await),
            };
            match after {
                After::Keep => {}
                After::Close => return self.say_farewell().await,
                After::Cut => return,
            }
        }
    }

    /// Waits for a request. A connection between two of them ends when the frontend does.
    async fn next(
        &mut self,
        keep_alive: Duration,
        mut left: Pin<&mut WaitForCancellationFuture<'_>>,
    ) -> Next {
        self.alarm.set(Instant::now() + keep_alive);
        let mut has_begun = false;
        loop {
            if !self.inbound.buffer.is_empty() {
                if let Some(next) = self.read_head() {
                    return next;
                }
                if !has_begun {
                    self.alarm.set(Instant::now() + HEAD_TIMEOUT);
                    has_begun = true;
                }
            }
            tokio::select! {
                biased;
                read = self.inbound.fill() => if !matches!(read, Ok(1..)) {
                    return Next::Over;
                },
                () = left.as_mut(), if !has_begun => return Next::Over,
                () = self.alarm.rings() => {
                    return if has_begun { Next::Refused(408) } else { Next::Over };
                }
            }
        }
    }

    /// `None` while the head is incomplete.
    fn read_head(&mut self) -> Option<Next> {
        let buffer = &mut self.inbound.buffer;
        let route = || self.route.get();
        match asked::read(buffer, &self.connection, route, &mut self.message) {
            Ok(Some((asked, length))) => {
                buffer.advance(length);
                Some(Next::Request(Box::new(asked)))
            }
            Ok(None) if buffer.len() > MAX_HEAD => Some(Next::Refused(431)),
            Ok(None) => None,
            Err(Refusal(status)) => Some(Next::Refused(status)),
        }
    }

    async fn handle(&mut self, mut asked: Box<Asked>) -> After {
        let after = match asked.at_once.take() {
            Some(answer) => self.answer(&mut asked, answer).await,
            None => self.forward(&mut asked).await,
        };
        self.message = asked.upload.into_message();
        after
    }

    /// Takes the request to a backend, and to another one if that is safe.
    async fn forward(&mut self, asked: &mut Asked) -> After {
        loop {
            if !asked.exchange.try_next() {
                let status = if asked.exchange.has_failed() {
                    502
                } else {
                    503
                };
                return self.answer(asked, Answer::Status(status)).await;
            }
            let Some(mut backend) = connect(asked).await else {
                // Nothing has been sent, so any request may go elsewhere.
                asked.exchange.give_up(false);
                continue;
            };
            match self.attempt(asked, &mut backend).await {
                Ok(done) => return finish(asked, backend, &done),
                Err(fault) if may_repeat(asked, fault) => {
                    if let Some(member) = asked.exchange.member().filter(|_| backend.is_reused) {
                        // Others that were opened to the same process are as dead.
                        member.upstream.idle.clear();
                    }
                    asked.exchange.give_up(backend.is_reused);
                }
                Err(fault) => {
                    drop(backend);
                    return self.give_up(asked, fault).await;
                }
            }
        }
    }

    /// Tells the client that its request has failed, if it can still be told.
    async fn give_up(&mut self, asked: &mut Asked, fault: Fault) -> After {
        let status = match fault {
            _ if asked.is_answered => None,
            Fault::Lost => Some(502),
            Fault::TimedOut => Some(504),
            Fault::Client(ClientFault::BrokenBody) => Some(400),
            Fault::Client(ClientFault::Left) => None,
        };
        let Some(status) = status else {
            asked.count_as_begun();
            return After::Cut;
        };
        asked.manner.keeps &= fault != Fault::Client(ClientFault::BrokenBody);
        self.answer(asked, Answer::Status(status)).await
    }

    /// Answers in place of a backend.
    async fn answer(&mut self, asked: &mut Asked, answer: Answer) -> After {
        let keeps =
            asked.manner.keeps && !self.leaving.is_cancelled() && self.has_whole_body(asked);
        self.out.clear();
        let sent = answer.write(&mut self.out, asked.manner.method == Method::Head, keeps);
        let after = self.send().await;
        let received = asked.upload.body.payload;
        asked.exchange.finish(answer.status(), received, sent);
        if keeps && after == After::Close {
            return After::Keep;
        }
        after
    }

    /// Skips what has arrived of a body that nobody wants; whether that is all of it.
    fn has_whole_body(&mut self, asked: &mut Asked) -> bool {
        let buffer = &mut self.inbound.buffer;
        match asked.upload.body.take(buffer) {
            Ok(length) => buffer.advance(length),
            Err(_) => return false,
        }
        asked.upload.body.is_complete()
    }

    /// Sends what is ready, after which the connection may be closed.
    async fn send(&mut self) -> After {
        self.alarm.set(Instant::now() + OWN_ANSWER_TIMEOUT);
        let sending = send(&mut self.writer, &self.out);
        let sent = tokio::select! {
            biased;
            sent = sending => sent.is_ok(),
            () = self.alarm.rings() => false,
        };
        if sent { After::Close } else { After::Cut }
    }

    /// One try: the request to a backend and its answer to the client.
    async fn attempt(&mut self, asked: &mut Asked, backend: &mut Backend) -> Result<Done, Fault> {
        self.alarm.set(asked.exchange.due().into());
        asked.upload.rewind();
        loop {
            self.out.clear();
            let reply = self.reply(asked, backend).await?;
            backend.buffer.advance(reply.length);
            match reply.kind {
                Kind::Interim => self.pass_interim(asked).await?,
                Kind::Switched => return self.switch(asked, backend).await,
                Kind::Final { framing, keeps } => {
                    return self.pass_answer(asked, backend, framing, keeps).await;
                }
            }
        }
    }

    /// Sends the request until the head of an answer is here.
    async fn reply(&mut self, asked: &mut Asked, backend: &mut Backend) -> Result<Reply, Fault> {
        let Asked {
            exchange,
            upload,
            manner,
            ..
        } = asked;
        let (mut from, mut to) = backend.stream.split();
        let read =
            |bytes: &[u8]| reply::read(bytes, *manner, &self.connection, exchange, &mut self.out);
        tokio::select! {
            biased;
            reply = head(&mut from, &mut backend.buffer, read) => reply,
            fault = upload.run(&mut self.inbound, &mut to) => Err(Fault::Client(fault)),
            () = self.alarm.rings() => Err(Fault::TimedOut),
        }
    }

    async fn pass_interim(&mut self, asked: &mut Asked) -> Result<(), Fault> {
        asked.is_answered |= !self.out.is_empty();
        tokio::select! {
            biased;
            sent = send(&mut self.writer, &self.out) => {
                sent.map_err(|_| Fault::Client(ClientFault::Left))
            }
            () = self.alarm.rings() => Err(Fault::TimedOut),
        }
    }

    async fn pass_answer(
        &mut self,
        asked: &mut Asked,
        backend: &mut Backend,
        framing: Framing,
        keeps: bool,
    ) -> Result<Done, Fault> {
        let keeps_client = asked.manner.keeps
            && asked.upload.is_done()
            && framing != Framing::UntilClose
            && !self.leaving.is_cancelled();
        if !keeps_client {
            self.out.extend_from_slice(b"connection: close\r\n");
        }
        self.out.extend_from_slice(b"\r\n");
        asked.is_answered = true;
        let mut body = Body::new(framing);
        let passed = self.pass_body(asked, backend, &mut body).await;
        asked.sent = body.payload;
        passed?;
        let keeps_backend = keeps && asked.upload.is_done() && backend.buffer.is_empty();
        Ok(Done {
            keeps_client,
            keeps_backend,
        })
    }

    /// Passes an answer on, and what is left of the request, which may be answered early.
    async fn pass_body(
        &mut self,
        asked: &mut Asked,
        backend: &mut Backend,
        body: &mut Body,
    ) -> Result<(), Fault> {
        let (mut from, mut to) = backend.stream.split();
        let out = &mut self.out;
        let mut download = Download { out, body };
        tokio::select! {
            biased;
            passed = download.run(&mut from, &mut backend.buffer, &mut self.writer) => {
                passed.map_err(|_| Fault::Lost)
            }
            fault = asked.upload.run(&mut self.inbound, &mut to) => Err(Fault::Client(fault)),
            () = self.alarm.rings() => Err(Fault::TimedOut),
        }
    }

    /// Connects the client through. A web socket may last as long as it is used.
    async fn switch(&mut self, asked: &mut Asked, backend: &mut Backend) -> Result<Done, Fault> {
        self.pass_interim(asked).await?;
        if !asked.upload.is_done() {
            return Err(Fault::Lost);
        }
        let silence = asked.exchange.pool().map_or(FAREWELL, |pool| pool.timeout);
        let (mut from, mut to) = backend.stream.split();
        let Inbound { reader, buffer } = &mut self.inbound;
        let mut up = Pump::new(reader, buffer, &mut to);
        let mut down = Pump::new(&mut from, &mut backend.buffer, &mut self.writer);
        tunnel::run(&mut up, &mut down, &mut self.alarm, silence).await;
        asked.upload.body.payload += up.passed;
        asked.sent = down.passed;
        Ok(Done {
            keeps_client: false,
            keeps_backend: false,
        })
    }

    async fn say_farewell(mut self) {
        self.alarm.set(Instant::now() + FAREWELL);
        let listening = async {
            // The client may have gone already, which is just as well.
            let _ = self.writer.shutdown().await;
            while matches!(self.inbound.fill().await, Ok(1..)) {
                self.inbound.buffer.clear();
            }
        };
        tokio::select! {
            () = listening => {}
            () = self.alarm.rings() => {}
        }
    }
}

impl Asked {
    /// Counts a request that ended before its time, by what the client has seen of its answer.
    fn count_as_begun(&mut self) {
        let status = if self.is_answered {
            self.exchange.status()
        } else {
            0
        };
        let received = self.upload.body.payload;
        self.exchange.finish(status, received, self.sent);
    }
}

/// A connection to the backend whose turn it is.
async fn connect(asked: &Asked) -> Option<Backend> {
    let member = asked.exchange.member()?;
    if let Some(backend) = member.upstream.idle.take() {
        return Some(backend);
    }
    match Backend::connect(member.upstream.addr).await {
        Ok(backend) => Some(backend),
        Err(error) => {
            let is_refused = error.kind() == io::ErrorKind::ConnectionRefused;
            if let Some(standing) = member.standing.as_ref().filter(|_| is_refused) {
                standing.refuse();
            }
            None
        }
    }
}

/// Whether a request that reached a backend, and got no answer, may be sent to another one.
///
/// Three things must hold. Doing it twice does no harm; the client has seen no byte of an answer;
/// and the request is still here in full. A time-out is final: the backend is at work on the
/// request, and a second one would double the load just when there is too much of it.
fn may_repeat(asked: &Asked, fault: Fault) -> bool {
    fault == Fault::Lost
        && asked.manner.method != Method::Other
        && !asked.is_answered
        && asked.upload.is_whole
}

/// Puts the backend's connection back and counts the request.
fn finish(asked: &mut Asked, backend: Backend, done: &Done) -> After {
    if let Some(member) = asked.exchange.member().filter(|_| done.keeps_backend) {
        member.upstream.idle.put(backend);
    }
    asked.count_as_begun();
    if done.keeps_client {
        After::Keep
    } else {
        After::Close
    }
}

/// Reads until `read` has found a whole head.
async fn head(
    from: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    mut read: impl FnMut(&[u8]) -> Result<Option<Reply>, NoAnswer>,
) -> Result<Reply, Fault> {
    loop {
        if let Some(reply) = read(buffer)? {
            return Ok(reply);
        }
        let is_too_long = buffer.len() > MAX_HEAD;
        if is_too_long || !matches!(fill(from, buffer).await, Ok(1..)) {
            return Err(Fault::Lost);
        }
    }
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}
