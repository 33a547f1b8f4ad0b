//! Why a location may not serve a line, and what became of a line. Every reason has a stable name for tables and
//! APIs, a short code for stored decisions, and a sentence in Chinese and English for people.
//!
//! Only facts about the location and the line are judged here; what it costs is `cost`'s question.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::order::trade::{Exclusion, ExclusionReason};
use crate::place::StoreStatus;
use crate::service_settings::{Service, ServiceSettings};
use crate::time::Timestamp;

/// Why a location may not serve a line. The first that holds, in this order, is the one reported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Reason {
    /// The location was deleted.
    #[serde(rename = "del")]
    Deleted,
    /// 暂停营业: the store's status is HOLD.
    #[serde(rename = "hold")]
    OnHold,
    /// 关店: the store's status is CLOSE.
    #[serde(rename = "shut")]
    Shut,
    /// The merchant has switched the service off here.
    #[serde(rename = "off")]
    SwitchedOff,
    /// 接单时间段: the location takes no orders at this time.
    #[serde(rename = "rest")]
    OutsideWorkingTime,
    /// 派单时间: the location is offered nothing at this time.
    #[serde(rename = "disp")]
    OutsideDispatchTime,
    /// 每日接单阈值: the location has taken all it takes on this day.
    #[serde(rename = "full")]
    DayFull,
    /// The line is being taken away from here, and this plan looks elsewhere.
    #[serde(rename = "left")]
    LeftOut,
    /// The store refused this line before.
    #[serde(rename = "refd")]
    RefusedBefore,
    /// The store let this line's offer run out before.
    #[serde(rename = "mute")]
    SilentBefore,
    /// The store accepted this line and could not ship it after all.
    #[serde(rename = "back")]
    GaveBackBefore,
    /// A store serves only items that are bound to it (white paper §6.1.6).
    #[serde(rename = "unbd")]
    NotBound,
    /// There would be enough, but reports from here did not add up and wait for a full count.
    #[serde(rename = "susp")]
    Suspect,
    /// Nothing of the line's goods is left here after safety stock.
    #[serde(rename = "none")]
    NoStock,
    /// Some is left after safety stock, but not the whole quantity (or not of every component of a kit).
    #[serde(rename = "few")]
    TooFew,
}

/// What became of a line. Only the first four may reach a customer; an error is never "no stock".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Somebody ships it.
    #[serde(rename = "ok")]
    Allocated,
    /// No place that may serve it has the units.
    #[serde(rename = "stock")]
    NoStock,
    /// A place has the units, but a limit keeps it out: its day is full, it refused, the cap on packages, the price of
    /// leaving it.
    #[serde(rename = "cap")]
    NoCapacity,
    /// The places that have the units are on hold or closed, for good or at this time.
    #[serde(rename = "closed")]
    Closed,
    /// The seller's router settings make no sense (a negative weight): nothing was decided.
    #[serde(rename = "rule")]
    RuleError,
    /// It is not known which goods the line is: nothing was decided.
    #[serde(rename = "data")]
    DataUnknown,
}

impl Reason {
    /// All reasons, for tables and docs.
    pub const ALL: [Reason; 15] = [
        Reason::Deleted,
        Reason::OnHold,
        Reason::Shut,
        Reason::SwitchedOff,
        Reason::OutsideWorkingTime,
        Reason::OutsideDispatchTime,
        Reason::DayFull,
        Reason::LeftOut,
        Reason::RefusedBefore,
        Reason::SilentBefore,
        Reason::GaveBackBefore,
        Reason::NotBound,
        Reason::Suspect,
        Reason::NoStock,
        Reason::TooFew,
    ];

    /// What a store's status means for routing; opening hours decide nothing here (a deadline waits for the morning).
    pub fn of_status(status: StoreStatus) -> Option<Reason> {
        match status {
            StoreStatus::Normal => None,
            StoreStatus::Hold => Some(Reason::OnHold),
            StoreStatus::Close => Some(Reason::Shut),
        }
    }

    /// What a location's settings mean for a service at an instant, when it has `taken` so many sub-orders of that day.
    pub fn of_service(settings: &ServiceSettings, service: Service, now: Timestamp, taken: i64) -> Option<Reason> {
        let full = settings.threshold(service, now).is_some_and(|threshold| taken >= threshold);
        if !settings.is_on(service) {
            Some(Reason::SwitchedOff)
        } else if !settings.working(service, now).contain(now) {
            Some(Reason::OutsideWorkingTime)
        } else if settings.dispatch(service, now).is_some_and(|windows| !windows.contain(now)) {
            Some(Reason::OutsideDispatchTime)
        } else {
            full.then_some(Reason::DayFull)
        }
    }

    /// What an earlier refusal means for this plan.
    pub fn of_exclusion(exclusion: &Exclusion) -> Reason {
        match exclusion.why {
            ExclusionReason::Refused => Reason::RefusedBefore,
            ExclusionReason::NoAnswer => Reason::SilentBefore,
            ExclusionReason::GaveBack => Reason::GaveBackBefore,
        }
    }

