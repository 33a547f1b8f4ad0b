//! The types that a catalogue entry consists of, and how names are matched. The constructors that entries are written with are
//! in `entry`.

use std::borrow::Cow;

/// One method of the wire.
#[derive(Debug)]
pub struct Method {
    /// The canonical name.
    pub name: &'static str,
    /// What it is, as the documents title it.
    pub title: &'static str,
    /// Where it is defined: white paper § or the published page.
    pub source: &'static str,
    /// Other names for the same method.
    pub aliases: &'static [Alias],
    /// Who calls whom.
    pub direction: Direction,
    /// The shapes it exists in.
    pub doors: Doors,
    /// Whether it writes, and what makes a repeat harmless.
    pub effect: Effect,
    /// The app roles that may call it; empty for calls outward.
    pub callers: &'static [Role],
    /// Whom a caller acts for.
    pub acts_for: ActsFor,
    /// Where the trade's role mode narrows `callers`: what each mode leaves of them.
    pub by_mode: Option<ByMode>,
    /// The business codes (`isv.…`) that it can answer beside those of [`super::ERRORS_OF_ANY`]; empty for calls outward.
    pub errors: &'static [&'static str],
    /// Request fields, the union of all published forms.
    pub fields: &'static [Field],
    /// Names of head fields that the items of a list inherit where they lack their own (the white paper's flat forms).
    pub inherited: Option<Inherited>,
    /// The answer.
    pub answer: AnswerShape,
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
}

/// Head fields that items of one list inherit.
pub type Inherited = (&'static str, &'static [&'static str]);

/// Another name of a method, with what its answers do differently.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// The name.
    pub name: &'static str,
    /// The result code's name and success value under this name, where it differs.
    pub code: Option<ResultCode>,
}

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Others call the platform.
    Inward,
    /// The platform calls an ISV (SPI).
    Outward,
    /// Both: connectors call it here, and the platform calls it at the channel.
    Both,
}

impl Direction {
    /// Whether others call it here.
    #[must_use]
    pub const fn is_inward(self) -> bool {
        match self {
            Self::Inward | Self::Both => true,
            Self::Outward => false,
        }
    }

    /// Whether the platform calls it elsewhere.
    #[must_use]
    pub const fn is_outward(self) -> bool {
        match self {
            Self::Outward | Self::Both => true,
            Self::Inward => false,
        }
    }
}

/// The shapes a method exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doors {
    /// TOP form only.
    Top,
    /// TOP form, classic Qimen XML and Qimen cloud.
    TopAndQimen,
    /// No door of ours: outward only.
    Spi,
}

/// Whether a method writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Reads,
    /// It writes; a repeat is made harmless so.
    Writes(Repeat),
}

/// What makes the repeat of a writing call harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// A key that the caller chose or the business has; the text names it.
    BusinessKey(&'static str),
    /// The answer stored under (app key, sign) for 25 minutes.
    StoredAnswer,
}

/// Whom a caller acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActsFor {
    /// One seller, whom session or customer id name.
    Seller,
    /// Itself, with all who granted it something: the method is published as needing no session.
    App,
}

/// The part an app plays for a seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The merchant's own connector (ERP, 商家中台).
    Merchant,
    /// The allocating ISV (§3.2, §3.4).
    Allocator,
    /// The POS app (§3.3, §3.4).
    Pos,
    /// The warehouse system.
    Wms,
}

impl Role {
    /// Any app with a grant for the seller.
    pub const ANY: &'static [Self] = &[Self::Merchant, Self::Allocator, Self::Pos, Self::Wms];
}

/// The roles that may do what a method asks, by the role mode of the trade it speaks of (§3.1–§3.4). The app must also be the
/// one that the mode names: another POS app than the trade's is refused like any stranger. A role that the door lets in and no
/// mode does is there for apps that play two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByMode {
    /// §3.1: the platform allocates, the keeper accepts.
    pub platform_keeper: &'static [Role],
    /// §3.2: an app allocates, the keeper accepts.
    pub app_keeper: &'static [Role],
    /// §3.3: the platform allocates, the POS app accepts.
    pub platform_pos: &'static [Role],
    /// §3.4: an app allocates, the POS app accepts.
    pub app_pos: &'static [Role],
}

