//! Signs parameters on the command line: what to lay beside one's own signature when the platform answers 25.
//!
//! `cargo run -p astrolabe-protocol --example sign -- md5 helloworld app_key=12345678 v=2.0 @body.xml`
//! prints the base string and the signature. `@FILE` is the raw body of an XML or JSON request, and stands last.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::error::Error;

use astrolabe_protocol::Secret;
use astrolabe_protocol::pairs::{self, Pairs};
use astrolabe_protocol::sign::{self, SignMethod};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(method), Some(secret)) = (arguments.next(), arguments.next()) else {
        return Err("sign md5|hmac|hmac-sha256 SECRET [NAME=VALUE]… [@BODY-FILE]".into());
    };
    let method = SignMethod::parse(&method).ok_or("the method is md5, hmac or hmac-sha256")?;
    let (mut signed, mut body) = (Pairs::new(), None);
    for argument in arguments {
        match (argument.strip_prefix('@'), argument.split_once('=')) {
            (Some(file), _) => body = Some(std::fs::read(file)?),
            (None, Some((name, value))) => signed.push((name.to_owned(), value.to_owned())),
            (None, None) => return Err(format!("{argument} is neither NAME=VALUE nor @FILE").into()),
        }
    }
    pairs::refuse_duplicates(&signed)?;
    println!("base string: {}{}", sign::base_string(&signed), body.as_deref().map_or("", |_| " and the body"));
    println!("sign: {}", sign::sign(method, &Secret::new(secret), &signed, body.as_deref()));
    Ok(())
}