    /// The stable name in tables, metrics and APIs.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Deleted => "deleted",
            Reason::OnHold => "on_hold",
            Reason::Shut => "shut",
            Reason::SwitchedOff => "switched_off",
            Reason::OutsideWorkingTime => "outside_working_time",
            Reason::OutsideDispatchTime => "outside_dispatch_time",
            Reason::DayFull => "day_full",
            Reason::LeftOut => "left_out",
            Reason::RefusedBefore => "refused_before",
            Reason::SilentBefore => "silent_before",
            Reason::GaveBackBefore => "gave_back_before",
            Reason::NotBound => "not_bound",
            Reason::Suspect => "suspect",
            Reason::NoStock => "no_stock",
            Reason::TooFew => "too_few",
        }
    }

    /// The sentence in English.
    pub fn en(self) -> &'static str {
        match self {
            Reason::Deleted => "The location was deleted.",
            Reason::OnHold => "The store has paused business.",
            Reason::Shut => "The store is closed down.",
            Reason::SwitchedOff => "The service is switched off here.",
            Reason::OutsideWorkingTime => "The location takes no orders at this time of day.",
            Reason::OutsideDispatchTime => "The location is offered nothing at this time of day.",
            Reason::DayFull => "The location has taken all the sub-orders it takes on this day.",
            Reason::LeftOut => "The line is being taken away from here.",
            Reason::RefusedBefore => "The store refused this line before.",
            Reason::SilentBefore => "The store did not answer in time when it was offered this line.",
            Reason::GaveBackBefore => "The store accepted this line and could not ship it.",
            Reason::NotBound => "The item is not bound to this store.",
            Reason::Suspect => "The stock figures here do not add up and wait for a full count.",
            Reason::NoStock => "Nothing is left here after safety stock.",
            Reason::TooFew => "Less than the wanted quantity is left here after safety stock.",
        }
    }

    /// The sentence in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Reason::Deleted => "该门店已删除。",
            Reason::OnHold => "该门店暂停营业。",
            Reason::Shut => "该门店已关店。",
            Reason::SwitchedOff => "此处已关闭该服务。",
            Reason::OutsideWorkingTime => "当前不在此处的接单时间段内。",
            Reason::OutsideDispatchTime => "当前不在此处的派单时间内。",
            Reason::DayFull => "此处当日接单数已达阈值。",
            Reason::LeftOut => "该子订单正从此处改派,本次不再考虑。",
            Reason::RefusedBefore => "该门店曾拒绝此子订单。",
            Reason::SilentBefore => "该门店曾超时未答复此子订单。",
            Reason::GaveBackBefore => "该门店接单后无法发货,已退回。",
            Reason::NotBound => "宝贝未与该门店绑定。",
            Reason::Suspect => "此处库存数据存疑,等待全量盘点。",
            Reason::NoStock => "扣除安全库存后此处无货。",
            Reason::TooFew => "扣除安全库存后此处数量不足。",
        }
    }
}

impl Outcome {
    /// Whether the buyer may be told this outcome; the others are ours to repair.
    pub fn may_reach_a_customer(self) -> bool {
        match self {
            Outcome::Allocated | Outcome::NoStock | Outcome::NoCapacity | Outcome::Closed => true,
            Outcome::RuleError | Outcome::DataUnknown => false,
        }
    }

    /// The stable name in tables, metrics and APIs.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Allocated => "allocated",
            Outcome::NoStock => "no_stock",
            Outcome::NoCapacity => "no_capacity",
            Outcome::Closed => "closed",
            Outcome::RuleError => "rule_error",
            Outcome::DataUnknown => "data_unknown",
        }
    }

    /// The sentence in English.
    pub fn en(self) -> &'static str {
        match self {
            Outcome::Allocated => "A location was chosen.",
            Outcome::NoStock => "No location that may serve the line has the units.",
            Outcome::NoCapacity => {
                "Locations that have the units may not take the line: a limit or a refusal keeps them out."
            }
            Outcome::Closed => "The locations that have the units are on hold or closed, for good or at this time.",
            Outcome::RuleError => "The router settings make no sense; nothing was decided.",
            Outcome::DataUnknown => "It is not known which goods the line is; nothing was decided.",
        }
    }

    /// The sentence in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Outcome::Allocated => "已选定发货地点。",
            Outcome::NoStock => "可发货的地点均无足够库存。",
            Outcome::NoCapacity => "有货的地点因限制或曾拒单而不能承接。",
            Outcome::Closed => "有货的门店均已暂停营业、关店,或当前不接单。",
            Outcome::RuleError => "路由设置有误,未作决定。",
            Outcome::DataUnknown => "该子订单未对应到货品,未作决定。",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_its_own_name_code_and_sentences() {
        let of = |text: fn(Reason) -> String| Reason::ALL.map(text).into_iter().collect::<BTreeSet<_>>().len();
        assert_eq!(of(|reason| reason.name().to_owned()), Reason::ALL.len());
        assert_eq!(of(|reason| reason.en().to_owned()), Reason::ALL.len());
        assert_eq!(of(|reason| reason.zh().to_owned()), Reason::ALL.len());
        assert_eq!(of(|reason| serde_json::to_string(&reason).unwrap()), Reason::ALL.len());
    }
}
