//! Calls a method the way a connector does: fields, a check against the catalogue, a signed request, a POST, the answer.
//!
//! `cargo run -p astrolabe-protocol --example call -- http://127.0.0.1:8080 12345678 helloworld test-session 10001`
//! asks for the store 10001. The POST is done here by hand to show that any HTTP client will do; use yours.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use astrolabe_protocol::client::{self, ClientError, ClientRequest, Credentials, Outgoing, Shape};
use astrolabe_protocol::{AppKey, EpochMs, Fields, Secret};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, app_key, secret, session, store] = &arguments[..] else {
        return Err("call BASE-URL APP-KEY SECRET SESSION STORE-ID".into());
    };
    let credentials = Credentials {
        app_key: AppKey::new(app_key),
        secret: Secret::new(secret),
        session: Some(session.clone()),
        customer_id: None,
    };

    let fields = Fields::new().with("store_id", store.parse::<i64>()?);
    // A field that is missing, misspelt or out of bounds is named here, before anything is sent.
    let call = Outgoing::checked("taobao.qimen.store.query", &fields, Shape::TopJson)?;
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let request = client::build(&call, &credentials, EpochMs(now));

    match call.answer(&post(base, &request)?) {
        Ok(answer) => {
            for (name, value) in answer.fields().iter() {
                println!("{name} = {value:?}");
            }
            Ok(())
        }
        // `sub_code` says exactly what was refused: docs/errors.md lists them all.
        Err(ClientError::Refused { code, message, sub_code }) => {
            Err(format!("refused: {code} {} {message}", sub_code.unwrap_or_default()).into())
        }
        Err(unreadable @ ClientError::Unreadable(_)) => Err(unreadable.into()),
    }
}

/// HTTP/1.0 in its plainest form: one request, one answer, the end of the connection.
fn post(base: &str, request: &ClientRequest) -> Result<Vec<u8>, Box<dyn Error>> {
    let url = request.url(base);
    let rest = url.strip_prefix("http://").ok_or("this example speaks http:// only")?;
    let (host, path) = rest.split_at(rest.find('/').ok_or("a URL has a path")?);
    let mut stream = TcpStream::connect(host)?;
    let (kind, length) = (request.content_type, request.body.len());
    write!(stream, "POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")?;
    stream.write_all(&request.body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no HTTP answer")?;
    Ok(answer.split_off(head + 4))
}
