//! What happens in a run, as a list that a seed gives and that can be shortened: a step names no trade and no place, only
//! numbers that are read as choices among what its actor knows by then. Any step can therefore be left out.

use std::fmt;

use crate::chance::Chance;

/// Who does what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    Channel(ChannelDeed),
    Merchant(MerchantDeed),
    Stores(StoreDeed),
    Platform(PlatformDeed),
    Machine(MachineDeed),
}

/// The channel and its buyers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChannelDeed {
    Pay,
    PayPart,
    ChangeTrade,
    AskRefund,
    MoveRefund,
    Sign,
    Consign,
    ShowCode,
}

/// The merchant beside his stores: his allocating app, his reports, his operator, his settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MerchantDeed {
    Allocate,
    FailToAllocate,
    Adjust,
    AppReallocates,
    Report,
    ReserveAhead,
    ReleaseAhead,
    ShutOrOpen,
    SetService,
    Bind,
    Tag,
    HoldBack,
    LetGo,
    Reallocate,
}

/// Stores, POS and WMS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreDeed {
    LookAround,
    Accept,
    Refuse,
    Ship,
    AnswerCancel,
    ReceiveReturn,
    Milestone,
    Confirm,
    Transfer,
    Arrive,
    SetOut,
    ResendCodes,
    Stranger,
}

/// The platform's own workers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlatformDeed {
    Deliver,
    DeliverTwice,
    FailToDeliver,
    Work,
    LookAtClock,
    ExpireAhead,
}

/// The network and the machines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MachineDeed {
    Straggler,
    Repeat,
    JumpAhead,
    JumpBack,
    Restart,
}

/// How often each is drawn, against the others.
const WEIGHTS: [(Deed, u64); 46] = [
    (Deed::Channel(ChannelDeed::Pay), 13),
    (Deed::Channel(ChannelDeed::PayPart), 2),
    (Deed::Channel(ChannelDeed::ChangeTrade), 4),
    (Deed::Channel(ChannelDeed::AskRefund), 5),
    (Deed::Channel(ChannelDeed::MoveRefund), 5),
    (Deed::Channel(ChannelDeed::Sign), 2),
    (Deed::Channel(ChannelDeed::Consign), 2),
    (Deed::Channel(ChannelDeed::ShowCode), 3),
    (Deed::Merchant(MerchantDeed::Allocate), 9),
    (Deed::Merchant(MerchantDeed::FailToAllocate), 1),
    (Deed::Merchant(MerchantDeed::Adjust), 3),
    (Deed::Merchant(MerchantDeed::AppReallocates), 2),
    (Deed::Stores(StoreDeed::LookAround), 6),
    (Deed::Stores(StoreDeed::Accept), 12),
    (Deed::Stores(StoreDeed::Refuse), 5),
    (Deed::Stores(StoreDeed::Ship), 9),
    (Deed::Stores(StoreDeed::AnswerCancel), 5),
    (Deed::Stores(StoreDeed::ReceiveReturn), 3),
    (Deed::Stores(StoreDeed::Milestone), 2),
    (Deed::Stores(StoreDeed::Confirm), 4),
    (Deed::Stores(StoreDeed::Transfer), 3),
    (Deed::Stores(StoreDeed::Arrive), 2),
    (Deed::Stores(StoreDeed::SetOut), 2),
    (Deed::Stores(StoreDeed::ResendCodes), 1),
    (Deed::Stores(StoreDeed::Stranger), 2),
    (Deed::Merchant(MerchantDeed::Report), 9),
    (Deed::Merchant(MerchantDeed::ReserveAhead), 3),
    (Deed::Merchant(MerchantDeed::ReleaseAhead), 2),
    (Deed::Merchant(MerchantDeed::ShutOrOpen), 2),
    (Deed::Merchant(MerchantDeed::SetService), 1),
    (Deed::Merchant(MerchantDeed::Bind), 1),
    (Deed::Merchant(MerchantDeed::Tag), 1),
    (Deed::Merchant(MerchantDeed::HoldBack), 2),
    (Deed::Merchant(MerchantDeed::LetGo), 2),
    (Deed::Merchant(MerchantDeed::Reallocate), 3),
    (Deed::Platform(PlatformDeed::Deliver), 16),
    (Deed::Platform(PlatformDeed::DeliverTwice), 3),
    (Deed::Platform(PlatformDeed::FailToDeliver), 2),
    (Deed::Platform(PlatformDeed::Work), 12),
    (Deed::Platform(PlatformDeed::LookAtClock), 6),
    (Deed::Platform(PlatformDeed::ExpireAhead), 2),
    (Deed::Machine(MachineDeed::Straggler), 7),
    (Deed::Machine(MachineDeed::Repeat), 6),
    (Deed::Machine(MachineDeed::JumpAhead), 3),
    (Deed::Machine(MachineDeed::JumpBack), 1),
    (Deed::Machine(MachineDeed::Restart), 1),
];

