//! What a location does for buyers and when: the merchant's settings for delivery and pickup, the switches over both, and
//! the place in a location's day (接单阈值) that an assignment takes.
//!
//! Data and calendars only. What they mean for a plan is `routing::eligibility`'s, how a day is counted
//! `decide::capacity`'s; how they are written on a wire is the gateway's.

use serde::{Deserialize, Serialize};

use crate::deadlines::OwnDeadlines;
use crate::ids::LocationId;
use crate::order::trade::Delivery;
use crate::time::{OpeningHours, Timestamp};

/// Most windows of one day.
pub const WINDOWS_MAX: usize = 16;

/// The two things a location can do with a sub-order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// 门店发货.
    Delivery,
    /// 门店自提.
    Pickup,
}

/// Daily times on the Shanghai clock in which something is done. None at all means always.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Windows(pub Vec<OpeningHours>);

/// 优先级: 0 goes first, 10 last. What a step is worth is the router's setting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(u8);

/// How a location delivers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliveryRules {
    /// 接单时间段: when it takes orders.
    pub working: Windows,
    /// 派单时间: when it is offered orders.
    pub dispatch: Windows,
    pub priority: Priority,
    /// 每日接单阈值: sub-orders of one Shanghai day; `None` sets no limit.
    pub threshold: Option<i64>,
}

/// How a location hands out what buyers come for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PickupRules {
    /// 接单时间段.
    pub working: Windows,
    /// 每日接单阈值, as [`DeliveryRules::threshold`].
    pub threshold: Option<i64>,
}

/// Rules that stand in for the usual ones during a campaign (活动期).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Campaign<R> {
    pub starts: Timestamp,
    /// Its whole second still belongs to the campaign: merchants write 23:59:59.
    pub ends: Timestamp,
    pub rules: R,
}

/// The usual rules, and the latest campaign's.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Schedule<R> {
    pub usual: R,
    pub campaign: Option<Campaign<R>>,
}

/// Everything a merchant may set about a location's service. The default restricts nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceSettings {
    pub delivers: bool,
    pub hands_out: bool,
    pub delivery: Schedule<DeliveryRules>,
    pub pickup: Schedule<PickupRules>,
    /// How long each hop may take here, where it is not the merchant's usual time.
    #[serde(skip_serializing_if = "OwnDeadlines::is_empty")]
    pub deadlines: OwnDeadlines,
}

/// One change of a location's settings. Each says the whole of what it speaks of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServiceChange {
    Delivery(DeliveryRules),
    DeliveryCampaign(Campaign<DeliveryRules>),
    Pickup(PickupRules),
    PickupCampaign(Campaign<PickupRules>),
    Switches { delivers: bool, hands_out: bool },
    Deadlines(OwnDeadlines),
}

/// Names the count of sub-orders that a location took on a Shanghai day for a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DayKey {
    /// Days since the epoch, as [`Timestamp::shanghai_day`].
    pub day: i64,
    pub location: LocationId,
    pub service: Service,
}

/// The place in a location's day that an assignment took: held while it is offered, given back if it ends without having
/// been accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DayPlace {
    pub day: i64,
    pub service: Service,
    /// Accepted: the place is used for good.
    pub confirmed: bool,
}

impl Service {
    /// The service that a line's way to the buyer asks for.
    pub fn of(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Ship => Service::Delivery,
            Delivery::Pickup { .. } => Service::Pickup,
        }
    }

    /// The stable name in tables, metrics and pages.
    pub fn name(self) -> &'static str {
        match self {
            Service::Delivery => "delivery",
            Service::Pickup => "pickup",
        }
    }
}

impl Windows {
    /// Whether `at` is a time for it.
    pub fn contain(&self, at: Timestamp) -> bool {
        self.0.is_empty() || self.0.iter().any(|window| window.contains(at))
    }

    fn next_opening(&self, at: Timestamp) -> Option<Timestamp> {
        self.0.iter().map(|window| window.next_opening(at)).min()
    }
}

impl Priority {
    pub const FIRST: Priority = Priority(0);
    pub const LAST: Priority = Priority(10);

    /// `None` outside 0 … 10.
    pub fn new(number: i64) -> Option<Self> {
        u8::try_from(number).ok().map(Self).filter(|priority| *priority <= Self::LAST)
    }

    /// Steps behind the first.
    pub fn steps(self) -> u8 {
        self.0
    }
}

impl<R> Campaign<R> {
    fn contains(&self, at: Timestamp) -> bool {
        self.starts <= at && at < self.over()
    }

    /// The first instant after it.
    fn over(&self) -> Timestamp {
        Timestamp((self.ends.second() + 1) * 1_000)
    }
}

impl<R> Schedule<R> {
    /// The rules that hold at an instant.
    pub fn at(&self, at: Timestamp) -> &R {
        match &self.campaign {
            Some(campaign) if campaign.contains(at) => &campaign.rules,
            Some(_) | None => &self.usual,
        }
    }

    /// The next instant at which other rules hold.
    fn next_turn(&self, at: Timestamp) -> Option<Timestamp> {
        let campaign = self.campaign.as_ref()?;
        [campaign.starts, campaign.over()].into_iter().filter(|turn| *turn > at).min()
    }
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            delivers: true,
            hands_out: true,
            delivery: Schedule::default(),
            pickup: Schedule::default(),
            deadlines: OwnDeadlines::default(),
        }
    }
}

impl ServiceSettings {
    /// Whether nothing was ever set, which most locations are: they cost no look.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The switch over a service.
    pub fn is_on(&self, service: Service) -> bool {
        match service {
            Service::Delivery => self.delivers,
            Service::Pickup => self.hands_out,
        }
    }

