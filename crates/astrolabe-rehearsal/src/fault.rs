//! Faults on demand: what a rehearsal does wrongly on purpose, and how often. The names are those of `--fault NAME[=share]`.
//! Nothing is done here; whoever sends or answers asks [`FaultPlan::draw`] whether to do it wrongly this time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::dice::Dice;

/// Share of a fault that was named without one.
const SHARE: f64 = 0.1;

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $zh:literal;)*) => {
        /// One way to be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $($(#[$doc])* $variant,)* }

        impl Fault {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name on the command line and in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is, in Chinese.
            #[must_use]
            pub fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }
        }
    };
}

faults! {
    /// A call with a signature made with another secret.
    BadSign, "bad-sign", "签名错误";
    /// A call signed rightly ten minutes ago.
    Stale, "stale", "过期的调用";
    /// A call for a seller who is nobody's.
    WrongSeller, "wrong-seller", "卖家不符";
    /// A call about a trade that does not exist.
    UnknownTid, "unknown-tid", "订单不存在";
    /// A call without a required field.
    MissingField, "missing-field", "缺少必填字段";
    /// A call with a field that nobody defined.
    UnknownField, "unknown-field", "多余字段";
    /// The same call twice.
    Duplicate, "duplicate", "重复调用";
    /// A notice before the one that should come first.
    OutOfOrder, "out-of-order", "乱序";
    /// A call that was minutes, or an answer that is seconds, under way.
    Late, "late", "迟到";
    /// No answer: the connection is cut after the work was done.
    Silent, "silent", "无应答";
    /// HTTP status 503, nothing done.
    ServerError, "5xx", "服务端错误";
    /// A body that is none.
    Garbage, "garbage", "乱码";
    /// A body that trickles.
    SlowDrip, "slow-drip", "缓慢传输";
    /// Played parties: takes calls whose signature it does not check.
    UncheckedSign, "unchecked-sign", "不校验签名";
    /// Played parties: names a store that does not exist.
    WrongStore, "wrong-store", "门店不存在";
    /// Played parties: leaves `report_timestamp` out.
    NoTimestamp, "no-timestamp", "缺少 report_timestamp";
    /// Played parties: says that it happened an hour from now.
    FutureTimestamp, "future-timestamp", "report_timestamp 在未来";
    /// Played parties: says that it happened ten minutes ago.
    LateTimestamp, "late-timestamp", "五分钟后才回传";
    /// Played parties: an answer without `code`.
    NoCode, "no-code", "应答缺少 code";
    /// Played parties: an answer that calls the code `err_code`.
    MisnamedCode, "misnamed-code", "code 字段命名错误";
    /// Played parties: does not repeat a call whose outcome it does not know.
    GivesUp, "gives-up", "结果未知时不重试";
    /// Played parties: takes a call and never reports.
    NeverReports, "never-reports", "收到后不回传";
    /// Played ISV: allocates anew when the same call comes twice.
    Forgetful, "forgetful", "重复通知时另派门店";
}

impl Fault {
    /// What is sent beside a right call: forged or broken ones, which must be refused.
    pub const PROBES: &'static [Self] = &[
        Self::BadSign,
        Self::Stale,
        Self::WrongSeller,
        Self::UnknownTid,
        Self::MissingField,
        Self::Garbage,
        Self::OutOfOrder,
    ];
    /// The same for a POS: what it is told of a trade, rightly signed, is all it can know of it.
    pub const PROBES_OF_POS: &'static [Self] =
        &[Self::BadSign, Self::Stale, Self::WrongSeller, Self::MissingField, Self::Garbage, Self::OutOfOrder];
    /// How a right call can be sent in an unusual way, which must be borne.
    pub const VARIANTS: &'static [Self] = &[Self::UnknownField, Self::Duplicate, Self::Late, Self::SlowDrip];
    /// How the doors can answer a party's call, which must be borne.
    pub const DOORS: &'static [Self] = &[Self::Silent, Self::ServerError, Self::SlowDrip];
    /// What a played party sends beside its right calls: the platform must refuse it.
    pub const PLAYED_PROBES: &'static [Self] = &[
        Self::BadSign,
        Self::Stale,
        Self::UnknownTid,
        Self::MissingField,
        Self::UnknownField,
        Self::WrongStore,
        Self::OutOfOrder,
    ];
    /// What a played party says wrongly in its right calls, and what it does twice.
    pub const PLAYED_CALLS: &'static [Self] =
        &[Self::NoTimestamp, Self::FutureTimestamp, Self::LateTimestamp, Self::Duplicate];
    /// How a played party answers the platform wrongly.
    pub const PLAYED_ANSWERS: &'static [Self] =
        &[Self::Late, Self::Silent, Self::ServerError, Self::Garbage, Self::SlowDrip, Self::NoCode, Self::MisnamedCode];

    fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

