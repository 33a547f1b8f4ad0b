//! Who is who around one merchant: its apps with keys, secrets and sessions, its channel, its staff; and the declaration that
//! tells the platform (`astrolabe apply`). Keys and secrets are made up and hold on this machine only.

use std::fmt::Write as _;

use astrolabe_protocol::{AppKey, Secret};

use crate::ids::SellerId;
use crate::merchant::Depot;
use crate::wire::{BaseUrl, Connector, Http};

/// The role modes of white paper §3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 3.1 星盘分单 + 店掌柜接单.
    PlatformKeeper,
    /// 3.2 ISV 分单 + 店掌柜接单.
    IsvKeeper,
    /// 3.3 星盘分单 + POS 接单.
    PlatformPos,
    /// 3.4 ISV 分单 + POS 接单.
    IsvPos,
}

impl Mode {
    /// All four.
    pub const ALL: [Self; 4] = [Self::PlatformKeeper, Self::IsvKeeper, Self::PlatformPos, Self::IsvPos];

    /// The white paper's section.
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Self::PlatformKeeper => "3.1",
            Self::IsvKeeper => "3.2",
            Self::PlatformPos => "3.3",
            Self::IsvPos => "3.4",
        }
    }

    /// Whether an ISV allocates.
    #[must_use]
    pub fn isv_allocates(self) -> bool {
        match self {
            Self::IsvKeeper | Self::IsvPos => true,
            Self::PlatformKeeper | Self::PlatformPos => false,
        }
    }

    /// Whether a POS accepts.
    #[must_use]
    pub fn pos_accepts(self) -> bool {
        match self {
            Self::PlatformPos | Self::IsvPos => true,
            Self::PlatformKeeper | Self::IsvKeeper => false,
        }
    }
}

/// One app of a merchant.
#[derive(Debug, Clone)]
pub struct AppParty {
    /// Its key.
    pub key: AppKey,
    /// The session it has for the seller.
    pub session: String,
    secret: String,
}

impl AppParty {
    fn of(seller: SellerId, kind: &str, number: i64) -> Self {
        let key = format!("1{seller:07}{number}", seller = seller.0);
        Self {
            session: format!("session-{kind}-{seller}"),
            secret: format!("secret-{kind}-{seller}"),
            key: AppKey::new(key),
        }
    }

    /// Somebody else's app, as it was given.
    #[must_use]
    pub fn given(key: &str, secret: &str, session: &str) -> Self {
        Self { key: AppKey::new(key), session: session.to_owned(), secret: secret.to_owned() }
    }

    /// Its secret.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(self.secret.as_str())
    }

    /// Its connection to a server.
    #[must_use]
    pub fn connector(&self, http: &Http, server: &BaseUrl, seller: SellerId) -> Connector {
        Connector::new(http.clone(), server.clone(), self.key.clone(), self.secret(), &self.session, seller)
    }
}

/// Everybody around one merchant.
#[derive(Debug, Clone)]
pub struct Parties {
    /// The seller.
    pub seller: SellerId,
    /// Its shop name.
    pub nick: String,
    /// Who allocates, who accepts.
    pub mode: Mode,
    /// The merchant's own connector: master data and stock.
    pub erp: AppParty,
    /// The allocating ISV.
    pub isv: AppParty,
    /// The POS of the stores; in 3.3 and 3.4 the warehouses' system too.
    pub pos: AppParty,
    /// The warehouses' system in 3.1 and 3.2.
    pub wms: AppParty,
    /// What the platform is at the channel.
    pub at_channel: AppParty,
}

/// Where the parties of one merchant listen. Absent ones are not called.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// SPI of the ISV.
    pub isv: Option<BaseUrl>,
    /// SPI of the POS.
    pub pos: Option<BaseUrl>,
    /// SPI of the warehouses' system.
    pub wms: Option<BaseUrl>,
    /// The channel's `/router/rest`.
    pub channel: Option<BaseUrl>,
}

/// The name of the channel in the address of its door.
const CHANNEL: &str = "tmall";

impl Parties {
    /// For a seller in a mode.
    #[must_use]
    pub fn of(seller: SellerId, nick: &str, mode: Mode) -> Self {
        Self {
            seller,
            nick: nick.to_owned(),
            mode,
            erp: AppParty::of(seller, "erp", 1),
            isv: AppParty::of(seller, "isv", 2),
            pos: AppParty::of(seller, "pos", 3),
            wms: AppParty::of(seller, "wms", 4),
            at_channel: AppParty::of(seller, "channel", 5),
        }
    }

    /// The channel's name.
    #[must_use]
    pub fn channel_name(&self) -> String {
        CHANNEL.to_owned()
    }

    /// The channel's bearer token.
    #[must_use]
    pub fn channel_token(&self) -> String {
        format!("channel-token-{}", self.seller)
    }

    /// The bearer token of the merchant's staff.
    #[must_use]
    pub fn merchant_token(&self) -> String {
        format!("merchant-token-{}", self.seller)
    }

    /// The app that is told of warehouse orders.
    #[must_use]
    pub fn warehouse_app(&self) -> &AppParty {
        if self.mode.pos_accepts() { &self.pos } else { &self.wms }
    }

