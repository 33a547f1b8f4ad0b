//! One HTTP/1.1 connection of its own, where the shared client would hide how many there are. It speaks plain requests whose
//! answers say their length, as this server's do.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Socket(TcpStream);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Socket {
    pub(crate) async fn connect(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Sends a request as [`post`] or [`get`] wrote it and reads the answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.0.write_all(request).await?;
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            self.read_more(&mut bytes).await?;
            if bytes.len() > HEAD_BYTES_MAX && !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
                return Err(broken("the head does not end"));
            }
        };
        let (status, length) = read_head(&String::from_utf8_lossy(&bytes[..head]))?;
        let mut body = bytes.split_off(head + 4);
        while body.len() < length {
            self.read_more(&mut body).await?;
        }
        Ok(Reply { status, body })
    }

    async fn read_more(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        match self.0.read_buf(into).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn read_head(head: &str) -> io::Result<(u16, usize)> {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok());
    status.zip(length).ok_or_else(|| broken("no status or no length"))
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A POST request as bytes.
pub(crate) fn post(host: SocketAddr, path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A GET request as bytes.
pub(crate) fn get(host: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes()
}
