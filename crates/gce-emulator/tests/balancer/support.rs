//! Real backends, a real client and a table to put them into.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request as AxumRequest;
use axum::routing::{any, get};
use bytes::Bytes;
use gce_emulator::balancer::{
    Backend, Balancer, Check, Frontend, Group, RoutingTable, Service, Share, Target, UrlMap,
};
use gce_emulator::prober::Health;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;

pub const RULE: &str = "site";
pub const CHECK: &str = "health";

/// A test that waits this long for something has hung.
pub async fn guarded<T>(what: &str, wait: impl Future<Output = T>) -> T {
    let guarded = tokio::time::timeout(Duration::from_mins(2), wait).await;
    guarded.unwrap_or_else(|_| panic!("waited two minutes for {what}"))
}

/// An instance: a web server on a runtime of its own, so that it can die as a process does, with
/// all its connections at once.
pub struct Instance {
    pub name: String,
    pub addr: SocketAddr,
    runtime: Option<Runtime>,
    /// Bound and not listened on: a dead instance's port refuses, and nobody else gets it.
    grave: Option<TcpSocket>,
    connections: Arc<AtomicUsize>,
}

impl Instance {
    /// An instance that answers every path with its name, and `/health` with 200.
    pub fn start(name: &str) -> Self {
        Self::serving(name, site(name))
    }

    /// An instance with a site of its own.
    pub fn serving(name: &str, site: Router) -> Self {
        Self::at(name, (Ipv4Addr::LOCALHOST, 0).into(), site)
    }

    /// An instance that treats each connection as it likes.
    pub fn raw<H, F>(name: &str, handle: H) -> Self
    where
        H: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::accepting(name, (Ipv4Addr::LOCALHOST, 0).into(), handle)
    }

    fn at(name: &str, addr: SocketAddr, site: Router) -> Self {
        Self::accepting(name, addr, move |stream| {
            let service = TowerToHyperService::new(site.clone());
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            async move { drop(connection.await) }
        })
    }

    fn accepting<H, F>(name: &str, addr: SocketAddr, handle: H) -> Self
    where
        H: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = listen(&runtime, addr);
        let addr = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(handle(stream));
            }
        });
        Self {
            name: name.to_owned(),
            addr,
            runtime: Some(runtime),
            grave: None,
            connections,
        }
    }

    /// How many connections have been accepted so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Ends the instance without any farewell. When this returns, its port refuses.
    pub fn kill(&mut self) {
        self.end();
        let grave = TcpSocket::new_v4().unwrap();
        grave.set_reuseaddr(true).unwrap();
        grave.bind(self.addr).unwrap();
        self.grave = Some(grave);
    }

    /// Ends the instance and begins it again on the same port.
    pub fn restart(&mut self) {
        self.kill();
        let restarted = Self::at(&self.name, self.addr, site(&self.name));
        *self = restarted;
    }

    fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // On a thread, since a runtime must not wait for another one's end.
            let ending = move || runtime.shutdown_timeout(Duration::from_mins(2));
            std::thread::spawn(ending).join().unwrap();
        }
    }

    pub fn backend(&self) -> Backend {
        Backend {
            instance: self.name.clone(),
            addr: self.addr,
            draining: false,
        }
    }

    pub fn draining(&self) -> Backend {
        Backend {
            draining: true,
            ..self.backend()
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.end();
    }
}

fn listen(runtime: &Runtime, addr: SocketAddr) -> TcpListener {
    let _context = runtime.enter();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(addr).unwrap();
    socket.listen(1024).unwrap()
}

/// Answers with the instance's name; `/echo` answers with the request's head and body.
pub fn site(name: &str) -> Router {
    let name = name.to_owned();
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/echo", any(echo))
        .fallback(move || std::future::ready(name.clone()))
}

async fn echo(request: AxumRequest) -> String {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    format!(
        "{} {}\n{:?}\n{}",
        head.method,
        head.uri,
        head.headers,
        String::from_utf8_lossy(&body)
    )
}

pub fn check() -> Check {
    Check {
        name: CHECK.to_owned(),
        interval: Duration::from_millis(50),
        timeout: Duration::from_secs(5),
        healthy_threshold: 1,
        unhealthy_threshold: 1,
        path: "/health".to_owned(),
        host: None,
        port: None,
    }
}

