//! One keep-alive HTTP/1.1 connection that carries one request at a time: what "64 connections" means in a benchmark, at little
//! cost for the machine that it shares with the server. It reads what our server writes and no more: status, Content-Length, body.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wire::BaseUrl;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// An open connection.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    host: String,
    out: Vec<u8>,
    inbox: Vec<u8>,
}

/// One request to send.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// Path and query.
    pub target: &'a str,
    /// The Content-Type header.
    pub content_type: &'a str,
    /// A bearer token, where one is needed.
    pub bearer: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// The server does not listen, or not for plain http.
    pub async fn open(server: &BaseUrl) -> io::Result<Self> {
        let plain = || io::Error::new(io::ErrorKind::Unsupported, "load is measured over plain http");
        let host = server.host_and_port().ok_or_else(plain)?;
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host, out: Vec::new(), inbox: Vec::new() })
    }

    /// Sends a request and gives status and body.
    ///
    /// # Errors
    /// The connection broke, or the answer is not of the form our server writes.
    pub async fn post(&mut self, post: Post<'_>) -> io::Result<(u16, &[u8])> {
        self.out.clear();
        let bearer = post.bearer.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n{bearer}\r\n",
            post.target,
            self.host,
            post.content_type,
            post.body.len()
        );
        self.out.extend_from_slice(head.as_bytes());
        self.out.extend_from_slice(post.body);
        self.stream.write_all(&self.out).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> io::Result<(u16, &[u8])> {
        self.inbox.clear();
        let head_ends = loop {
            if let Some(at) = self.inbox.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more().await?;
        };
        let (status, length) = read_head(&self.inbox[..head_ends])?;
        while self.inbox.len() < head_ends + length {
            self.read_more().await?;
        }
        Ok((status, &self.inbox[head_ends..head_ends + length]))
    }

    async fn read_more(&mut self) -> io::Result<()> {
        if self.inbox.len() > ANSWER_BYTES_MAX {
            return Err(invalid("an answer longer than a load generator reads"));
        }
        match self.stream.read_buf(&mut self.inbox).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")),
            _ => Ok(()),
        }
    }
}

fn read_head(head: &[u8]) -> io::Result<(u16, usize)> {
    let text = std::str::from_utf8(head).map_err(|_| invalid("a head that is no text"))?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let length =
        lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    match (status, length.and_then(|(_, value)| value.trim().parse::<usize>().ok())) {
        (Some(status), Some(length)) if length <= ANSWER_BYTES_MAX => Ok((status, length)),
        _ => Err(invalid("a head without status or length")),
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        assert_eq!(read_head(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").unwrap(), (200, 12));
        assert_eq!(read_head(b"HTTP/1.1 409 Conflict\r\nx: y\r\ncontent-length:0\r\n\r\n").unwrap(), (409, 0));
        assert!(read_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(read_head(b"nonsense\r\n\r\n").is_err());
    }

    #[tokio::test]
    async fn two_requests_on_one_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let router = axum::Router::new().fallback(|body: String| async move { format!("heard {body}") });
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut line = Line::open(&server).await.unwrap();
        for word in ["one", "two"] {
            let post = Post { target: "/x?y=1", content_type: "text/plain", bearer: Some("t"), body: word.as_bytes() };
            let (status, body) = line.post(post).await.unwrap();
            assert_eq!((status, body), (200, format!("heard {word}").as_bytes()));
        }
    }
}