    /// When the location takes orders, as of an instant.
    pub fn working(&self, service: Service, at: Timestamp) -> &Windows {
        match service {
            Service::Delivery => &self.delivery.at(at).working,
            Service::Pickup => &self.pickup.at(at).working,
        }
    }

    /// When the location is offered orders; a buyer who comes himself needs no such time.
    pub fn dispatch(&self, service: Service, at: Timestamp) -> Option<&Windows> {
        match service {
            Service::Delivery => Some(&self.delivery.at(at).dispatch),
            Service::Pickup => None,
        }
    }

    /// Sub-orders that the location takes on the day of an instant; `None` where there is no limit.
    pub fn threshold(&self, service: Service, at: Timestamp) -> Option<i64> {
        match service {
            Service::Delivery => self.delivery.at(at).threshold,
            Service::Pickup => self.pickup.at(at).threshold,
        }
    }

    /// The next instant at which the calendar may let in what it keeps out now: a window opens, a campaign begins or ends,
    /// a limited day is over.
    pub fn next_change(&self, service: Service, at: Timestamp) -> Option<Timestamp> {
        let turn = match service {
            Service::Delivery => self.delivery.next_turn(at),
            Service::Pickup => self.pickup.next_turn(at),
        };
        let shut = |windows: &&Windows| !windows.contain(at);
        let working = Some(self.working(service, at)).filter(shut).and_then(|windows| windows.next_opening(at));
        let dispatch = self.dispatch(service, at).filter(shut).and_then(|windows| windows.next_opening(at));
        let day = self.threshold(service, at).map(|_| at.next_shanghai_day());
        [turn, working, dispatch, day].into_iter().flatten().min()
    }

    /// Makes a change.
    pub fn apply(&mut self, change: ServiceChange) {
        match change {
            ServiceChange::Delivery(rules) => self.delivery.usual = rules,
            ServiceChange::DeliveryCampaign(campaign) => self.delivery.campaign = Some(campaign),
            ServiceChange::Pickup(rules) => self.pickup.usual = rules,
            ServiceChange::PickupCampaign(campaign) => self.pickup.campaign = Some(campaign),
            ServiceChange::Switches { delivers, hands_out } => {
                self.delivers = delivers;
                self.hands_out = hands_out;
            }
            ServiceChange::Deadlines(deadlines) => self.deadlines = deadlines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-15 00:00 in Shanghai.
    const MIDNIGHT: i64 = 1_699_977_600_000;

    fn at(hour: i64, minute: i64) -> Timestamp {
        Timestamp(MIDNIGHT + (hour * 60 + minute) * 60_000)
    }

    fn windows(of: &[(u16, u16)]) -> Windows {
        let hours =
            |(opens, closes): &(u16, u16)| OpeningHours { opens_minute: opens * 60, closes_minute: closes * 60 };
        Windows(of.iter().map(hours).collect())
    }

    #[test]
    fn a_campaign_stands_in_from_its_first_to_its_last_second() {
        let usual = PickupRules { threshold: Some(5), ..PickupRules::default() };
        let busy = PickupRules { threshold: Some(50), ..PickupRules::default() };
        let campaign = Campaign { starts: at(9, 0), ends: at(12, 0), rules: busy };
        let schedule = Schedule { usual, campaign: Some(campaign) };
        let last = Timestamp(at(12, 0).0 + 999);
        let over = Timestamp(at(12, 0).0 + 1_000);
        let table =
            [(at(8, 59), 5, Some(at(9, 0))), (at(9, 0), 50, Some(over)), (last, 50, Some(over)), (over, 5, None)];
        for (when, threshold, turn) in table {
            assert_eq!((schedule.at(when).threshold, schedule.next_turn(when)), (Some(threshold), turn), "{when}");
        }
    }

    #[test]
    fn the_next_change_is_the_first_that_may_let_somebody_in() {
        let rules = |working: &[(u16, u16)], dispatch: &[(u16, u16)], threshold| DeliveryRules {
            working: windows(working),
            dispatch: windows(dispatch),
            threshold,
            ..DeliveryRules::default()
        };
        let table = [
            (rules(&[], &[], None), at(3, 0), None),
            (rules(&[(9, 12)], &[], None), at(3, 0), Some(at(9, 0))),
            (rules(&[(9, 12)], &[], None), at(10, 0), None),
            (rules(&[(9, 12)], &[(8, 10), (18, 22)], None), at(13, 0), Some(at(18, 0))),
            (rules(&[], &[(18, 2)], None), at(1, 0), None),
            (rules(&[], &[(18, 2)], None), at(2, 0), Some(at(18, 0))),
            (rules(&[(9, 12)], &[], Some(3)), at(10, 0), Some(at(24, 0))),
            (rules(&[(9, 12)], &[], Some(3)), at(23, 0), Some(at(24, 0))),
        ];
        for (usual, when, expected) in table {
            let delivery = Schedule { usual: usual.clone(), campaign: None };
            let settings = ServiceSettings { delivery, ..ServiceSettings::default() };
            assert_eq!(settings.next_change(Service::Delivery, when), expected, "{usual:?} {when}");
            assert_eq!(settings.next_change(Service::Pickup, when), None);
        }
    }

    #[test]
    fn priorities_end_at_ten() {
        let steps = [-1, 0, 10, 11, 300].map(|number| Priority::new(number).map(Priority::steps));
        assert_eq!(steps, [None, Some(0), Some(10), None, None]);
    }
}