impl ByMode {
    /// The modes by their section, in the white paper's order.
    #[must_use]
    pub const fn sections(&self) -> [(&'static str, &'static [Role]); 4] {
        [("3.1", self.platform_keeper), ("3.2", self.app_keeper), ("3.3", self.platform_pos), ("3.4", self.app_pos)]
    }
}

/// What a field's value names. Tests put another seller's into every field that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Thing {
    /// The seller itself, by id or nick.
    Seller,
    /// A store, by our id.
    Store,
    /// A store by our id or a warehouse by its code, as a text.
    Location,
    /// A trade.
    Trade,
    /// A sub-order.
    SubOrder,
    /// An allocation (星盘派单号).
    Allocation,
    /// An article of the seller, by our id.
    Article,
    /// An article of the seller, by the code he gave it.
    ArticleCode,
    /// A listing. The channel numbers listings; a number that is new here names no stock yet.
    Item,
    /// A listing's SKU.
    Sku,
    /// A store, by the code that the seller gives it.
    StoreCode,
    /// A key that the caller chooses: a bill, a hold before payment.
    CallersKey,
    /// A code that a buyer shows.
    PickupCode,
    /// A refund.
    Refund,
    /// An app.
    App,
    /// Something that is not kept here (a carrier, a brand, a shop of the channel, a trace): carried, never looked up.
    Elsewhere,
}

/// One request or answer field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The TOP name: what the decoded tree uses.
    pub name: &'static str,
    /// Other TOP names for it (the white paper's, misprints that were published).
    pub also: &'static [&'static str],
    /// The name in Qimen XML where it is not the camel case of `name`.
    pub qimen: Option<&'static str>,
    /// What it holds.
    pub kind: Kind,
    /// What its value names, if anything: the fields through which a caller could reach for what is not his.
    pub names: Option<Thing>,
    /// Whether a request must have it.
    pub need: Need,
    /// Answers only: left out of the Qimen XML shape, which does not print it.
    pub top_only: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A single value.
    Leaf(Leaf),
    /// Named members: JSON text in a form.
    Struct(&'static [Field]),
    /// Items: comma-joined scalars or JSON text in a form.
    List(List),
    /// A tree the catalogue does not describe (a trade as published): passes through.
    Tree,
}

