//! Names of parties and accounts, read and written.

use crate::ids::LocationId;
use crate::settlement::{Account, Party};

#[test]
fn parties_and_accounts_read_back_as_written() {
    for text in ["store", "company", "platform", "guide", "named:华东加盟商", "named:a b"] {
        let party = Party::try_from(text.to_owned()).unwrap();
        assert_eq!(party.to_string(), text);
    }
    let long = format!("named:{}", "名".repeat(51));
    for text in ["", "Store", "store:1", "clearing", "named:", "named: a", "named:a\n", long.as_str()] {
        assert!(Party::try_from(text.to_owned()).is_err(), "{text:?}");
    }
    for text in ["clearing", "store:17", "company", "platform", "guide", "named:华东加盟商"] {
        assert_eq!(Account::parse(text).unwrap().to_string(), text);
    }
    for text in ["store", "store:", "store:x", "named:", "other"] {
        assert_eq!(Account::parse(text), None, "{text:?}");
    }
    assert_eq!(Party::Store.account(LocationId(3)), Account::Store(LocationId(3)));
    let named = Party::Named("a".to_owned());
    assert_eq!(named.account(LocationId(3)), Account::Named("a".to_owned()));
}
