//! What clients write into the database, checked while it is read.

use serde::{Deserialize, Deserializer, de::Error};

/// A title, without space around it: 1 to 80 characters.
#[derive(Debug)]
pub(crate) struct Title(pub(crate) String);

/// A serial number, or the code on a box: 1 to 64 of `A–Z a–z 0–9 . _ -`. So it fits into the name of a channel.
#[derive(Debug)]
pub(crate) struct Code(pub(crate) String);

/// Which part of a list: what is older than `before`, newest first.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Page {
    /// An id from the page before.
    before: Option<String>,
    limit: Option<u32>,
}

/// Longest list in one answer. With a hundred characters an item that is well below what the gateway takes.
const LONGEST: u32 = 200;
const USUAL: u32 = 50;

impl Page {
    /// The ids in the list are below this.
    pub(crate) fn below(&self) -> i64 {
        self.before.as_deref().and_then(number).unwrap_or(i64::MAX)
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit.unwrap_or(USUAL).min(LONGEST)
    }
}

/// The number at the end of an id: 17 of `o17`, 3 of `pump-1-3`.
pub(crate) fn number(id: &str) -> Option<i64> {
    let digits = id.len() - id.bytes().rev().take_while(u8::is_ascii_digit).count();
    id[digits..].parse().ok()
}

impl<'de> Deserialize<'de> for Title {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let title = String::deserialize(deserializer)?.trim().to_owned();
        let fits = (1..=80).contains(&title.chars().count()) && !title.contains(char::is_control);
        if fits { Ok(Self(title)) } else { Err(D::Error::custom("a title has 1 to 80 characters")) }
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = (1..=64).contains(&code.len()) && code.bytes().all(plain);
        if fits { Ok(Self(code)) } else { Err(D::Error::custom("a code has 1 to 64 of A-Z a-z 0-9 . _ -")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_ends_with_its_number() {
        let numbers = ["o17", "pump-1-3", "7", "none", ""].map(number);
        assert_eq!(numbers, [Some(17), Some(3), Some(7), None, None]);
    }

    #[test]
    fn a_code_fits_into_the_name_of_a_channel() {
        for bad in ["", "a b", "a:b", "金库", &"x".repeat(65)] {
            assert!(serde_json::from_value::<Code>(bad.into()).is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_value::<Code>("pump-1".into()).unwrap().0, "pump-1");
    }

    #[test]
    fn a_title_is_short_and_one_line() {
        for bad in ["", "  ", "a\nb", &"长".repeat(81)] {
            assert!(serde_json::from_value::<Title>(bad.into()).is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_value::<Title>(" 一号水泵 ".into()).unwrap().0, "一号水泵");
    }

    #[test]
    fn no_page_is_longer_than_the_longest() {
        let page: Page = serde_json::from_str(r#"{"before":"o8","limit":100000}"#).unwrap();
        assert_eq!((page.below(), page.limit()), (8, LONGEST));
        assert_eq!((Page::default().below(), Page::default().limit()), (i64::MAX, USUAL));
    }
}
