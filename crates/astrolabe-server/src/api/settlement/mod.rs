//! 分账 over REST: rule sets and their lives, what a set would have done, statements, and what was posted of a trade.
//! What is posted, the core says; by whom and when, the settlement worker.

mod dry_run;
mod postings;
mod rule_sets;
mod statements;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    rule_sets::router().merge(dry_run::router()).merge(statements::router()).merge(postings::router())
}
