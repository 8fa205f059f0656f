//! A small HTTP/1.1 client that sees the bytes: what a test must assert is often what a library hides.

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType, connect, socket};
use serde_json::Value;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as its framing promised.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The `code` of the error envelope; fails where the envelope is not whole.
    pub(crate) fn error_code(&self) -> String {
        let json = self.json();
        let error = json["error"].as_object().unwrap_or_else(|| panic!("no envelope: {json}"));
        for key in ["message", "type", "param", "code", "request_id"] {
            assert!(error.contains_key(key), "{key} is missing in {json}");
        }
        error["code"].as_str().unwrap_or_else(|| panic!("code is not a string: {json}")).to_owned()
    }

    /// The `data:` payloads of a streamed answer.
    pub(crate) fn events(&self) -> Vec<String> {
        self.text().lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
    }
}

/// One connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap_or_else(|error| panic!("connect {address}: {error}")))
    }

    /// With little room for what was sent and not read: what comes waits at the server.
    pub(crate) fn open_narrow(address: SocketAddr) -> Self {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        set_socket_recv_buffer_size(&socket, 4096).unwrap();
        connect(&socket, &address).unwrap();
        Self::over(TcpStream::from(socket))
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Its own port.
    pub(crate) fn port(&self) -> u16 {
        self.stream.get_ref().local_addr().unwrap().port()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<()> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.send(head.as_bytes())?;
        self.send(body)
    }

    /// Reads the head; `None` where the connection ended before one.
    pub(crate) fn head(&mut self) -> Option<(u16, Vec<(String, String)>)> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => return None,
            Err(error) => panic!("reading the head: {error}"),
        }
        let status =
            line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{line:?}"));
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            let line = line.trim_end();
            if line.is_empty() {
                return Some((status, headers));
            }
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// One chunk of a chunked body; `None` at its end or where it broke off.
    pub(crate) fn chunk(&mut self) -> Result<Option<Vec<u8>>, ()> {
        let mut size = String::new();
        if self.stream.read_line(&mut size).map_err(|_| ())? == 0 {
            return Err(());
        }
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| ())?;
        let mut data = vec![0; size + 2];
        self.stream.read_exact(&mut data).map_err(|_| ())?;
        data.truncate(size);
        Ok((size > 0).then_some(data))
    }

    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let (status, headers) = self.head()?;
        let mut answer = Answer { status, headers, body: Vec::new(), complete: true };
        if let Some(length) = answer.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            answer.body = vec![0; length];
            answer.complete = self.stream.read_exact(&mut answer.body).is_ok();
        } else if answer.header("transfer-encoding") == Some("chunked") {
            loop {
                match self.chunk() {
                    Ok(Some(data)) => answer.body.extend(data),
                    Ok(None) => break,
                    Err(()) => {
                        answer.complete = false;
                        break;
                    }
                }
            }
        } else {
            answer.complete = self.stream.read_to_end(&mut answer.body).is_ok();
        }
        Some(answer)
    }
}

/// One request on a fresh connection.
pub(crate) fn call(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut connection = Connection::open(address);
    // A server may refuse and close before it has read everything: the answer counts.
    let sent = connection.request(method, path, headers, body);
    connection.answer().unwrap_or_else(|| panic!("no answer to {method} {path} (sent: {sent:?})"))
}