/// What `--fault` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wanted {
    /// Everything right: no fault of the default set.
    Right,
    /// This fault, in this share of the occasions for it.
    Fault(Fault, f64),
}

impl std::str::FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "right" {
            return Ok(Self::Right);
        }
        let (name, share) = text.split_once('=').map_or((text, None), |(name, share)| (name, Some(share)));
        let fault = Fault::find(name).ok_or_else(|| {
            let names: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
            format!("there is no fault {name}; there are right, {}", names.join(", "))
        })?;
        let share = share.map_or(Ok(SHARE), |share| share.parse().map_err(|_| format!("{share} is no share")))?;
        if (0.0..=1.0).contains(&share) { Ok(Self::Fault(fault, share)) } else { Err(format!("{share} is not 0 to 1")) }
    }
}

/// Which faults, how often, and how often already.
#[derive(Debug)]
pub struct FaultPlan {
    shares: BTreeMap<Fault, f64>,
    stopped: AtomicBool,
    state: Mutex<PlanState>,
}

#[derive(Debug)]
struct PlanState {
    dice: Dice,
    played: BTreeMap<Fault, u64>,
}

impl FaultPlan {
    /// What was asked for; with nothing asked for, `otherwise` at the ordinary share.
    #[must_use]
    pub fn new(seed: u64, wanted: &[Wanted], otherwise: &[Fault]) -> Self {
        let asked = wanted.iter().filter_map(|wanted| match wanted {
            Wanted::Right => None,
            Wanted::Fault(fault, share) => Some((*fault, *share)),
        });
        let shares =
            if wanted.is_empty() { otherwise.iter().map(|fault| (*fault, SHARE)).collect() } else { asked.collect() };
        let state = PlanState { dice: Dice::new(seed, "faults"), played: BTreeMap::new() };
        Self { shares, stopped: AtomicBool::new(false), state: Mutex::new(state) }
    }

    /// Nothing wrong at all.
    #[must_use]
    pub fn right() -> Self {
        Self::new(0, &[Wanted::Right], &[])
    }

    /// Which of these to play now. Each is played at its first occasion, so that a short rehearsal has them all.
    pub fn draw(&self, among: &[Fault]) -> Option<Fault> {
        if self.stopped.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = self.state.lock();
        let planned = among.iter().copied().filter_map(|fault| Some((fault, *self.shares.get(&fault)?)));
        let planned: Vec<(Fault, f64)> = planned.filter(|(_, share)| *share > 0.0).collect();
        let fresh = planned.iter().find(|(fault, _)| !state.played.contains_key(fault)).map(|(fault, _)| *fault);
        let drawn =
            fresh.or_else(|| planned.iter().find(|(_, share)| state.dice.chance(*share)).map(|(fault, _)| *fault))?;
        *state.played.entry(drawn).or_default() += 1;
        Some(drawn)
    }

    /// From here on everything is right.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The share of a fault; 0 if it is not in the plan.
    #[must_use]
    pub fn share(&self, fault: Fault) -> f64 {
        self.shares.get(&fault).copied().unwrap_or_default()
    }

    /// The faults in the plan.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.shares.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(Wanted::Fault(*fault, SHARE)));
        }
        assert_eq!("late=0.5".parse(), Ok(Wanted::Fault(Fault::Late, 0.5)));
        assert_eq!("right".parse(), Ok(Wanted::Right));
        for wrong in ["late=2", "late=x", "lately"] {
            assert!(wrong.parse::<Wanted>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_fault_comes_at_its_first_occasion_and_then_by_share() {
        let plan = FaultPlan::new(1, &[Wanted::Fault(Fault::Late, 0.5), Wanted::Fault(Fault::Silent, 0.0)], &[]);
        assert_eq!(plan.draw(&[Fault::Late]), Some(Fault::Late));
        let late = (0..1_000).filter(|_| plan.draw(&[Fault::Late, Fault::Silent]).is_some()).count();
        assert!((400..600).contains(&late), "{late}");
        assert_eq!(plan.draw(&[Fault::Garbage]), None);
        let default = FaultPlan::new(1, &[], Fault::PROBES);
        let drawn: Vec<Fault> = Fault::PROBES.iter().filter_map(|_| default.draw(Fault::PROBES)).collect();
        assert_eq!(drawn, Fault::PROBES);
        default.stop();
        assert!(default.draw(Fault::PROBES).is_none());
        assert!(FaultPlan::right().draw(Fault::ALL).is_none());
    }
}
