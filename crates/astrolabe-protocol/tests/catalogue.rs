//! The catalogue itself: names are unique and well spelt, definitions do not contradict themselves.

use std::collections::{BTreeMap, HashSet};

use astrolabe_protocol::Door;
use astrolabe_protocol::catalogue::{self, Doors, Effect, Field, Item, Kind, Leaf, Method, NOT_SUPPORTED, Need};
use astrolabe_protocol::request::is_system_parameter;

#[test]
fn names_and_aliases_are_unique_whatever_their_case() {
    for inward in [true, false] {
        let mut seen = HashSet::new();
        let methods = catalogue::all().filter(|method| method.direction.is_inward() == inward);
        let names = methods
            .flat_map(|method| std::iter::once(method.name).chain(method.aliases.iter().map(|alias| alias.name)));
        let refused = NOT_SUPPORTED.iter().map(|(name, _why)| *name).filter(|_| inward);
        for name in names.chain(refused) {
            assert!(seen.insert(name.to_ascii_lowercase()), "{name} is there twice");
            assert!(
                name.split('.').all(|part| !part.is_empty())
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'.'),
                "{name}"
            );
        }
    }
}

#[test]
fn no_field_is_ambiguous() {
    for method in catalogue::all() {
        check_fields(method, method.fields);
        check_fields(method, method.answer.fields);
        for field in method.fields {
            for name in std::iter::once(&field.name).chain(field.also) {
                assert!(!is_system_parameter(Door::QimenCloud, name), "{}: {name} is a system parameter", method.name);
            }
        }
        if let Some((list, names)) = method.inherited {
            let Some(Kind::List(items)) = method.fields.iter().find(|field| field.name == list).map(|field| field.kind)
            else {
                panic!("{}: {list} is no list", method.name);
            };
            let Item::Struct(items) = items.item else { panic!("{}: {list} holds no structs", method.name) };
            for name in names {
                assert!(
                    [method.fields, items].iter().all(|fields| fields.iter().any(|field| field.name == *name)),
                    "{}: {name}",
                    method.name
                );
            }
        }
    }
}

fn check_fields(method: &Method, fields: &'static [Field]) {
    let mut names = HashSet::new();
    for field in fields {
        for name in std::iter::once(&field.name).chain(field.also) {
            assert!(names.insert(*name), "{}: {name} is there twice", method.name);
        }
        if let Need::RequiredWhen { field: sibling, .. } = field.need {
            assert!(fields.iter().any(|f| f.name == sibling), "{}: {} needs {sibling}", method.name, field.name);
        }
        match field.kind {
            Kind::Struct(inner) => check_fields(method, inner),
            Kind::List(list) => {
                assert!(list.items_max > 0);
                if let Item::Struct(inner) = list.item {
                    check_fields(method, inner);
                }
            }
            Kind::Leaf(_) | Kind::Tree => {}
        }
    }
}

#[test]
fn answers_show_no_bare_code_but_the_published_exception() {
    let bare: Vec<_> = catalogue::all()
        .filter(|method| method.direction.is_inward() && method.answer.nested.is_none())
        .filter(|method| {
            method.answer.code.is_some_and(|code| code.name == "code")
                || method.answer.fields.iter().any(|field| field.name == "code")
        })
        .map(|method| method.name)
        .collect();
    assert_eq!(bare, ["taobao.omniorder.item.tag.operate"]);
}

/// White paper chapter 6 and §3.3, §3.4, §4.2, and how many methods stand behind each section's source.
#[test]
fn chapter_six_is_all_there() {
    let mut sections: BTreeMap<&str, usize> = BTreeMap::new();
    for method in catalogue::all() {
        let section = method.source.split([',', ' ']).next().expect("a source");
        *sections.entry(section).or_default() += 1;
    }
    let count = |prefix: &str| {
        sections.iter().filter(|(section, _)| section.starts_with(prefix)).map(|(_, count)| count).sum::<usize>()
    };
    assert_eq!(
        [count("§6.1."), count("§6.2."), count("§6.3."), count("§6.4"), count("§6.5"), count("§6.6.")],
        [8, 4, 4, 1, 1, 10]
    );
    assert_eq!(count("§3.3"), 1);
}

#[test]
fn writing_methods_say_who_may_call_and_what_a_repeat_does() {
    for method in catalogue::all().filter(|method| method.direction.is_inward()) {
        assert!(!method.callers.is_empty(), "{}", method.name);
        let verb = method.name.rsplit('.').next().expect("a name");
        let reads = matches!(verb, "get" | "query" | "itemquery");
        assert_eq!(matches!(method.effect, Effect::Reads), reads, "{}", method.name);
        assert_ne!(method.doors, Doors::Spi, "{}", method.name);
    }
}

/// Whatever looks like a name of something says of what: the tests of tenants put another seller's into each of these fields.
#[test]
fn every_field_that_could_reach_for_something_says_what_it_names() {
    for method in catalogue::all() {
        each_field(method.fields, &mut |field| {
            let identifier = match field.kind {
                Kind::Leaf(leaf) => is_identifier(leaf),
                Kind::List(list) => matches!(list.item, Item::Leaf(leaf) if is_identifier(leaf)),
                Kind::Struct(_) | Kind::Tree => false,
            };
            let named = ["_id", "_ids", "_key", "_num", "nick", "_code", "_codes"];
            let sounds_so = named.iter().any(|end| field.name.ends_with(end)) || field.name.ends_with("_order");
            let known = field.names.is_some();
            assert!(known || !(identifier || sounds_so), "{}: {} says not what it names", method.name, field.name);
        });
    }
}

fn is_identifier(leaf: Leaf) -> bool {
    matches!(leaf, Leaf::Whole { min: 1, max: i64::MAX })
}

fn each_field(fields: &'static [Field], visit: &mut impl FnMut(&'static Field)) {
    for field in fields {
        visit(field);
        match field.kind {
            Kind::Struct(inner) => each_field(inner, visit),
            Kind::List(list) => {
                if let Item::Struct(inner) = list.item {
                    each_field(inner, visit);
                }
            }
            Kind::Leaf(_) | Kind::Tree => {}
        }
    }
}

#[test]
fn a_role_mode_lets_in_nobody_whom_the_door_does_not() {
    for method in catalogue::all() {
        let Some(by_mode) = method.by_mode else { continue };
        for (section, roles) in by_mode.sections() {
            assert!(roles.iter().all(|role| method.callers.contains(role)), "{} in {section}", method.name);
        }
    }
}

#[test]
fn errors_are_listed_once_and_calls_outward_have_none() {
    for method in catalogue::all() {
        let mut seen = HashSet::new();
        for code in method.errors {
            assert!(code.starts_with("isv.") && seen.insert(code), "{}: {code}", method.name);
            assert!(!catalogue::ERRORS_OF_ANY.contains(code), "{}: any method may answer {code}", method.name);
        }
        assert!(method.direction.is_inward() || method.errors.is_empty(), "{}", method.name);
    }
}
