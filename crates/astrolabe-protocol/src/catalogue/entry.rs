//! Small const constructors, so that a catalogue entry reads like a page of the published documentation. Only the chapter
//! files use them.

use super::definition::{
    ActsFor, Alias, AnswerShape, ByMode, Direction, Doors, Effect, Field, FieldsAt, Item, Kind, Layout, Leaf, List,
    Method, Need, Repeat, ResultCode, Role, Thing, WrapName,
};
use super::things;
use crate::limits::{BODY_BYTES_MAX, BODY_BYTES_MAX_BATCH, ITEMS_MAX, TEXT_BYTES_MAX};

impl Method {
    /// An inward method in the TOP form only, open to any role, reading.
    pub const fn top(name: &'static str, title: &'static str, source: &'static str) -> Self {
        Self {
            name,
            title,
            source,
            aliases: &[],
            direction: Direction::Inward,
            doors: Doors::Top,
            effect: Effect::Reads,
            callers: Role::ANY,
            acts_for: ActsFor::Seller,
            by_mode: None,
            errors: &[],
            fields: &[],
            inherited: None,
            answer: AnswerShape::NONE,
            body_bytes_max: BODY_BYTES_MAX,
        }
    }

    /// An inward method of chapter 6, in all three shapes.
    pub const fn qimen(name: &'static str, title: &'static str, source: &'static str) -> Self {
        let mut method = Self::top(name, title, source);
        method.doors = Doors::TopAndQimen;
        method
    }

    /// A call from the platform to an ISV.
    pub const fn spi(name: &'static str, title: &'static str, source: &'static str) -> Self {
        let mut method = Self::top(name, title, source);
        method.doors = Doors::Spi;
        method.direction = Direction::Outward;
        method.callers = &[];
        method
    }

    /// A call from the platform to a channel.
    pub const fn to_channel(name: &'static str, title: &'static str, source: &'static str) -> Self {
        let mut method = Self::top(name, title, source);
        method.direction = Direction::Outward;
        method.callers = &[];
        method
    }

    /// Sets the request fields.
    pub const fn takes(mut self, fields: &'static [Field]) -> Self {
        self.fields = fields;
        self
    }

    /// Sets the answer.
    pub const fn answers(mut self, answer: AnswerShape) -> Self {
        self.answer = answer;
        self
    }

    /// Names other names of the method.
    pub const fn alias(mut self, aliases: &'static [Alias]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Says that it writes and that a repeat is recognised by that business key.
    pub const fn writes_by(mut self, key: &'static str) -> Self {
        self.effect = Effect::Writes(Repeat::BusinessKey(key));
        self
    }

    /// Says that it writes and that a repeat gets the stored answer.
    pub const fn writes(mut self) -> Self {
        self.effect = Effect::Writes(Repeat::StoredAnswer);
        self
    }

    /// Restricts who may call it.
    pub const fn by(mut self, callers: &'static [Role]) -> Self {
        self.callers = callers;
        self
    }

    /// Says that the caller acts for itself: no session is needed.
    pub const fn for_the_app(mut self) -> Self {
        self.acts_for = ActsFor::App;
        self
    }

    /// Says how the trade's role mode narrows who may call it.
    pub const fn in_mode(mut self, by_mode: ByMode) -> Self {
        self.by_mode = Some(by_mode);
        self
    }

    /// Lists the business codes it can answer.
    pub const fn errors(mut self, errors: &'static [&'static str]) -> Self {
        self.errors = errors;
        self
    }

    /// Gives it the batch stock body limit.
    pub const fn batch(mut self) -> Self {
        self.body_bytes_max = BODY_BYTES_MAX_BATCH;
        self
    }

    /// Says that the platform calls it at the channel as well.
    pub const fn also_outward(mut self) -> Self {
        self.direction = Direction::Both;
        self
    }

    /// Lets the items of `list` inherit these head fields.
    pub const fn inherits(mut self, list: &'static str, names: &'static [&'static str]) -> Self {
        self.inherited = Some((list, names));
        self
    }
}

impl Alias {
    /// Another name, otherwise the same.
    pub const fn same(name: &'static str) -> Self {
        Self { name, code: None }
    }

