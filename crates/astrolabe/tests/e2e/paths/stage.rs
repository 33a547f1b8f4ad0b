//! One server with two merchants of a role mode: one who gives everybody time, and one whose deadlines are short. Each has three
//! stores, a warehouse, and everybody's addresses.

use std::sync::Mutex;

use astrolabe_rehearsal::ids::{SellerId, StoreId, Tid, WarehouseCode};
use astrolabe_rehearsal::merchant::{Atlas, Depot};
use astrolabe_rehearsal::parties::{Addresses, Mode, Parties};

use super::play::Play;
use crate::database::Database;
use crate::ear::Ear;
use crate::server::{Server, apply};
use crate::shop::{FARTHER, FARTHEST, NEAR, Shop};
use crate::wait::{until, wanted};

/// The warehouse's code.
pub(super) const DEPOT: &str = "WH-EAST";
/// How long the hasty merchant waits for a store or an ISV: long enough for a test to answer, on slow cores too.
const HASTE_MS: &str = "3000";

/// Both merchants.
pub(super) struct Stage {
    pub(super) patient: Side,
    pub(super) hasty: Side,
    _server: Server,
}

/// A merchant and everybody around him.
pub(super) struct Side {
    pub(super) shop: Shop,
    pub(super) isv: Ear,
    pub(super) pos: Ear,
    pub(super) wms: Ear,
    pub(super) channel: Ear,
    /// From the nearest to the buyer to the farthest.
    pub(super) stores: [StoreId; 3],
    played: Mutex<Vec<Tid>>,
    /// Trades of which one call was refused for good.
    dead_letters: Mutex<Vec<Tid>>,
}

impl Stage {
    pub(super) async fn open(mode: Mode, database: &Database) -> Self {
        let patient = Parties::of(SellerId(21_230), "星盘示例旗舰店", mode);
        let hasty = Parties::of(SellerId(21_231), "急先锋专营店", mode);
        let haste = [("accept_within_ms", HASTE_MS), ("allocate_within_ms", HASTE_MS)];
        let ears = (Ears::of(&patient).await, Ears::of(&hasty).await);
        for (parties, ears, settings) in [(&patient, &ears.0, &[] as &[_]), (&hasty, &ears.1, &haste)] {
            let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            apply(database, &parties.declaration(&[depot()], &ears.addresses(), &settings)).await;
        }
        let server = Server::start(database).await;
        Self {
            patient: Side::open(Shop::at(&server, patient), ears.0).await,
            hasty: Side::open(Shop::at(&server, hasty), ears.1).await,
            _server: server,
        }
    }
}

/// Who listens.
struct Ears {
    isv: Ear,
    pos: Ear,
    wms: Ear,
    channel: Ear,
}

impl Ears {
    async fn of(parties: &Parties) -> Self {
        Self {
            isv: Ear::of_app(&parties.isv).await,
            pos: Ear::of_app(&parties.pos).await,
            wms: Ear::of_app(&parties.wms).await,
            channel: Ear::of_channel(&parties.at_channel).await,
        }
    }

    fn addresses(&self) -> Addresses {
        Addresses {
            isv: Some(self.isv.url()),
            pos: Some(self.pos.url()),
            wms: Some(self.wms.url()),
            channel: Some(self.channel.url()),
        }
    }
}

fn depot() -> Depot {
    let district = Atlas::get().find("上海市", "上海市", "青浦区").expect("the district is known");
    Depot { code: WarehouseCode(DEPOT.to_owned()), name: "华东电商仓".to_owned(), district }
}

impl Side {
    async fn open(shop: Shop, Ears { isv, pos, wms, channel }: Ears) -> Self {
        let stores = [
            shop.open_store("NEAR", NEAR, &[]).await,
            shop.open_store("FARTHER", FARTHER, &[]).await,
            shop.open_store("FARTHEST", FARTHEST, &[]).await,
        ];
        Self { shop, isv, pos, wms, channel, stores, played: Mutex::default(), dead_letters: Mutex::default() }
    }

    pub(super) fn mode(&self) -> Mode {
        self.shop.parties.mode
    }

    /// A trade to come, of goods of its own; this many certain units lie at the stores.
    #[expect(clippy::print_stdout, reason = "a failing test shows what was printed")]
    pub(super) async fn play(&self, case: &str, units: [i64; 3]) -> Play<'_> {
        // A failure shows the last case that began.
        println!("{} {}: {case}", self.mode().section(), self.shop.parties.nick);
        let play = {
            let mut played = self.played.lock().expect("nobody panicked");
            let number = i64::try_from(played.len()).expect("few") + 1;
            let seller = self.shop.parties.seller.0 % 10;
            let play = Play::new(self, 1_000 * (seller + 1) + number);
            played.push(play.tid);
            play
        };
        play.stock(units).await;
        play
    }

    /// One call about this trade is going to be refused for good.
    pub(super) fn dead_letter(&self, tid: Tid) {
        self.dead_letters.lock().expect("nobody panicked").push(tid);
    }

    /// Every call outward about every trade has ended, and all but those that a case had refused have ended well.
    pub(super) async fn nothing_is_left(&self) {
        let played = self.played.lock().expect("nobody panicked").clone();
        for tid in played {
            until(&format!("the calls about {tid} have ended"), || async {
                let mut states = self.shop.trade(tid).await.calls();
                states.retain(|state| !["delivered", "skipped"].contains(&state.as_str()));
                let dead =
                    self.dead_letters.lock().expect("nobody panicked").iter().filter(|dead| **dead == tid).count();
                wanted(states, &vec!["dead".to_owned(); dead])
            })
            .await;
        }
    }
}