    /// The declaration as `astrolabe apply` reads it. `settings` are lines of `[seller.settings]`.
    #[must_use]
    pub fn declaration(&self, depots: &[Depot], addresses: &Addresses, settings: &[(&str, String)]) -> String {
        let mut toml = String::new();
        let mut line = |text: String| {
            toml.push_str(&text);
            toml.push('\n');
        };
        let allocator = if self.mode.isv_allocates() { format!("app:{}", self.isv.key) } else { "platform".to_owned() };
        let acceptor = if self.mode.pos_accepts() { format!("app:{}", self.pos.key) } else { "keeper".to_owned() };
        line(format!("[[seller]]\nid = {}\nnick = {}", self.seller, quoted(&self.nick)));
        line(format!(
            "allocator = {}\nacceptor = {}\nwms = {}",
            quoted(&allocator),
            quoted(&acceptor),
            quoted(self.warehouse_app().key.as_str())
        ));
        if !settings.is_empty() {
            line("[seller.settings]".to_owned());
            settings.iter().for_each(|(name, value)| line(format!("{name} = {value}")));
        }
        for (app, name, roles, spi) in self.apps(addresses) {
            line(self.app_tables(app, name, roles, spi));
        }
        line(self.channel_table(addresses.channel.as_ref()));
        line(format!(
            "[[user]]\nname = {}\nseller = {}\nrole = \"merchant\"\ntoken = {}",
            quoted(&format!("{}·客服", self.nick)),
            self.seller,
            quoted(&self.merchant_token())
        ));
        depots.iter().for_each(|depot| line(self.warehouse_table(depot)));
        toml
    }

    fn apps<'a>(
        &'a self,
        addresses: &'a Addresses,
    ) -> [(&'a AppParty, &'static str, &'static str, Option<&'a BaseUrl>); 4] {
        [
            (&self.erp, "商家 ERP", r#"["erp"]"#, None),
            (&self.isv, "分单 ISV", r#"["allocator"]"#, addresses.isv.as_ref()),
            (&self.pos, "门店 POS", r#"["pos", "wms"]"#, addresses.pos.as_ref()),
            (&self.wms, "仓库 WMS", r#"["wms"]"#, addresses.wms.as_ref()),
        ]
    }

    fn app_tables(&self, app: &AppParty, name: &str, roles: &str, spi: Option<&BaseUrl>) -> String {
        let (key, seller) = (quoted(app.key.as_str()), self.seller);
        let mut text = format!("[[app]]\nkey = {key}\nsecret = {}\nname = {}\n", quoted(&app.secret), quoted(name));
        if let Some(url) = spi {
            let written = writeln!(text, "spi = {{ online = {} }}", quoted(&url.to_string()));
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        }
        text + &format!(
            "[[grant]]\napp = {key}\nseller = {seller}\nroles = {roles}\n[[session]]\ntoken = {}\napp = {key}\nseller = {seller}",
            quoted(&app.session)
        )
    }

    fn channel_table(&self, endpoint: Option<&BaseUrl>) -> String {
        let head = format!(
            "[[channel]]\nname = {}\nseller = {}\ntoken = {}",
            quoted(&self.channel_name()),
            self.seller,
            quoted(&self.channel_token())
        );
        match endpoint {
            None => head,
            Some(url) => format!(
                "{head}\nendpoint = {}\napp_key = {}\nsecret = {}\nsession = {}",
                quoted(&url.to_string()),
                quoted(self.at_channel.key.as_str()),
                quoted(&self.at_channel.secret),
                quoted(&self.at_channel.session)
            ),
        }
    }

    fn warehouse_table(&self, depot: &Depot) -> String {
        format!(
            "[[warehouse]]\nseller = {}\ncode = {}\nname = {}\nprovince = {}\ncity = {}\ndistrict = {}",
            self.seller,
            quoted(&depot.code.0),
            quoted(&depot.name),
            quoted(depot.district.province),
            quoted(depot.district.city),
            quoted(depot.district.name)
        )
    }
}

/// A TOML basic string. Our texts hold neither quotes nor backslashes, but a shop's name is free text.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control.is_control() => out.push(' '),
            plain => out.push(plain),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_of_neighbours_differ_and_quotes_are_escaped() {
        let keys: BTreeSet<String> = (0..4)
            .flat_map(|n| {
                let parties = Parties::of(SellerId(21_230 + n), "x", Mode::ALL[n as usize]);
                [&parties.erp, &parties.isv, &parties.pos, &parties.wms].map(|app| app.key.as_str().to_owned())
            })
            .collect();
        assert_eq!(keys.len(), 16);
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c ""#);
    }

    #[test]
    fn only_parties_with_an_address_are_declared_with_one() {
        let parties = Parties::of(SellerId(1), "店", Mode::IsvPos);
        let bare = parties.declaration(&[], &Addresses::default(), &[]);
        assert!(!bare.contains("spi =") && !bare.contains("endpoint"));
        let url = BaseUrl::parse("http://127.0.0.1:9/spi").unwrap();
        let full = parties.declaration(
            &[],
            &Addresses { pos: Some(url), ..Addresses::default() },
            &[("takeover", "true".into())],
        );
        assert!(full.contains(r#"spi = { online = "http://127.0.0.1:9/spi" }"#));
        assert!(full.contains("[seller.settings]\ntakeover = true"));
        assert!(full.contains(&format!("acceptor = \"app:{}\"", parties.pos.key)));
    }
}
