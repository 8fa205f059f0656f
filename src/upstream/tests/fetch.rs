//! Images from addresses that callers choose.

use super::fake::Fake;
use super::*;
use crate::upstream::fetch::{FetchError, Image};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest of it";

async fn fetch(url: &str) -> Result<Image, FetchError> {
    upstream().image_from(url, Instant::now() + 300 * SECOND, true).await
}

/// A server that answers by path.
async fn server(answers: &'static [(&'static str, &'static str)]) -> Fake {
    Fake::start(move |mut line| async move {
        while let Some(request) = line.request().await {
            let known = answers.iter().find(|(path, _)| request.starts_with(&format!("GET {path} ")));
            line.write(known.map_or("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", |(_, answer)| answer)).await;
        }
    })
    .await
}

fn at(fake: &Fake, path: &str) -> String {
    fake.base_url.replace("/v1", path)
}

#[tokio::test]
async fn an_image_is_known_by_its_first_bytes_and_redirects_are_followed() {
    let fake = server(&[
        ("/gif", "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 12\r\n\r\nGIF89a......"),
        ("/moved", "HTTP/1.1 302 Found\r\nlocation: /gif\r\ncontent-length: 0\r\n\r\n"),
        ("/loop", "HTTP/1.1 301 Moved\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n"),
        ("/nowhere", "HTTP/1.1 301 Moved\r\ncontent-length: 0\r\n\r\n"),
        ("/html", "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 20\r\n\r\n<html>no image</html>"),
        ("/svg", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<svg>"),
        ("/metadata", "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n"),
        ("/file", "HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n"),
    ])
    .await;
    let image = fetch(&at(&fake, "/gif")).await.unwrap();
    assert_eq!((image.media_type, image.bytes.len()), ("image/gif", 12));
    assert_eq!(fetch(&at(&fake, "/moved")).await.unwrap(), image);
    for (path, error) in [
        ("/loop", FetchError::Redirects),
        ("/nowhere", FetchError::Status(301)),
        ("/html", FetchError::NoImage),
        ("/svg", FetchError::NoImage),
        ("/missing", FetchError::Status(404)),
        ("/metadata", FetchError::Unreachable),
        ("/file", FetchError::Address),
    ] {
        assert_eq!(fetch(&at(&fake, path)).await.unwrap_err(), error, "{path}");
    }
}

#[tokio::test]
async fn private_addresses_and_other_schemes_are_never_asked() {
    let fake = server(&[]).await;
    let far = Instant::now() + 300 * SECOND;
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "10.0.0.1", "169.254.169.254", "user:pw@127.0.0.1"] {
        let port = fake.base_url.rsplit(':').next().unwrap().trim_end_matches("/v1");
        let url = format!("http://{host}:{port}/x.png");
        assert_eq!(upstream().image(&url, far).await.unwrap_err(), FetchError::Unreachable, "{host}");
    }
    for url in ["file:///etc/passwd", "ftp://a.example/x", "gopher://a.example/", "data:image/png;base64,AA", "x", ""] {
        assert_eq!(upstream().image(url, far).await.unwrap_err(), FetchError::Address, "{url}");
    }
    assert_eq!(fake.accepted(), 0, "a closed, a silent and a private address look alike");
}

#[tokio::test]
async fn too_much_and_too_slow_end_it() {
    let endless = Fake::start(|mut line| async move {
        if line.request().await.is_some() {
            line.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            line.write_bytes(PNG).await;
            while line.write_bytes(&[0; 1 << 16]).await {}
        }
    })
    .await;
    assert_eq!(fetch(&at(&endless, "/x")).await.unwrap_err(), FetchError::Large);
    let silent = Fake::start(|mut line| async move {
        line.request().await;
        std::future::pending::<()>().await;
    })
    .await;
    let soon = Instant::now() + SECOND / 10;
    assert_eq!(upstream().image_from(&at(&silent, "/x"), soon, true).await.unwrap_err(), FetchError::Slow);
}