    /// Another name whose TOP answers carry another result code.
    pub const fn with_code(name: &'static str, code: ResultCode) -> Self {
        Self { name, code: Some(code) }
    }
}

impl ResultCode {
    /// `err_code`, "0" for success: the omniorder methods.
    pub const ERR_CODE: Self = Self { name: "err_code", ok: "0" };
    /// `qimen_code`, "200" for success: stores and front-end inventory.
    pub const QIMEN_CODE: Self = Self { name: "qimen_code", ok: "200" };
    /// `result_code`, "0" for success: the others.
    pub const RESULT_CODE: Self = Self { name: "result_code", ok: "0" };
}

impl AnswerShape {
    /// No result code or message: failures are `error_response` only.
    pub const NONE: Self = Self {
        flag: false,
        code: None,
        message: None,
        success: None,
        nested: None,
        fields: &[],
        fields_at: FieldsAt::AfterMessage,
    };

    /// `flag`, the code, `message`: stores and inventory.
    pub const fn flagged(code: ResultCode) -> Self {
        let mut shape = Self::coded(code);
        shape.flag = true;
        shape
    }

    /// The code and `message`.
    pub const fn coded(code: ResultCode) -> Self {
        let mut shape = Self::NONE;
        shape.code = Some(code);
        shape.message = Some("message");
        shape
    }

    /// SPI replies: bare `code` and `message`.
    pub const fn spi() -> Self {
        Self::coded(ResultCode { name: "code", ok: "0" })
    }

    /// Adds the method's own fields.
    pub const fn with(mut self, fields: &'static [Field]) -> Self {
        self.fields = fields;
        self
    }

    /// Says where chapter 6 prints the own fields.
    pub const fn at(mut self, fields_at: FieldsAt) -> Self {
        self.fields_at = fields_at;
        self
    }

    /// Puts code, message and fields into a struct of that name.
    pub const fn within(mut self, nested: &'static str) -> Self {
        self.nested = Some(nested);
        self
    }

    /// Adds a boolean that tells success.
    pub const fn success(mut self, name: &'static str) -> Self {
        self.success = Some(name);
        self
    }

    /// Names the message field otherwise.
    pub const fn message(mut self, name: &'static str) -> Self {
        self.message = Some(name);
        self
    }
}

impl Field {
    const fn of(name: &'static str, kind: Kind) -> Self {
        Self { name, also: &[], qimen: None, kind, names: things::of(name), need: Need::Optional, top_only: false }
    }

    /// Text of at most `chars_max` characters.
    pub const fn text(name: &'static str, chars_max: usize) -> Self {
        Self::of(name, Kind::Leaf(Leaf::Text { chars_max }))
    }

    /// Text that no document bounds.
    pub const fn long_text(name: &'static str) -> Self {
        Self::text(name, TEXT_BYTES_MAX)
    }

    /// One of these words.
    pub const fn choice(name: &'static str, words: &'static [&'static str]) -> Self {
        Self::of(name, Kind::Leaf(Leaf::Choice(words)))
    }

    /// An identifier: a positive signed 64-bit number.
    pub const fn id(name: &'static str) -> Self {
        Self::of(name, Kind::Leaf(ID))
    }

    /// Which page, from 1 on.
    pub const fn page(name: &'static str) -> Self {
        Self::whole(name, 1, i32::MAX as i64)
    }

    /// A `long` that may be zero: a quantity, an instant.
    pub const fn long(name: &'static str) -> Self {
        Self::whole(name, 0, i64::MAX)
    }

    /// An `int`: signed 32 bit.
    pub const fn int(name: &'static str) -> Self {
        Self::whole(name, i32::MIN as i64, i32::MAX as i64)
    }

    /// A whole number in a range.
    pub const fn whole(name: &'static str, min: i64, max: i64) -> Self {
        Self::of(name, Kind::Leaf(Leaf::Whole { min, max }))
    }

    /// `true` or `false`.
    pub const fn bool(name: &'static str) -> Self {
        Self::of(name, Kind::Leaf(Leaf::Bool))
    }

    /// `yyyy-MM-dd HH:mm:ss`.
    pub const fn datetime(name: &'static str) -> Self {
        Self::of(name, Kind::Leaf(Leaf::DateTime))
    }

    /// `HH:MM`.
    pub const fn hour_minute(name: &'static str) -> Self {
        Self::of(name, Kind::Leaf(Leaf::HourMinute))
    }

    /// Free JSON carried as text.
    pub const fn json_text(name: &'static str) -> Self {
        Self::of(name, Kind::Leaf(Leaf::JsonText))
    }

    /// Named members.
    pub const fn structure(name: &'static str, fields: &'static [Field]) -> Self {
        Self::of(name, Kind::Struct(fields))
    }

    /// An undescribed tree.
    pub const fn tree(name: &'static str) -> Self {
        Self::of(name, Kind::Tree)
    }

    /// A list of structs; `item` wraps items in TOP answers, its camel case is the Qimen element.
    pub const fn structs(name: &'static str, item: &'static str, fields: &'static [Field]) -> Self {
        Self::list_of(name, Item::Struct(fields), item, item)
    }

    /// A list of undescribed trees.
    pub const fn trees(name: &'static str, item: &'static str) -> Self {
        Self::list_of(name, Item::Tree, item, item)
    }

    /// A list of identifiers; TOP wraps them as `number`.
    pub const fn ids(name: &'static str, qimen_item: &'static str) -> Self {
        Self::list_of(name, Item::Leaf(ID), "number", qimen_item)
    }

    /// A list of short texts; TOP wraps them as `string`.
    pub const fn texts(name: &'static str, qimen_item: &'static str, chars_max: usize) -> Self {
        Self::list_of(name, Item::Leaf(Leaf::Text { chars_max }), "string", qimen_item)
    }

    /// A list of words; TOP wraps them as `string`.
    pub const fn choices(name: &'static str, qimen_item: &'static str, words: &'static [&'static str]) -> Self {
        Self::list_of(name, Item::Leaf(Leaf::Choice(words)), "string", qimen_item)
    }