/// What the machine does while the step's group is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It goes on.
    Fine,
    /// It stops after deciding and before the commit.
    DiesUncommitted,
    /// It stops after the commit and before anybody was answered.
    DiesUnanswered,
}

/// How the step's call gets to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Straight,
    /// It lies in the network until a [`MachineDeed::Straggler`] brings it.
    Slow,
    /// It comes now, and once more later.
    Twice,
}

/// One step of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    pub deed: Deed,
    /// Which merchant, modulo how many there are.
    pub merchant: u8,
    /// Choices, each read modulo what there is to choose from.
    pub first: u32,
    pub second: u32,
    pub third: u32,
    pub way: Way,
    pub fate: Fate,
    /// Stragglers that come in the same group.
    pub company: u8,
    /// Which node's lane runs it.
    pub node: u8,
    /// Milliseconds that pass before it.
    pub pause_ms: u32,
}

/// The steps of a seed.
pub fn steps_of(seed: u64, count: usize) -> Vec<Step> {
    let mut chance = Chance::of(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    (0..count).map(|_| draw(&mut chance)).collect()
}

fn draw(chance: &mut Chance) -> Step {
    let number = |chance: &mut Chance| u32::try_from(chance.next() >> 33).unwrap_or(0);
    let fate = match chance.below(24) {
        0 => Fate::DiesUncommitted,
        1 => Fate::DiesUnanswered,
        _ => Fate::Fine,
    };
    let way = match chance.below(8) {
        0 => Way::Slow,
        1 => Way::Twice,
        _ => Way::Straight,
    };
    Step {
        deed: draw_deed(chance),
        merchant: u8::try_from(chance.below(4)).unwrap_or(0),
        first: number(chance),
        second: number(chance),
        third: number(chance),
        way,
        fate,
        company: u8::try_from(chance.below(6)).unwrap_or(0).saturating_sub(2),
        node: u8::try_from(chance.below(5)).unwrap_or(0) / 4,
        pause_ms: number(chance) % if chance.once_in(4) { 90_000 } else { 1_500 },
    }
}

fn draw_deed(chance: &mut Chance) -> Deed {
    let total: u64 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let mut at = chance.below(total);
    for (deed, weight) in WEIGHTS {
        if at < weight {
            return deed;
        }
        at -= weight;
    }
    Deed::Platform(PlatformDeed::Work)
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { deed, merchant, first, second, third, way, fate, company, node, pause_ms } = self;
        write!(f, "{deed:?} {merchant}.{first}.{second}.{third} after {pause_ms} ms")?;
        if *way != Way::Straight {
            write!(f, ", {way:?}")?;
        }
        if *fate != Fate::Fine {
            write!(f, ", {fate:?}")?;
        }
        if *company > 0 {
            write!(f, ", with {company}")?;
        }
        if *node > 0 { write!(f, ", node {node}") } else { Ok(()) }
    }
}
