//! One running server with many sellers on a clock that stands still. An exchange that changes something has a seller of its
//! own: the same trade, store code and bill for each of them, and nothing that one does is seen by another.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use astrolabe_core::time::Timestamp;
use astrolabe_protocol::EpochMs;
use astrolabe_protocol::catalogue::Role;
use astrolabe_protocol::client::Credentials;
use astrolabe_protocol::{AppKey, Secret};
use astrolabe_server::app::{App, Clock, Limits};
use astrolabe_server::{RunningServer, declare};
use astrolabe_store::StoreTarget;
use tempfile::TempDir;

use super::tenant::Tenant;

/// 2026-01-02 10:00:00 GMT+8, a minute after the trades are paid.
const NOW: Timestamp = Timestamp(1_767_319_200_000);
/// The seller who owns what others reach for; digits that nothing else has. The others count on from there.
const OWNER: i64 = 770_000_000;

/// A warehouse of the owner alone.
pub(crate) const OWNERS_WAREHOUSE: &str = "WH-WEST";
/// An app of the owner alone.
pub(crate) const OWNERS_APP: &str = "55555555";

/// The key by which a channel knows us.
const CHANNELS_KEY: &str = "66666666";

/// The role modes of the white paper's chapter 3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    PlatformKeeper,
    AppKeeper,
    PlatformPos,
    AppPos,
}

impl Mode {
    pub(crate) const ALL: [Self; 4] = [Self::PlatformKeeper, Self::AppKeeper, Self::PlatformPos, Self::AppPos];

    pub(crate) fn section(self) -> &'static str {
        match self {
            Self::PlatformKeeper => "3.1",
            Self::AppKeeper => "3.2",
            Self::PlatformPos => "3.3",
            Self::AppPos => "3.4",
        }
    }

    pub(crate) fn app_allocates(self) -> bool {
        matches!(self, Self::AppKeeper | Self::AppPos)
    }

    pub(crate) fn pos_accepts(self) -> bool {
        matches!(self, Self::PlatformPos | Self::AppPos)
    }

    fn allocator(self) -> String {
        if self.app_allocates() { format!("app:{}", app_key(Role::Allocator)) } else { "platform".to_owned() }
    }

    fn acceptor(self) -> String {
        match self {
            Self::PlatformKeeper | Self::AppKeeper => "keeper".to_owned(),
            Self::PlatformPos | Self::AppPos => format!("app:{}", app_key(Role::Pos)),
        }
    }
}

/// The key of the app that plays a part; it has that role and no other.
pub(crate) fn app_key(role: Role) -> &'static str {
    match role {
        Role::Merchant => "11111111",
        Role::Allocator => "22222222",
        Role::Pos => "33333333",
        Role::Wms => "44444444",
    }
}

pub(crate) fn secret(role: Role) -> &'static str {
    match role {
        Role::Merchant => "secret-of-the-erp",
        Role::Allocator => "secret-of-the-allocator",
        Role::Pos => "secret-of-the-pos",
        Role::Wms => "secret-of-the-wms",
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Merchant => "erp",
        Role::Allocator => "allocator",
        Role::Pos => "pos",
        Role::Wms => "wms",
    }
}

/// What a role's app calls with for a seller.
pub(crate) fn credentials(role: Role, seller: i64) -> Credentials {
    Credentials {
        app_key: AppKey::new(app_key(role)),
        secret: Secret::new(secret(role)),
        session: Some(session(role, seller)),
        customer_id: Some(seller.to_string()),
    }
}

fn session(role: Role, seller: i64) -> String {
    format!("{}-session-{seller}", role_name(role))
}

/// A server that ends with the test.
pub(crate) struct Stage {
    server: Option<RunningServer>,
    http: reqwest::Client,
    unused: Mutex<Vec<(i64, Mode)>>,
    _data: TempDir,
}

impl Stage {
    /// With one seller for each of these modes; nobody listens at any app's address.
    pub(crate) async fn open(sellers: Vec<Mode>) -> Self {
        Self::open_with(sellers, None).await
    }

