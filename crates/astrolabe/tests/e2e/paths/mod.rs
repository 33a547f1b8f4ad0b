//! Every path of an order in the four role modes of white paper §3, on both databases: real receivers, real doors, one server a
//! mode. A case is one trade with goods of its own; it says what happens, what the stock is then, and, at the end, exactly which
//! calls each party has heard. At the very end no call outward is left waiting, and `doctor` finds nothing.

mod allocator;
mod forward;
mod pickups;
mod play;
mod refunds;
mod silence;
mod stage;
mod warehouse;

use astrolabe_rehearsal::parties::Mode;

use crate::database::Database;
use crate::server::assert_healthy;
use stage::Stage;

/// All cases of a mode on a database.
async fn whole(mode: Mode, database: &Database) {
    let stage = Stage::open(mode, database).await;
    tokio::join!(silence::all(&stage.hasty), async {
        forward::all(&stage.patient).await;
        refunds::all(&stage.patient).await;
        pickups::all(&stage.patient).await;
        warehouse::all(&stage.patient).await;
        allocator::all(&stage.patient).await;
    });
    stage.patient.nothing_is_left().await;
    stage.hasty.nothing_is_left().await;
    assert_healthy(database).await;
}

macro_rules! modes {
    ($($sqlite:ident, $postgres:ident: $mode:ident;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $sqlite() {
            whole(Mode::$mode, &Database::sqlite()).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn $postgres() {
            let Some(database) = Database::postgres().await else { return };
            whole(Mode::$mode, &database).await;
            database.remove().await;
        })*
    };
}

modes! {
    mode_3_1_goes_every_way, mode_3_1_goes_every_way_on_postgres: PlatformKeeper;
    mode_3_2_goes_every_way, mode_3_2_goes_every_way_on_postgres: IsvKeeper;
    mode_3_3_goes_every_way, mode_3_3_goes_every_way_on_postgres: PlatformPos;
    mode_3_4_goes_every_way, mode_3_4_goes_every_way_on_postgres: IsvPos;
}
