//! The server goes away in the middle.

use astrolabe_core::ids::{SellerId, Tid};
use astrolabe_core::world::{Changes, Names};
use astrolabe_store::StoreError;

use crate::home::{Home, commit, lease, load};
use crate::made::{NOW, trade};

pub(crate) async fn lost_connections_are_not_used_again(home: &Home) {
    let store = home.with_sellers(&[1]).await;
    let one = |tid: i64| Changes { put_trades: vec![trade(tid)], ..Changes::default() };
    commit(&store, 1, one(1)).await;

    // Before anything of the commit was sent or after: the caller is told which of the two is known.
    let group = store.begin(SellerId(1)).await.unwrap();
    home.cut_connections().await;
    let told = group.commit(one(2), Vec::new(), lease(), NOW).await;
    assert!(matches!(told, Err(StoreError::Unavailable(_) | StoreError::CommitUnknown(_))), "{told:?}");

    let mut group = store.begin(SellerId(1)).await.unwrap();
    home.cut_connections().await;
    let names = Names { tids: [Tid(1)].into(), ..Names::default() };
    let told = group.load(&names).await;
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    drop(group);

    let both = Names { tids: [Tid(1), Tid(2)].into(), ..Names::default() };
    let files = load(&store, 1, both).await.files;
    assert_eq!(files.len(), 1, "nothing of the cut group stands");
    commit(&store, 1, one(2)).await;
}