    const fn list_of(name: &'static str, item: Item, wrap: &'static str, qimen_item: &'static str) -> Self {
        Self::of(
            name,
            Kind::List(List {
                item,
                wrap: WrapName::Fixed(wrap),
                qimen_item,
                items_max: ITEMS_MAX,
                layout: Layout::Wrapped,
            }),
        )
    }

    /// Says what its value names, where that is not what its name says in other methods.
    pub const fn names(mut self, thing: Thing) -> Self {
        self.names = Some(thing);
        self
    }

    /// A request must have it.
    pub const fn required(mut self) -> Self {
        self.need = Need::Required;
        self
    }

    /// A request must have the list, which may be empty.
    pub const fn required_may_be_empty(mut self) -> Self {
        self.need = Need::RequiredMayBeEmpty;
        self
    }

    /// A request must have it if a sibling has that value.
    pub const fn required_when(mut self, field: &'static str, is: &'static str) -> Self {
        self.need = Need::RequiredWhen { field, is };
        self
    }

    /// Other TOP names for it.
    pub const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also = names;
        self
    }

    /// Its Qimen name, where that is not the camel case.
    pub const fn qimen(mut self, name: &'static str) -> Self {
        self.qimen = Some(name);
        self
    }

    /// Leaves it out of Qimen XML answers.
    pub const fn top_only(mut self) -> Self {
        self.top_only = true;
        self
    }

    /// Bounds the items of a list.
    pub const fn at_most(self, items_max: usize) -> Self {
        self.map_list(ListChange::AtMost(items_max))
    }

    /// Writes list items repeated without a wrapper in Qimen XML.
    pub const fn repeated(self) -> Self {
        self.map_list(ListChange::Layout(Layout::Repeated))
    }

    /// Wraps TOP items in a name made of the called method's.
    pub const fn wrapped_by_method(self, suffix: &'static str) -> Self {
        self.map_list(ListChange::Wrap(WrapName::OfMethod(suffix)))
    }

    /// Wraps TOP items in another name than the Qimen element.
    pub const fn wrapped(self, name: &'static str) -> Self {
        self.map_list(ListChange::Wrap(WrapName::Fixed(name)))
    }

    const fn map_list(mut self, change: ListChange) -> Self {
        if let Kind::List(list) = &mut self.kind {
            match change {
                ListChange::AtMost(items_max) => list.items_max = items_max,
                ListChange::Layout(layout) => list.layout = layout,
                ListChange::Wrap(wrap) => list.wrap = wrap,
            }
        } else {
            panic!("only a list has items: the compiler stops at this entry");
        }
        self
    }
}

enum ListChange {
    AtMost(usize),
    Layout(Layout),
    Wrap(WrapName),
}

/// The kind of an identifier.
const ID: Leaf = Leaf::Whole { min: 1, max: i64::MAX };
