//! A trade as the platform shows it to the merchant's staff (`GET /api/v1/trades/{tid}`): what of it the channel's service desk
//! and the verifier read.

use serde_json::Value;

use crate::ids::{Oid, Tid};
use crate::wire::{BaseUrl, CallError, Http, Verb};

/// A trade's lines, assignments and facts.
#[derive(Debug, Clone, Default)]
pub struct TradeView {
    /// Sub-orders with the state of the units that no assignment has.
    pub lines: Vec<LineView>,
    /// All assignments, history too.
    pub assignments: Vec<AssignmentView>,
    /// (sub-order, fact, location id) of the timeline.
    pub facts: Vec<FactView>,
}

/// One line.
#[derive(Debug, Clone)]
pub struct LineView {
    /// The sub-order.
    pub oid: Oid,
    /// `routing`, `unfillable`, …; nothing when every unit is assigned or done.
    pub unassigned: Option<String>,
}

/// One assignment.
#[derive(Debug, Clone)]
pub struct AssignmentView {
    /// The sub-order.
    pub oid: Oid,
    /// `notified`, `accepted`, `shipped`, …
    pub state: String,
    /// Its waybill, once shipped.
    pub waybill: Option<String>,
}

/// One fact of the timeline.
#[derive(Debug, Clone)]
pub struct FactView {
    /// The sub-order, where the fact is one's.
    pub oid: Option<Oid>,
    /// `accepted`, `refused`, `shipped`, …
    pub fact: String,
    /// The platform's id of the location, where the fact has one.
    pub location: Option<i64>,
}

/// How a line stands, as far as the channel must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// On its way.
    Open,
    /// Nobody can serve it now.
    Unfillable,
    /// The goods are back on the shelf, or never left it.
    Cancelled,
    /// The store says the goods are gone, or they have been shipped.
    Gone,
    /// Closed by the channel.
    Closed,
}

/// Gets it.
///
/// # Errors
/// [`CallError`].
pub async fn fetch(http: &Http, server: &BaseUrl, merchant_token: &str, tid: Tid) -> Result<TradeView, CallError> {
    let json = http.rest(Verb::Get, &server.at(&format!("/api/v1/trades/{tid}")), merchant_token, None).await?;
    Ok(TradeView::of(&json))
}

impl TradeView {
    fn of(json: &Value) -> Self {
        let each = |name: &str| json[name].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let lines = each("lines").into_iter().filter_map(|line| {
            Some(LineView { oid: Oid(line["oid"].as_i64()?), unassigned: text(&line["unassigned"]["state"]) })
        });
        let assignments = each("assignments").into_iter().filter_map(|assignment| {
            let oid = Oid(assignment["oid"].as_i64()?);
            Some(AssignmentView { oid, state: text(&assignment["state"])?, waybill: text(&assignment["waybill"]) })
        });
        let facts = each("timeline").into_iter().filter_map(|fact| {
            let oid = fact["oid"].as_i64().map(Oid);
            Some(FactView { oid, fact: text(&fact["fact"])?, location: fact["location_id"].as_i64() })
        });
        Self { lines: lines.collect(), assignments: assignments.collect(), facts: facts.collect() }
    }

    /// How a line stands: by its unassigned units, else by its latest assignment.
    #[must_use]
    pub fn standing(&self, oid: Oid) -> Standing {
        let unassigned = self.lines.iter().find(|line| line.oid == oid).and_then(|line| line.unassigned.as_deref());
        match unassigned {
            Some("unfillable") => return Standing::Unfillable,
            Some("cancelled") => return Standing::Cancelled,
            Some("closed") => return Standing::Closed,
            Some(_) => return Standing::Open,
            None => {}
        }
        match self
            .assignments
            .iter()
            .rfind(|assignment| assignment.oid == oid)
            .map(|assignment| assignment.state.as_str())
        {
            Some("cancelled") => Standing::Cancelled,
            Some("closed") => Standing::Closed,
            Some(
                "cancel_denied" | "shipped" | "signed" | "collected" | "return_requested" | "returned" | "refunded",
            ) => Standing::Gone,
            Some(_) | None => Standing::Open,
        }
    }

    /// Whether the timeline has this fact of a sub-order.
    #[must_use]
    pub fn has(&self, oid: Oid, fact: &str) -> bool {
        self.facts.iter().any(|known| known.oid == Some(oid) && known.fact == fact)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn standing_by_units_then_by_the_latest_assignment() {
        let view = TradeView::of(&json!({
            "lines": [
                {"oid": 1, "unassigned": {"units": 1, "state": "unfillable", "reason": "x"}},
                {"oid": 2, "unassigned": null},
                {"oid": 3, "unassigned": null},
                {"oid": 4, "unassigned": {"units": 1, "state": "routing", "reason": null}},
            ],
            "assignments": [
                {"oid": 2, "state": "refused", "waybill": null},
                {"oid": 2, "state": "shipped", "waybill": "SF1"},
                {"oid": 3, "state": "cancelled", "waybill": null},
                {"oid": 4, "state": "refused", "waybill": null},
            ],
            "timeline": [{"oid": 2, "fact": "shipped", "location_id": 9, "happened_at": 1, "learnt_at": 1}],
        }));
        let standings = [1, 2, 3, 4].map(|oid| view.standing(Oid(oid)));
        assert_eq!(standings, [Standing::Unfillable, Standing::Gone, Standing::Cancelled, Standing::Open]);
        assert!(view.has(Oid(2), "shipped") && !view.has(Oid(3), "shipped"));
    }
}