    /// As [`Self::open`], with an address at which every app and every channel is called.
    pub(crate) async fn open_with(sellers: Vec<Mode>, address: Option<&str>) -> Self {
        let _installed_once = rustls::crypto::ring::default_provider().install_default();
        let data = TempDir::new().expect("a directory");
        let target = StoreTarget::DataDir(data.path().to_owned());
        let store = astrolabe_store::open(&target).await.expect("opens");
        let limits = Limits { allow_private_addresses: true, ..Limits::default() };
        let app = App::new(store, Clock::manual(NOW), 1, limits).await.expect("starts");
        declare::apply(&app, &declaration(&[&[Mode::PlatformPos], sellers.as_slice()].concat(), address), false)
            .await
            .expect("is declared");
        let server = astrolabe_server::serve(app, SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("listens");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let unused = Mutex::new((OWNER + 1..).zip(sellers).collect());
        Self { server: Some(server), http, unused, _data: data }
    }

    /// A seller of that role mode whom nobody has used.
    pub(crate) fn tenant(&self, mode: Mode) -> Tenant<'_> {
        let mut unused = self.unused.lock().expect("nobody panicked");
        let at = unused.iter().position(|(_, unused)| *unused == mode);
        let (seller, _) = unused.remove(at.expect("as many sellers were declared as the test takes"));
        Tenant::new(self, seller, mode)
    }

    /// The seller who has what nobody else has.
    pub(crate) fn owner(&self) -> Tenant<'_> {
        Tenant::new(self, OWNER, Mode::PlatformPos)
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.server.as_ref().expect("runs until the end").app
    }

    pub(crate) fn now(&self) -> EpochMs {
        EpochMs(self.app().clock.now().0)
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.as_ref().expect("runs until the end").address())
    }

    pub(crate) async fn close(mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }
}

fn declaration(modes: &[Mode], address: Option<&str>) -> String {
    let spi = address.map(|address| format!("spi = {{ online = \"{address}/spi\" }}")).unwrap_or_default();
    let endpoint = address.map(|address| {
        format!("endpoint = \"{address}/channel\"\napp_key = \"{CHANNELS_KEY}\"\nsecret = \"secret-of-the-channel\"\n")
    });
    let endpoint = endpoint.unwrap_or_default();
    let rds = "rds = [{ name = \"rds-1\", paused = false }]";
    let ids = || (OWNER..).zip(modes);
    let mut text = String::new();
    for (id, mode) in ids() {
        text += &format!(
            "[[seller]]\nid = {id}\nnick = \"星盘示例{id}\"\nallocator = \"{}\"\nacceptor = \"{}\"\nwms = \"{}\"\n\n\
             [[channel]]\nname = \"tmall\"\nseller = {id}\ntoken = \"channel-{id}\"\n{endpoint}\n\
             [[user]]\nname = \"小王\"\nseller = {id}\nrole = \"merchant\"\ntoken = \"user-{id}\"\n\n\
             [[warehouse]]\nseller = {id}\ncode = \"WH-EAST\"\nname = \"华东电商仓\"\nprovince = \"上海市\"\n\
             city = \"上海市\"\ndistrict = \"青浦区\"\n\n",
            mode.allocator(),
            mode.acceptor(),
            app_key(Role::Wms),
        );
    }
    let sellers = ids().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", ");
    // What the owner has and nobody else.
    text += &format!(
        "[[warehouse]]\nseller = {OWNER}\ncode = \"{OWNERS_WAREHOUSE}\"\nname = \"华西电商仓\"\n\
         province = \"上海市\"\ncity = \"上海市\"\ndistrict = \"青浦区\"\n\n\
         [[app]]\nkey = \"{OWNERS_APP}\"\nsecret = \"secret\"\nroles = [\"allocator\"]\nsellers = [{OWNER}]\n\n"
    );
    for role in Role::ANY {
        text += &format!(
            "[[app]]\nkey = \"{}\"\nsecret = \"{}\"\nroles = [\"{}\"]\nsellers = [{sellers}]\n{spi}\n{rds}\n\n",
            app_key(*role),
            secret(*role),
            role_name(*role)
        );
        for (id, _) in ids() {
            let (token, app) = (session(*role, id), app_key(*role));
            text += &format!("[[session]]\ntoken = \"{token}\"\napp = \"{app}\"\nseller = {id}\n\n");
        }
    }
    text
}