/// A service without a health check: its backends count as healthy from the first request on.
pub fn unchecked(backends: Vec<Backend>) -> Service {
    Service {
        name: "service".to_owned(),
        timeout: Duration::from_secs(30),
        groups: vec![group("group", Share::EVEN, backends)],
        ..Service::default()
    }
}

/// A group of a service.
pub fn group(name: &str, share: Share, instances: Vec<Backend>) -> Group {
    Group {
        name: name.to_owned(),
        zone: "us-central1-a".to_owned(),
        share,
        instances,
    }
}

pub fn checked(backends: Vec<Backend>) -> Service {
    Service {
        check: Some(check()),
        ..unchecked(backends)
    }
}

pub fn frontend(rule: &str, port: u16, service: Service) -> Frontend {
    routing(rule, port, UrlMap::to(to(service)))
}

/// The target that is a service.
pub fn to(service: Service) -> Target {
    Target::Service(Arc::new(service))
}

/// A plain frontend with a URL map of its own.
pub fn routing(rule: &str, port: u16, targets: UrlMap<Target>) -> Frontend {
    Frontend {
        rule: rule.to_owned(),
        port,
        target_proxy: "proxy".to_owned(),
        url_map: "map".to_owned(),
        targets,
        certificates: Vec::new(),
        keep_alive: Duration::from_mins(10),
        secure_twin: None,
    }
}

/// The table with the one frontend [`RULE`].
pub fn table(service: Service) -> RoutingTable {
    RoutingTable {
        frontends: vec![frontend(RULE, 0, service)],
    }
}

/// A balancer with the one frontend [`RULE`], and its address.
pub fn balancer(service: Service) -> (Balancer, SocketAddr) {
    let balancer = Balancer::start(1).unwrap();
    balancer.apply(&table(service)).unwrap();
    let addr = addr(&balancer, RULE);
    (balancer, addr)
}

pub fn addr(balancer: &Balancer, rule: &str) -> SocketAddr {
    balancer.listeners().borrow()[rule]
}

pub async fn until_healthy(balancer: &Balancer, instances: &[&Instance]) {
    let mut health = balancer.health();
    let all = health.wait_for(|map| {
        instances
            .iter()
            .all(|instance| map.is_healthy(CHECK, &instance.name))
    });
    guarded("the instances to be healthy", all).await.unwrap();
}

pub async fn until_unhealthy(balancer: &Balancer, instance: &Instance) {
    let mut health = balancer.health();
    let bad = health.wait_for(|map| {
        map.get(CHECK, &instance.name)
            .is_some_and(|state| state.health == Health::Unhealthy)
    });
    guarded("the instance to be unhealthy", bad).await.unwrap();
}

/// Waits for a condition that nothing announces.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    guarded(what, met).await;
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn served_by(&self) -> &str {
        self.header("x-served-by")
    }
}

/// A client's connection.
pub struct Client(SendRequest<Full<Bytes>>);

impl Client {
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::over(TcpStream::connect(addr).await.unwrap()).await
    }

    /// A client on a connection that is there already.
    pub async fn over<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        Self(sender)
    }

    /// Sends a request and returns as soon as the answer's head is here.
    pub async fn begin(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> hyper::Result<Response<Incoming>> {
        guarded("the connection to be ready", self.0.ready()).await?;
        guarded("an answer", self.0.send_request(request)).await
    }

    pub async fn try_send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
        let (head, body) = self.begin(request).await?.into_parts();
        let body = guarded("the answer's end", body.collect())
            .await?
            .to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(request(Method::GET, path, "")).await
    }
}

/// Sends requests on a kept connection until the balancer has closed it.
pub async fn until_closed(client: &mut Client) {
    let closed = async { while client.try_send(request(Method::GET, "/", "")).await.is_ok() {} };
    guarded("the connection to be closed", closed).await;
}

pub fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let head = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "site.test");
    head.body(Full::new(body.into())).unwrap()
}

/// One request on a connection of its own.
pub async fn send(addr: SocketAddr, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
    Client::connect(addr)
        .await
        .send(request(method, path, body))
        .await
}

pub async fn get_page(addr: SocketAddr, path: &str) -> Answer {
    send(addr, Method::GET, path, "").await
}

/// Reads a request's head from a raw connection.
pub async fn read_head(stream: &mut TcpStream) -> String {
    use tokio::io::AsyncReadExt;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}
