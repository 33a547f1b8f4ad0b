//! Serves an SPI endpoint the way an ISV does: the platform asks whether goods can still be stopped, or who shall ship an order; the
//! call is verified, decoded and answered.
//!
//! `cargo run -p astrolabe-protocol --example spi_endpoint -- 127.0.0.1:9000 helloworld` serves until it is stopped; declare
//! `http://127.0.0.1:9000/spi` as the app's address. The HTTP server here reads one request after another: bring your own.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use astrolabe_protocol::answer::Rendered;
use astrolabe_protocol::spi::{self, ReplyShape, SpiIncoming, SpiReply};
use astrolabe_protocol::{EpochMs, Fields, Secret};

const BODY_BYTES_MAX: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, secret] = &arguments[..] else {
        return Err("spi_endpoint ADDRESS SECRET".into());
    };
    let listener = TcpListener::bind(listen)?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        if let Err(error) = answer(&stream?, &Secret::new(secret)) {
            println!("no request: {error}");
        }
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, secret: &Secret) -> Result<(), Box<dyn Error>> {
    let request = Request::read(stream)?;
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let Rendered { content_type, body } = reply(&request.incoming(), secret, EpochMs(now));
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    Ok(())
}

/// What an ISV writes: verify first, then decide, then reply. A refusal renders itself.
fn reply(incoming: &SpiIncoming<'_>, secret: &Secret, now: EpochMs) -> Rendered {
    let call = match spi::receive(incoming, secret, now) {
        Ok(call) => call,
        Err(refusal) => return refusal.render(),
    };
    println!("{} for app {}", call.method.name, call.app_key);
    // Here the ISV notes the order and answers at once; what he decides he reports later by a call of his own.
    let taken = SpiReply { code: "0".to_owned(), message: "taken".to_owned(), fields: Fields::new() };
    spi::reply(call.method, &taken, ReplyShape::Flat)
}

/// One HTTP request.
struct Request {
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> Result<Self, Box<dyn Error>> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let target = line.split(' ').nth(1).ok_or("no request line")?;
        let query = target.split_once('?').map_or("", |(_, query)| query).to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
                None => break,
            }
        }
        let mut request = Self { query, headers, body: Vec::new() };
        let length: usize = request.header("content-length").unwrap_or("0").parse()?;
        request.body.resize(length.min(BODY_BYTES_MAX), 0);
        reader.read_exact(&mut request.body)?;
        Ok(request)
    }

    fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    }

    fn incoming(&self) -> SpiIncoming<'_> {
        SpiIncoming {
            query: &self.query,
            headers: &self.headers,
            content_type: self.header("content-type"),
            body: &self.body,
        }
    }
}
