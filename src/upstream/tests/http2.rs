//! Calls over TLS: trust, and h2 where the provider offers it.

use super::*;
use crate::base::task::Tasks;
use crate::upstream::StartError;
use http::{Request, Response};
use http_body::Frame;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

/// A TLS provider. Its answers are two pieces and, on `/endless`, never end; `told` hears when one is dropped.
struct Secure {
    base_url: String,
    accepted: Arc<AtomicUsize>,
    told: mpsc::UnboundedReceiver<()>,
    _tasks: Tasks,
}

struct Answer {
    pieces: usize,
    ends: bool,
    tell: mpsc::UnboundedSender<()>,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.pieces == 0 {
            return if self.ends { Poll::Ready(None) } else { Poll::Pending };
        }
        self.pieces -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"piece ")))))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // Whoever does not listen does not want to know.
        self.tell.send(()).unwrap_or_default();
    }
}

impl Secure {
    async fn start(protocols: &[&str], streams: u32) -> Self {
        let chain = CertificateDer::pem_file_iter(fixture("server.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("https://localhost:{}/v1", listener.local_addr().unwrap().port());
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let (tell, told) = mpsc::unbounded_channel();
        let mut tasks = Tasks::new();
        tasks.start(async move {
            let mut lines = Tasks::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (acceptor, tell) = (acceptor.clone(), tell.clone());
                lines.start(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let serve = service_fn(move |request: Request<Incoming>| {
                        let ends = !request.uri().path().ends_with("/endless");
                        let answer = Answer { pieces: 2, ends, tell: tell.clone() };
                        let host = request.uri().authority().map_or(String::new(), ToString::to_string);
                        let response = Response::builder().header("seen-version", format!("{:?}", request.version()));
                        let response = response.header("seen-authority", host).body(answer).unwrap();
                        async move { Ok::<_, Infallible>(response) }
                    });
                    let mut server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    server.http2().max_concurrent_streams(streams);
                    drop(server.serve_connection(TokioIo::new(stream), serve).await);
                });
            }
        });
        Self { base_url, accepted, told, _tasks: tasks }
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

fn trusting() -> Upstream {
    Upstream::trusting(Some(&fixture("ca.pem"))).unwrap()
}

async fn endless(upstream: &Upstream, base_url: &str) -> Reply {
    upstream.send(&provider(base_url), &policy(), Call { path: "/endless".into(), ..call() }).await.unwrap()
}

#[tokio::test]
async fn calls_share_one_h2_connection() {
    let secure = Secure::start(&["h2", "http/1.1"], 100).await;
    let upstream = trusting();
    let open = endless(&upstream, &secure.base_url).await;
    assert_eq!(open.headers["seen-version"], "HTTP/2.0");
    assert_eq!(open.headers["seen-authority"], secure.base_url.trim_start_matches("https://").trim_end_matches("/v1"));
    for _ in 0..3 {
        let reply = send(&upstream, &secure.base_url).await.unwrap();
        assert_eq!(read(reply.body).await.unwrap(), "piece piece ");
    }
    assert_eq!(secure.accepted(), 1);
}

#[tokio::test]
async fn a_full_h2_connection_gets_a_sister() {
    let secure = Secure::start(&["h2"], 2).await;
    let upstream = trusting();
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut reply = endless(&upstream, &secure.base_url).await;
        assert_eq!(next(&mut reply.body).await.unwrap().unwrap(), "piece ");
        open.push(reply);
    }
    assert_eq!(secure.accepted(), 3);
    drop(open);
    let reply = send(&upstream, &secure.base_url).await.unwrap();
    assert_eq!(read(reply.body).await.unwrap(), "piece piece ");
    assert_eq!(secure.accepted(), 3);
}

#[tokio::test]
async fn dropping_the_body_resets_the_stream_and_leaves_the_others() {
    let mut secure = Secure::start(&["h2"], 100).await;
    let upstream = trusting();
    let mut stays = endless(&upstream, &secure.base_url).await;
    let mut leaves = endless(&upstream, &secure.base_url).await;
    assert_eq!(next(&mut leaves.body).await.unwrap().unwrap(), "piece ");
    drop(leaves);
    secure.told.recv().await.unwrap();
    assert_eq!(next(&mut stays.body).await.unwrap().unwrap(), "piece ");
    assert!(secure.told.try_recv().is_err());
    assert_eq!(secure.accepted(), 1);
}

#[tokio::test]
async fn without_h2_it_is_http_1_1() {
    let secure = Secure::start(&["http/1.1"], 100).await;
    let upstream = trusting();
    for _ in 0..2 {
        let reply = send(&upstream, &secure.base_url).await.unwrap();
        assert_eq!(reply.headers["seen-version"], "HTTP/1.1");
        assert_eq!(read(reply.body).await.unwrap(), "piece piece ");
    }
    assert_eq!(secure.accepted(), 1);
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_or_a_wrong_name_ends_it() {
    let secure = Secure::start(&["h2"], 100).await;
    assert_eq!(send(&upstream(), &secure.base_url).await.unwrap_err(), CallError::Tls);
    let wrong_name = secure.base_url.replace("localhost", "127.0.0.2");
    assert!(matches!(send(&trusting(), &wrong_name).await.unwrap_err(), CallError::Refused | CallError::Tls));
}

#[test]
fn extra_roots_must_be_readable_certificates() {
    for name in ["no-such-file.pem", "server.key", "README.md"] {
        assert_eq!(Upstream::trusting(Some(&fixture(name))).err(), Some(StartError::ExtraRoots), "{name}");
    }
}
