//! What a call outward is made of: where it may go, how it is signed and sent, what came back, and what that means.
//!
//! Nothing here decides when a call is made or what follows it: that is the workers', and whoever asks for a test call.

mod advice;
mod channel;
mod dial;
mod guard;
mod mask;
mod meaning;
mod rds;
mod rds_document;
mod registration;
mod render;
mod spi;
mod trial;
mod webhook;

pub use guard::Network;
pub(crate) use registration::unmask;
pub use registration::{AddressFault, check_addresses};
pub use trial::{Trial, TrialError, TrialReport};

pub(crate) use channel::{NotCallable, call_channel};
pub(crate) use dial::Dialer;
pub(crate) use guard::Reach;
pub use mask::shown_addresses;
pub(crate) use meaning::{About, Spoken};
pub(crate) use rds::{Pushed, RdsDatabases, push_row};
pub use rds::{RdsProblem, examine_rds};
pub(crate) use render::spi_call;
pub(crate) use spi::{SpiCall, call_app};
pub(crate) use webhook::{call_webhook, check_webhook_url, ping_webhook};
