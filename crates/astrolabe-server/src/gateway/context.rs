//! What a handler is given: the decoded call, who makes it for which seller, and the way to the lane and the store.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrolabe_core::command::{Command, Outcome};
use astrolabe_core::ids::{AppKey, LocationId, SellerId, Tid};
use astrolabe_core::order::timeline::{Actor, Via};
use astrolabe_core::refusal::Refusal;
use astrolabe_core::time::Timestamp;
use astrolabe_protocol::catalogue::{Effect, Repeat};
use astrolabe_protocol::{Call, Fields, WireError};
use astrolabe_store::{AnswerKey, Role, TradeView};

use crate::app::{App, DirectoryIndex, LaneError};
use crate::app::{Claim, PlaceError};
use crate::gateway::refusals::{lane_failed, refused, storage_failed};

/// One admitted call.
#[derive(Debug)]
pub(super) struct CallContext {
    pub(super) app: Arc<App>,
    pub(super) call: Call,
    pub(super) caller: AppKey,
    pub(super) seller: SellerId,
    pub(super) roles: BTreeSet<Role>,
    pub(super) now: Timestamp,
}

/// One admitted call of a method that acts for the calling app itself.
#[derive(Debug)]
pub(super) struct AppContext {
    pub(super) app: Arc<App>,
    pub(super) call: Call,
    pub(super) caller: AppKey,
    pub(super) directory: Arc<DirectoryIndex>,
}

impl CallContext {
    /// The decoded fields.
    pub(super) fn fields(&self) -> &Fields {
        &self.call.fields
    }

    /// The calling app, as the timeline names it.
    pub(super) fn actor(&self, operator: Option<&str>) -> Actor {
        self.actor_via(Via::Other, operator)
    }

    /// As [`Self::actor`], of a call that §5.4 gives a time.
    pub(super) fn actor_via(&self, via: Via, operator: Option<&str>) -> Actor {
        Actor::App { key: self.caller.clone(), operator: operator.unwrap_or_default().to_owned(), via }
    }

    /// Sends one command through the seller's lane.
    pub(super) async fn submit(&self, command: Command) -> Result<Outcome, WireError> {
        self.submit_part(command, 0).await
    }

    /// Sends the `part`-th command of a call that is more than one.
    pub(super) async fn submit_part(&self, command: Command, part: usize) -> Result<Outcome, WireError> {
        self.try_submit(command, part).await.map_err(|error| lane_failed(&error))
    }

    /// As [`Self::submit_part`], for handlers that report failures themselves.
    pub(super) async fn try_submit(&self, command: Command, part: usize) -> Result<Outcome, LaneError> {
        self.app.submit(self.seller, command, self.answer_key(part)).await
    }

    /// Writes without a business key are told apart from their repeats by app and signature; the parts of one call must
    /// not be taken for each other.
    fn answer_key(&self, part: usize) -> Option<AnswerKey> {
        match self.call.method.effect {
            Effect::Writes(Repeat::StoredAnswer) => {
                let sign = match part {
                    0 => self.call.sign.clone(),
                    later => format!("{}#{later}", self.call.sign),
                };
                Some(AnswerKey { app: self.caller.clone(), sign })
            }
            Effect::Writes(Repeat::BusinessKey(_)) | Effect::Reads => None,
        }
    }

    /// When something happened, from a field with epoch milliseconds. Nothing happens in the future: a clock that runs
    /// ahead is cut to ours.
    pub(super) fn happened_ms(&self, name: &str) -> Result<Timestamp, WireError> {
        Ok(self.fields().opt_long(name)?.map_or(self.now, |ms| Timestamp(ms).min(self.now)))
    }

    /// When something happened, from a field with a date; as [`Self::happened_ms`].
    pub(super) fn happened_at(&self, name: &str) -> Result<Timestamp, WireError> {
        Ok(self.fields().opt_time(name)?.map_or(self.now, |at| Timestamp(at.0).min(self.now)))
    }

    /// A location as the wire names it. `field` is the name in errors.
    pub(super) async fn location(
        &self,
        claim: Option<Claim>,
        text: &str,
        field: &'static str,
    ) -> Result<LocationId, WireError> {
        let found = self.app.places.resolve(self.app.store.as_ref(), self.seller, claim, text).await;
        found.map_err(|error| place_failed(&error, field))
    }

    /// A location by its numeric id, of either kind.
    pub(super) async fn location_by_id(&self, id: i64) -> Result<LocationId, WireError> {
        let location = LocationId(id);
        match self.app.places.kind_of(self.app.store.as_ref(), self.seller, location).await {
            Ok(Some(_kind)) => Ok(location),
            Ok(None) => Err(refused(&Refusal::LocationNotFound { location })),
            Err(error) => Err(storage_failed(&error)),
        }
    }

    /// A trade of this seller with everything known of it.
    pub(super) async fn trade(&self, tid: Tid) -> Result<TradeView, WireError> {
        let view = self.app.store.trade(self.seller, tid).await.map_err(|error| storage_failed(&error))?;
        view.ok_or_else(|| refused(&Refusal::TradeNotFound { tid }))
    }
}

/// A location that was not found, on the wire.
pub(super) fn place_failed(error: &PlaceError, field: &'static str) -> WireError {
    match error {
        PlaceError::Refused(refusal) => refused(refusal),
        PlaceError::NotAnId => WireError::invalid(field, "is not a store's id"),
        PlaceError::Storage(error) => storage_failed(error),
    }
}
