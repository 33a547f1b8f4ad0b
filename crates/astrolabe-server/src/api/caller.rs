//! Who calls: a person behind a bearer token. The seller comes from the token, never from the request.

use std::sync::Arc;

use astrolabe_core::ids::{LocationId, SellerId};
use astrolabe_core::order::timeline::Actor;
use astrolabe_store::{UserRole, UserRow};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::api::ApiFailure;
use crate::app::App;

/// The bearer token of a request.
#[derive(Clone)]
pub(crate) struct BearerToken(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for BearerToken {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiFailure> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
        token.filter(|token| !token.is_empty()).map(|token| Self(token.to_owned())).ok_or_else(ApiFailure::unauthorized)
    }
}

/// A person.
#[derive(Clone, Debug)]
pub(crate) struct Caller(UserRow);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiFailure> {
        let BearerToken(token) = BearerToken::from_request_parts(parts, app).await?;
        app.directory.get().user_by_token(&token).cloned().map(Self).ok_or_else(ApiFailure::unauthorized)
    }
}

impl Caller {
    pub(crate) fn seller(&self) -> SellerId {
        self.0.seller
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// The one store of a clerk; `None` for people who act for every store.
    pub(crate) fn store(&self) -> Option<LocationId> {
        match self.0.role {
            UserRole::StoreClerk { store } => Some(store),
            UserRole::Merchant | UserRole::Operator => None,
        }
    }

    /// Whether this is somebody who runs the platform.
    pub(crate) fn is_operator(&self) -> bool {
        match self.0.role {
            UserRole::Operator => true,
            UserRole::Merchant | UserRole::StoreClerk { .. } => false,
        }
    }

    /// Refuses people who only act for one store.
    pub(crate) fn must_be_merchant(&self) -> Result<(), ApiFailure> {
        match self.0.role {
            UserRole::Merchant | UserRole::Operator => Ok(()),
            UserRole::StoreClerk { .. } => Err(ApiFailure::forbidden("a store clerk may not do that")),
        }
    }

    /// Refuses a clerk of another store.
    pub(crate) fn must_act_for(&self, location: LocationId) -> Result<(), ApiFailure> {
        match self.store() {
            Some(store) if store != location => {
                Err(ApiFailure::forbidden(format!("this token acts for store {store} only")))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// As the timeline names them when they act at a location: the merchant's staff are keepers at their stores, and
    /// operators at a warehouse, which has no keeper.
    pub(crate) fn actor_at(&self, location: LocationId, warehouse: bool) -> Actor {
        let user = self.0.name.clone();
        match self.0.role {
            UserRole::StoreClerk { .. } => Actor::Keeper { user, store: location },
            UserRole::Merchant if !warehouse => Actor::Keeper { user, store: location },
            UserRole::Merchant | UserRole::Operator => Actor::Operator { user },
        }
    }
}