/// A single value.
#[derive(Debug, Clone, Copy)]
pub enum Leaf {
    /// Text of at most so many characters.
    Text {
        /// Counted in characters, as the white paper does.
        chars_max: usize,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number in this range.
    Whole {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// `true` or `false`.
    Bool,
    /// `yyyy-MM-dd HH:mm:ss`, GMT+8.
    DateTime,
    /// `HH:MM`; `HH:MM:SS` is cut.
    HourMinute,
    /// Free JSON carried as text; inside JSON it may also stand as an object.
    JsonText,
}

/// A list.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// What one item is.
    pub item: Item,
    /// What the TOP shape wraps items in: `"stores":{"store":[…]}`.
    pub wrap: WrapName,
    /// The element of one item in Qimen XML.
    pub qimen_item: &'static str,
    /// Most items.
    pub items_max: usize,
    /// How it stands in Qimen XML.
    pub layout: Layout,
}

/// What one list item is.
#[derive(Debug, Clone, Copy)]
pub enum Item {
    /// A single value.
    Leaf(Leaf),
    /// Named members.
    Struct(&'static [Field]),
    /// An undescribed tree.
    Tree,
}

/// The name that wraps list items in a TOP answer.
#[derive(Debug, Clone, Copy)]
pub enum WrapName {
    /// Always this.
    Fixed(&'static str),
    /// `<method with underscores>_<suffix>` under a `taobao.jst.` name, as published there; else the suffix alone.
    OfMethod(&'static str),
}

/// How a list stands in Qimen XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `<storeIds><storeId/>…</storeIds>`.
    Wrapped,
    /// `<storeId/>…` repeated without a wrapper.
    Repeated,
}

/// Whether a request must have a field. A field required in one published form only is optional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It may be absent.
    Optional,
    /// It must be there and not empty.
    Required,
    /// It must be there; a list may be empty.
    RequiredMayBeEmpty,
    /// It must be there if a sibling field has that value.
    RequiredWhen {
        /// The sibling.
        field: &'static str,
        /// Its value.
        is: &'static str,
    },
}

/// The answer of a method in all shapes.
#[derive(Debug, Clone, Copy)]
pub struct AnswerShape {
    /// Whether the TOP shape has `flag`.
    pub flag: bool,
    /// The TOP result code, if it has one.
    pub code: Option<ResultCode>,
    /// The name of the TOP message field, if it has one.
    pub message: Option<&'static str>,
    /// A TOP boolean that tells success.
    pub success: Option<&'static str>,
    /// The struct that code, message and fields stand in, in the TOP shape.
    pub nested: Option<&'static str>,
    /// The method's own fields.
    pub fields: &'static [Field],
    /// Where chapter 6 prints the own fields in Qimen XML.
    pub fields_at: FieldsAt,
}

/// A TOP result code field and its value for success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultCode {
    /// The field: `err_code`, `qimen_code`, `result_code`.
    pub name: &'static str,
    /// The value that means success.
    pub ok: &'static str,
}

/// Where chapter 6 prints an answer's own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldsAt {
    /// `flag`, fields, `code`, `message`.
    AfterFlag,
    /// `flag`, `code`, fields, `message`.
    AfterCode,
    /// `flag`, `code`, `message`, fields.
    AfterMessage,
}

impl Method {
    /// Whether the method writes.
    #[must_use]
    pub const fn writes_something(&self) -> bool {
        match self.effect {
            Effect::Reads => false,
            Effect::Writes(_) => true,
        }
    }
}

impl Field {
    /// Whether `written` is the TOP name or one of its published others.
    #[must_use]
    pub fn is_top_name(&self, written: &str) -> bool {
        self.name == written || self.also.contains(&written)
    }

    /// Whether `written` is the Qimen name, or the camel case of one of the other names.
    #[must_use]
    pub fn is_qimen_name(&self, written: &str) -> bool {
        self.qimen.map_or_else(|| is_camel_case_of(self.name, written), |name| name == written)
            || self.also.iter().any(|name| is_camel_case_of(name, written))
    }

    /// The name in Qimen XML.
    #[must_use]
    pub fn qimen_name(&self) -> Cow<'static, str> {
        self.qimen.map_or_else(|| camel_case(self.name), Cow::Borrowed)
    }
}

/// `store_id` → `storeId`.
#[must_use]
pub fn camel_case(name: &'static str) -> Cow<'static, str> {
    if !name.contains('_') {
        return Cow::Borrowed(name);
    }
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else if upper {
            camel.push(character.to_ascii_uppercase());
            upper = false;
        } else {
            camel.push(character);
        }
    }
    Cow::Owned(camel)
}

/// Whether `written` is the camel case of `name`, without building it.
pub(crate) fn is_camel_case_of(name: &str, written: &str) -> bool {
    let mut written = written.bytes();
    let mut upper = false;
    for byte in name.bytes() {
        if byte == b'_' {
            upper = true;
            continue;
        }
        let wanted = if upper { byte.to_ascii_uppercase() } else { byte };
        upper = false;
        if written.next() != Some(wanted) {
            return false;
        }
    }
    written.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case_and_its_test_agree() {
        for (name, camel) in
            [("store_id", "storeId"), ("tid", "tid"), ("sc_item_id", "scItemId"), ("jz_top_args", "jzTopArgs")]
        {
            assert_eq!(camel_case(name), camel);
            assert!(is_camel_case_of(name, camel));
            assert!(
                !is_camel_case_of(name, &camel[..camel.len() - 1]) && !is_camel_case_of(name, &format!("{camel}s"))
            );
        }
    }
}
