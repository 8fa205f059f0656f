//! The address guard as callers meet it: names and literals, before a byte is sent.

use super::fake::Fake;
use super::*;

async fn strictly(base_url: &str) -> CallError {
    let provider = Provider { allow_private_network: false, ..provider(base_url) };
    upstream().send(&provider, &policy(), call()).await.unwrap_err()
}

#[tokio::test]
async fn no_spelling_of_a_private_address_gets_through() {
    let fake = Fake::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let port = fake.base_url.rsplit(':').next().unwrap().trim_end_matches("/v1").to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[fd00:ec2::254]",
        "169.254.169.254",
        "10.1.2.3",
        "100.64.1.1",
        "user:password@127.0.0.1",
        "%6c%6f%63alhost",
    ] {
        assert_eq!(strictly(&format!("http://{host}:{port}/v1")).await, CallError::PrivateAddress, "{host}");
    }
    assert_eq!(fake.accepted(), 0);
}

#[tokio::test]
async fn a_name_without_an_address_is_unknown() {
    assert_eq!(strictly("http://no-such-host.invalid/v1").await, CallError::UnknownHost);
}

#[tokio::test]
async fn metadata_services_stay_closed_where_private_networks_are_open() {
    for host in ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "100.100.100.200"] {
        let error = send(&upstream(), &format!("http://{host}/v1")).await.unwrap_err();
        assert_eq!(error, CallError::PrivateAddress, "{host}");
    }
}

#[tokio::test]
async fn only_http_and_https_can_be_called() {
    for url in ["ftp://example.org/v1", "unix:/run/x", "file:///etc/passwd", "ws://127.0.0.1/"] {
        assert_eq!(send(&upstream(), url).await.unwrap_err(), CallError::Unusable, "{url}");
    }
}
